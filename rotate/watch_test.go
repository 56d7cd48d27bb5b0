package rotate

import (
	"errors"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What the watch made Inactive is freed by nothing but its ID typed.
func TestKeyThatTheWatchSwitchedOff(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "cloudtrail:LookupEvents")
	w.lose(1, awstest.FaultDropAfter)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil || isHalf(err) {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	ghost := w.fresh()
	if _, err := w.resumeWith(nil); err != nil {
		t.Fatal(err)
	}
	w.passes(watchFor + time.Minute)
	if _, err := w.resumeWith(nil); err == nil || isHalf(err) || w.status(ghost) != awstest.Inactive || !strings.Contains(err.Error(), "--delete-key "+ghost) {
		t.Fatalf("%v; %s", err, w.status(ghost))
	}
	w.checkClosed()
	w.passes(100 * day)
	for name, change := range map[string]func(*Options){
		"--yes":               nil,
		"a person says yes":   func(o *Options) { o.Yes, o.Confirm = false, func(string) (bool, error) { return true, nil } },
		"another ID is typed": func(o *Options) { o.Yes, o.AskLine = false, func(string) (string, error) { return w.old.ID, nil } },
	} {
		o := w.options()
		if change != nil {
			change(o)
		}
		if _, err := New(*o).Rotate(t.Context(), "default"); err == nil || w.status(ghost) != awstest.Inactive {
			t.Errorf("%s: %v; %s", name, err, w.status(ghost))
		}
	}
	for _, id := range []string{w.old.ID, "AKIAQAAAAAAAQAAAAAAA", "x", ghost + "x"} {
		if _, err := w.resumeWith(func(o *Options) { o.DeleteKey = id }); err == nil || w.status(ghost) != awstest.Inactive || !w.owns(w.old.ID) {
			t.Errorf("--delete-key %s: %v", id, err)
		}
	}
	results, err := w.resumeWith(func(o *Options) { o.DeleteKey = ghost })
	if err != nil || len(results) != 1 || results[0].Outcome != KeyDeleted || w.owns(ghost) {
		t.Errorf("%+v, %v", results, err)
	}
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	w.finish()
}

// A person types the ID while the watch lasts: on the command line, or asked.
func TestTypedID(t *testing.T) {
	for _, asked := range []bool{false, true} {
		w := newWorld(t)
		w.lose(1, awstest.FaultDropAfter)
		if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil {
			t.Fatal("rotated")
		}
		w.iam.SetFault(nil)
		ghost := w.fresh()
		_, err := w.resumeWith(func(o *Options) {
			if o.DeleteKey = ghost; asked {
				o.DeleteKey, o.Yes = "", false
				o.AskLine = func(q string) (string, error) {
					if !strings.Contains(q, ghost) {
						t.Errorf("asked %q", q)
					}
					return ghost, nil
				}
			}
		})
		if err != nil || w.owns(ghost) {
			t.Errorf("asked %v: %v", asked, err)
		}
		w.finish()
	}
}

// What stands in the way of a deletion, also of a typed one.
func TestBoundsOfTheWatch(t *testing.T) {
	for name, spoil := range map[string]func(w *world, ghost string) string{
		"it stands in a file": func(w *world, ghost string) string {
			w.config += "[profile ghost]\naws_access_key_id = " + ghost + "\naws_secret_access_key = " + w.iam.Secret(ghost) + "\n"
			w.write(w.old.ID, w.old.Secret)
			return ghost
		},
		"it stands in another file": func(w *world, ghost string) string {
			path := filepath.Join(w.dir, "aws", "other")
			_ = os.WriteFile(path, []byte("[x]\naws_access_key_id = "+ghost+"\naws_secret_access_key = "+w.iam.Secret(ghost)+"\n"), 0o600)
			w.paths.Credentials = path
			return ghost
		},
		"it was made before": func(w *world, ghost string) string {
			w.iam.DeleteKey(ghost)
			return w.iam.AddKey(user, w.clock.Now().Add(-time.Minute)).ID
		},
		"it was made later": func(w *world, ghost string) string {
			w.iam.DeleteKey(ghost)
			return w.iam.AddKey(user, w.clock.Now().Add(createTimeout+signedFor+clockSlack+3*time.Second)).ID
		},
		"it is the old key": func(w *world, ghost string) string { return w.old.ID },
	} {
		w := newWorld(t)
		w.lose(1, awstest.FaultDropAfter)
		if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil {
			t.Fatal("rotated")
		}
		w.iam.SetFault(nil)
		id := spoil(w, w.fresh())
		for range 40 {
			_, _ = w.resumeWith(func(o *Options) { o.DeleteKey = id })
			w.passes(2 * time.Minute)
			if w.status(id) != awstest.Active {
				t.Fatalf("%s: it is %s", name, w.status(id))
			}
		}
	}
}

// A second create is noted before it is sent: what a kill in it leaves is known.
func TestKilledInSecondCreate(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	killed := filepath.Join(w.dir, "killed")
	var mu sync.Mutex
	n := 0
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" {
			switch n++; n {
			case 1:
				return awstest.Fault{Kind: awstest.FaultDropBefore, Before: func() { w.passes(50 * time.Second) }}
			case 2: // what is on disk now is what a kill leaves
				return awstest.Fault{Kind: awstest.FaultDropAfter, Before: func() { w.passes(10 * time.Second) },
					After: func() { _ = os.CopyFS(killed, os.DirFS(o.State.Dir)) }}
			}
			return awstest.Fault{Kind: awstest.FaultDeny}
		}
		if n >= 2 {
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	_, _ = New(*o).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	again := w.options()
	again.State.Dir = killed
	if _, err := New(*again).Resume(t.Context()); err == nil || isHalf(err) || len(w.iam.Keys(user)) != 2 {
		t.Errorf("%v; keys %v", err, w.iam.Keys(user))
	}
	w.passes(trailDelay)
	if _, err := New(*again).Resume(t.Context()); err != nil || len(w.iam.Keys(user)) != 1 {
		t.Errorf("%v; keys %v", err, w.iam.Keys(user))
	}
}

// A request that was taken for lost lands after the rotation: the watch finds
// its key, also a quarter of an hour later, and deletes it.
func TestWatch(t *testing.T) {
	w := newWorld(t)
	lostOnce(w)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	w.passes(14 * time.Minute)
	if _, err := w.resumeWith(nil); err != nil {
		t.Fatal(err)
	}
	late := w.landLate()
	if _, err := w.resumeWith(nil); err != nil || !w.owns(late) {
		t.Errorf("deleted without proof: %v", err)
	}
	w.passes(trailDelay)
	if _, err := w.resumeWith(nil); err != nil || w.owns(late) {
		t.Errorf("the key that landed late is left: %v", err)
	}
	w.finish()
}

// A run that was killed before its create was sent leaves a watch. The rotation
// after it makes a key that the watch must not take for a lost one.
func TestWatchKnowsLaterRotations(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "CreateAccessKey", 1, awstest.FaultDropBefore)
	if _, err := w.resumeWith(nil); err == nil || isHalf(err) {
		t.Fatal(err)
	}
	if js, err := w.options().State.Journals(); err != nil || len(js) != 1 || js[0].Direction != state.Watch {
		t.Fatalf("no watch: %v, %v", js, err)
	}
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.finish()
}

