package rotate

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// lose lets the n-th create, and all after it, fail in a way.
func (w *world) lose(n int, kind awstest.FaultKind) {
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		if n--; n >= 1 {
			return awstest.Fault{}
		}
		return awstest.Fault{Kind: kind}
	})
}

func (w *world) passes(d time.Duration) { _ = w.clock.Wait(w.t.Context(), d) }

func (w *world) resumeWith(change func(*Options)) ([]Result, error) {
	o := w.options()
	if change != nil {
		change(o)
	}
	return New(*o).Resume(w.t.Context())
}

// landLate carries a request out that was taken for lost, with the token that
// the journal noted before it was sent.
func (w *world) landLate() string {
	w.t.Helper()
	js, err := w.options().State.Journals()
	if err != nil || len(js) != 1 || len(js[0].Sends) == 0 || js[0].Sends[0].Token == "" {
		w.t.Fatalf("no request is noted: %v, %v", js, err)
	}
	a, _ := w.connect(w.t.Context(), w.paths, "")
	p := w.inFiles()
	got, err := a.Create(w.t.Context(), client.SignerOf(p), js[0].UserName, js[0].Sends[0].Token)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.ID
}

// The one create is lost, its key made: rolled back, exit 3, and the key is
// deleted once CloudTrail shows that this very request made it.
func TestLostKeyIsDeletedOnProof(t *testing.T) {
	w := newWorld(t)
	w.lose(1, awstest.FaultDropAfter)
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	ghost := w.fresh()
	if err == nil || isHalf(err) || results[0].Outcome != Undone || ghost == "" || !strings.Contains(err.Error(), "resume --delete-key "+ghost) {
		t.Fatalf("%+v, %v", results, err)
	}
	w.checkRolledBack()
	results, err = w.resumeWith(nil)
	if err != nil || len(results) != 1 || results[0].Outcome != Watching || results[0].Orphan != ghost || !w.owns(ghost) {
		t.Errorf("before CloudTrail shows it: %+v, %v", results, err)
	}
	w.passes(trailDelay)
	results, err = w.resumeWith(nil)
	if err != nil || len(results) != 1 || results[0].Outcome != KeyDeleted || results[0].Orphan != ghost || w.owns(ghost) {
		t.Errorf("%+v, %v", results, err)
	}
	past, _ := w.options().State.History()
	if len(past) == 0 || past[len(past)-1].Orphan != ghost || past[len(past)-1].OrphanNow != "deleted" {
		t.Errorf("history %+v", past)
	}
	w.finish()
}

// Where CloudTrail shows it at once, the run goes on and rotates.
func TestLostKeyProvedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.iam.SetTrailDelay(0)
	met := w.faultOn(2, awstest.Fault{Kind: awstest.FaultDropAfter})
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	if !met() || err != nil || results[0].Outcome != Rotated {
		t.Errorf("%+v, %v", results, err)
	}
	w.finish()
}

// A create that hangs past its time is looked after by the same run.
func TestCreateHangs(t *testing.T) {
	w := newWorld(t)
	var hung atomic.Bool
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" || hung.Swap(true) {
			return awstest.Fault{}
		}
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: t.Context().Done()}
	})
	r := New(*w.options())
	r.createWithin = 50 * time.Millisecond
	r.Wait = func(ctx context.Context, d time.Duration) error {
		if hung.Load() {
			r.createWithin = time.Minute // for the next, whatever else this machine does
		}
		return w.clock.Wait(ctx, d)
	}
	results, err := r.Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != Rotated {
		t.Fatalf("%+v, %v", results, err)
	}
	w.iam.SetFault(nil)
	w.finish()
}

// Every request is lost on its way: a few tries, then rolled back.
func TestEveryCreateLost(t *testing.T) {
	w := newWorld(t)
	w.lose(1, awstest.FaultDropBefore)
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	if err == nil || results[0].Outcome != Undone {
		t.Errorf("%+v, %v", results, err)
	}
	creates := 0
	for _, a := range w.iam.Actions() {
		if a == "CreateAccessKey" {
			creates++
		}
	}
	if creates != maxSends {
		t.Errorf("%d creates were sent, want %d", creates, maxSends)
	}
	w.iam.SetFault(nil)
	w.checkRolledBack()
	w.finish()
}