// A second key that is minutes old, or appears between the list and the create,
// is perhaps that of another machine: both messages say so and what to do.
func TestSecondMachineIsNamed(t *testing.T) {
	w := newWorld(t)
	w.iam.AddKey(user, w.clock.Now().Add(-3*time.Minute))
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	want := func(err error) {
		t.Helper()
		var half *HalfDone
		if err == nil || errors.As(err, &half) || !strings.Contains(err.Error(), "another machine") || !strings.Contains(err.Error(), "copy") {
			t.Errorf("got %v", err)
		}
	}
	want(err)
	w = newWorld(t)
	iam, now := w.iam, w.clock.Now()
	iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		return awstest.Fault{Before: func() { iam.AddKey(user, now) }}
	})
	_, err = New(*w.options()).Rotate(t.Context(), "default")
	want(err)
	w.checkWorking()
	w.checkClosed()
	// So is one that is older, and a use of the old key in its grace.
	w = newWorld(t)
	w.iam.AddKey(user, w.clock.Now().Add(-100*day))
	_, err = New(*w.options()).Rotate(t.Context(), "default")
	want(err)
	w = inGrace(t)
	w.passes(time.Hour)
	w.use(w.old)
	w.passes(24 * time.Hour)
	if err := w.resume(w.options(), Unfinished); err == nil || !strings.Contains(err.Error(), "another machine, copy the new one there") {
		t.Errorf("got %v", err)
	}
}

// The token that CloudTrail shows is on disk before the request is sent.
func TestTokenIsNotedFirst(t *testing.T) {
	w := newWorld(t)
	var noted atomic.Bool
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		return awstest.Fault{Before: func() {
			js, err := w.options().State.Journals()
			noted.Store(err == nil && len(js) == 1 && len(js[0].Sends) == 1 && strings.Contains(c.UserAgent, "app/"+js[0].Sends[0].Token) && len(js[0].Sends[0].Token) == 16)
		}}
	})
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil || !noted.Load() {
		t.Errorf("%v; noted %v", err, noted.Load())
	}
	if calls := w.iam.Calls(); slices.ContainsFunc(calls, func(c awstest.Call) bool {
		return c.Action != "CreateAccessKey" && strings.Contains(c.UserAgent, "app/")
	}) {
		t.Errorf("calls beside the create carry a token: %+v", calls)
	}
}