// Somebody else's key, made while a request of ours was lost, is never deleted:
// not at once, not by the watch, not by --yes; and it is never switched off once
// it was used, however late IAM shows that.
func TestOthersKeyIsKept(t *testing.T) {
	testrun.NotShort(t)
	for name, c := range map[string]struct {
		kind   awstest.FaultKind
		denied bool          // cloudtrail:LookupEvents
		byAPI  bool          // CloudTrail names who made it
		used   time.Duration // after it was made; 0: never
		after  string        // what becomes of it
	}{
		"a person's, CloudTrail knows":     {awstest.FaultDropBefore, false, true, 0, awstest.Active},
		"a person's, CloudTrail is denied": {awstest.FaultDropBefore, true, true, 0, awstest.Inactive},
		"used at once, IAM shows it late":  {awstest.FaultDropBefore, true, true, time.Minute, awstest.Active},
		"used half an hour later":          {awstest.FaultDropBefore, true, true, 29 * time.Minute, awstest.Active},
		"not used, an event is missing":    {awstest.FaultDropBefore, false, false, 0, awstest.Inactive},
		"used, an event is missing":        {awstest.FaultDropBefore, false, false, time.Second, awstest.Active},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.iam.SetUseRecording(15*time.Minute, 15*time.Minute)
			if c.denied {
				w.iam.Deny(user, "cloudtrail:LookupEvents")
			}
			var theirs awstest.Key
			made := false
			var mu sync.Mutex
			w.iam.SetFault(func(call awstest.Call) awstest.Fault {
				mu.Lock()
				defer mu.Unlock()
				if call.Action != "CreateAccessKey" || made {
					return awstest.Fault{}
				}
				made = true
				return awstest.Fault{Kind: c.kind, Before: func() {
					key := w.othersKey(c.byAPI)
					mu.Lock()
					defer mu.Unlock()
					theirs = key
				}}
			})
			results, err := New(*w.options()).Rotate(t.Context(), "default")
			w.iam.SetFault(nil)
			mu.Lock()
			others := theirs
			mu.Unlock()
			if err == nil || isHalf(err) || results[0].Outcome != Undone {
				t.Fatalf("%+v, %v", results, err)
			}
			w.checkWorking()
			start := w.clock.Now()
			for since := time.Duration(0); since < 3*time.Hour; since = w.clock.Now().Sub(start) {
				step := 5 * time.Minute
				for _, due := range []time.Duration{0, c.used, c.used + 15*time.Minute, watchFor} { // 15: when IAM shows the use
					if since > due-6*time.Minute && since < due+2*time.Minute {
						step = time.Minute
					}
				}
				w.passes(step)
				if since := w.clock.Now().Sub(start); c.used > 0 && since <= c.used+time.Minute && since >= c.used {
					w.use(others)
				}
				_, err := w.resumeWith(nil)
				var left *keyLeft
				if err != nil && (!errors.As(err, &left) || left.now != strings.ToLower(c.after)) {
					t.Errorf("after %s: %v", w.clock.Now().Sub(start), err)
				}
				_, _ = New(*w.options()).Rotate(t.Context(), "default")
				if since := w.clock.Now().Sub(start); !w.owns(others.ID) || since < 44*time.Minute && w.status(others.ID) != awstest.Active {
					t.Fatalf("after %s: the other key is %s", since, w.status(others.ID))
				}
			}
			if got := w.status(others.ID); got != c.after {
				t.Errorf("the other key is %s, want %s", got, c.after)
			}
			w.checkWorking()
			w.checkClosed()
			w.checkSecrets()
		})
	}
}

// othersKey makes a key as a person does, or keycare on another machine.
func (w *world) othersKey(byAPI bool) awstest.Key {
	if !byAPI {
		return w.iam.AddKey(user, w.clock.Now())
	}
	a, _ := w.connect(w.t.Context(), w.paths, "")
	p, err := a.Create(w.t.Context(), client.SignerOf(credfile.Pair{ID: w.old.ID, Secret: credfile.NewSecret(w.old.Secret)}), user, client.NewToken())
	if err != nil {
		w.t.Error(err)
	}
	return awstest.Key{ID: p.ID, Secret: p.Secret.Reveal()}
}

func (w *world) use(k awstest.Key) {
	a, _ := w.connect(w.t.Context(), w.paths, "")
	if _, _, err := a.Identity(w.t.Context(), credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)}); err != nil {
		w.t.Error(err)
	}
}
