package rotate

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// offEarlier resumes a rotation whose old key an earlier run made Inactive, and
// of which a file gets the old key back: the new pair is put there, the old key
// is not made Active again unasked, and a later run ends the rotation.
func (w *world) offEarlier() {
	w.t.Helper()
	_, err := New(*w.options()).Resume(w.t.Context())
	if !isHalf(err) || !strings.Contains(err.Error(), "--access-key-id "+w.old.ID+" --status Active") {
		w.t.Errorf("the command that makes key %s Active again is not named: %v", w.old.ID, err)
	}
	w.checkEvery()
	if _, err := New(*w.options()).Resume(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// on lets f happen right before the n-th call of action.
func (w *world) on(action string, n int, f awstest.Fault) {
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == action {
			if n--; n == 0 {
				return f
			}
		}
		return awstest.Fault{}
	})
}

func (w *world) status(id string) string {
	for _, k := range w.iam.Keys(user) {
		if k.ID == id {
			return k.Status
		}
	}
	return "gone"
}

// A program that read the file before the switch writes its older copy a moment
// after it, and after the old key was made Inactive: no file is left with a dead
// key.
func TestRetireStaleWriter(t *testing.T) {
	for ms := 0; ms < 1000; ms += 50 {
		w := newWorld(t)
		o := w.options()
		var renamed time.Time
		written := false
		wait := o.Wait
		o.Wait = func(ctx context.Context, d time.Duration) error {
			err := wait(ctx, d)
			if p := w.inDefault(); renamed.IsZero() && p.ID != w.old.ID {
				renamed = w.clock.Now().Add(-d)
			}
			if !written && !renamed.IsZero() && w.clock.Now().Sub(renamed) >= time.Duration(ms)*time.Millisecond {
				written = true
				w.write(w.old.ID, w.old.Secret)
			}
			return err
		}
		results, err := New(*o).Rotate(t.Context(), "default")
		if err != nil || results[0].Outcome != InGrace || !written {
			t.Errorf("%d ms: %+v, %v; written %v", ms, results, err, written)
		}
		w.checkWorking()
		if s := w.status(w.old.ID); s != awstest.Active {
			t.Errorf("%d ms: the old key is %s", ms, s)
		}
		if ms == 0 { // it comes once more, into every place: only the recovery file has the new pair then
			w.write(w.old.ID, w.old.Secret)
			_ = w.clock.Wait(t.Context(), 3*time.Hour)
		}
		w.finish()
		if ms == 0 && w.inDefault().ID == w.old.ID {
			t.Error("the old key is back for good")
		}
	}
}

// Who makes the old key Active again between the two calls wants it: it is kept,
// and that is said. A list that is late is no person.
func TestRetirePersonWantsOld(t *testing.T) {
	w := newWorld(t)
	w.on("UpdateAccessKey", 1, awstest.Fault{After: func() { w.iam.SetKeyStatus(w.old.ID, awstest.Active) }})
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != KeptBoth || w.status(w.old.ID) != awstest.Active || !strings.Contains(w.said.String(), "someone made it active again or used it") {
		t.Errorf("%+v, %v; said %s", results, err, w.said.String())
	}
	w.checkWorking()
	w.checkClosed()

	w = newWorld(t)
	w.iam.SetListDelay(10 * time.Second)
	results, err = New(*w.options()).Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != Rotated {
		t.Errorf("a late list: %+v, %v", results, err)
	}
	w.checkKeys(1)
}

// iam:UpdateAccessKey is denied and iam:DeleteAccessKey is not: it goes on as it
// did without the deactivation.
func TestRetireUpdateDenied(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "iam:UpdateAccessKey")
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

// A later run that finds "sent" in the journal asks for the last use first: a key
// that was used since is kept, one whose use is unknown is not deleted.
func TestRetireSentEarlier(t *testing.T) {
	for name, c := range map[string]struct {
		used   time.Duration // after the switch
		denied bool
		want   Outcome
	}{"unused": {want: Rotated}, "used": {used: time.Hour, want: KeptBoth}, "unknown": {denied: true, want: Unfinished}} {
		w := newWorld(t)
		w.haltAt(w.options(), "UpdateAccessKey", 1, awstest.FaultDropBefore)
		js, _ := w.options().State.Journals()
		if len(js) != 1 || js[0].Off != state.OffSent {
			t.Fatalf("journals %+v", js)
		}
		if c.used > 0 {
			w.iam.SetLastUsed(w.old.ID, w.clock.Now().Add(c.used), "s3", "eu-west-1")
		}
		if c.denied {
			w.iam.Deny(user, "iam:GetAccessKeyLastUsed")
		}
		_ = w.clock.Wait(t.Context(), 2*time.Hour)
		w.iam.ResetCalls()
		err := w.resume(w.options(), c.want)
		if (err == nil) == (c.want == Unfinished) {
			t.Errorf("%s: %v", name, err)
		}
		i, j := slices.Index(w.iam.Actions(), "GetAccessKeyLastUsed"), slices.Index(w.iam.Actions(), "UpdateAccessKey")
		if i < 0 || j >= 0 && j < i {
			t.Errorf("%s: %v", name, w.iam.Actions())
		}
		if c.want != Rotated && !w.owns(w.old.ID) {
			t.Errorf("%s: the old key was deleted", name)
		}
		w.checkWorking()
	}
}

// Ctrl-C between the deactivation and the deletion waits for the deletion.
func TestRetireInterrupted(t *testing.T) {
	for _, n := range []int{0, 1} {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.on([]string{"UpdateAccessKey", "DeleteAccessKey"}[n], 1, awstest.Fault{After: cancel})
		results, err := New(*w.options()).Rotate(ctx, "default")
		if err != nil || results[0].Outcome != Rotated {
			t.Errorf("%+v, %v", results, err)
		}
		w.checkWorking()
		w.checkKeys(1)
		w.checkClosed()
	}
}

// The old key is not made Active again where AWS put the user into quarantine, or
// where it was Inactive before this run.
func TestRetireNotTurnedOn(t *testing.T) {
	w := newWorld(t)
	w.on("UpdateAccessKey", 1, awstest.Fault{After: func() {
		w.write(w.old.ID, w.old.Secret)
		w.iam.SetPolicies(user, []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}, nil)
	}})
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	if !isHalf(err) || w.status(w.old.ID) != awstest.Inactive || !strings.Contains(err.Error(), "quarantine") {
		t.Errorf("%v; the old key is %s", err, w.status(w.old.ID))
	}
	w.checkWorking()
	w = newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	w.write(w.old.ID, w.old.Secret)
	w.offEarlier()
	w.checkKeys(1)
}

// A place cannot be put right while the old key is off: it is made Active again
// before the run stops.
func TestRetireStopsWithOldOn(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"gone":      func(w *world) { w.credentials = "[other]\nregion = x\n"; w.write("", "") },
		"third key": func(w *world) { w.write("AKIAQAAAAAAAQAAAAAAB", strings.Repeat("z", 40)) },
		"hidden line": func(w *world) {
			w.credentials += "\n[more]\n# a\raws_access_key_id = " + w.old.ID + "\n# b\raws_secret_access_key = " + w.old.Secret + "\n"
			p := w.inDefault()
			w.write(p.ID, p.Secret.Reveal())
		},
	} {
		w := newWorld(t)
		w.on("UpdateAccessKey", 1, awstest.Fault{After: func() { spoil(w) }})
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		w.iam.SetFault(nil)
		if !isHalf(err) || w.status(w.old.ID) != awstest.Active || w.status(w.fresh()) != awstest.Active {
			t.Errorf("%s: %v; the old key is %s", name, err, w.status(w.old.ID))
		}
		if name == "hidden line" && !strings.Contains(err.Error(), w.paths.Credentials+":") {
			t.Errorf("the line is not named: %v", err)
		}
	}
}

// After a grace the recovery file has the new pair again before anything is
// decided, so that an older copy can be replaced.
func TestRetireKeepsNewAfterGrace(t *testing.T) {
	w := inGrace(t)
	fresh := w.inFiles()
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	w.on("UpdateAccessKey", 1, awstest.Fault{Before: func() {
		js, _ := w.options().State.Journals()
		if _, kept, ok, err := w.options().State.Recovery(js[0].ID); !ok || err != nil || !kept.Equal(fresh) {
			t.Errorf("the recovery file is there: %v, with %s (%v)", ok, kept.ID, err)
		}
	}, After: func() { w.write(w.old.ID, w.old.Secret) }})
	if err := w.resume(w.options(), InGrace); err != nil {
		t.Error(err)
	}
	if p := w.inFiles(); !p.Equal(fresh) {
		t.Errorf("the files hold %s", p.ID)
	}
	w.checkWorking()
	w.finish()
	var half *HalfDone
	if _, err := New(*w.options()).Resume(t.Context()); errors.As(err, &half) {
		t.Error(err)
	}
}

// A file gets the old key back after the deactivation, and then every call goes
// wrong once, in every way: every place holds a working key at the end of the run,
// and resume ends the rotation.
func TestRetirePutBackEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	points := 0
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for n := 0; ; n++ {
			w := newWorld(t)
			var mu sync.Mutex
			restored, after := false, 0
			var met atomic.Bool
			w.iam.SetFault(func(c awstest.Call) awstest.Fault {
				mu.Lock()
				defer mu.Unlock()
				if c.Action == "UpdateAccessKey" && !restored {
					restored = true
					return awstest.Fault{After: func() { w.write(w.old.ID, w.old.Secret) }}
				}
				if after++; restored && after > 7 && after-8 == n {
					met.Store(true)
					return fault(w)
				}
				return awstest.Fault{}
			})
			_, err := New(*w.options()).Rotate(t.Context(), "default")
			w.iam.SetFault(nil)
			if !met.Load() {
				w.iam.Close()
				break
			}
			points++
			w.saw(err)
			w.checkHalf()
			w.finish()
			if t.Failed() {
				t.Fatalf("%s at call %d (%v): %v", way, n, w.iam.Actions(), err)
			}
		}
	})
	t.Logf("%d faults", points)
	if least := 48; points < least && testrun.IsLong() || points < least/2 {
		t.Errorf("only %d faults", points)
	}
}

// The reply to the deactivation is lost, and a file gets the old key back: nobody
// knows whether that works, so no grace begins.
func TestRetireLostReplyThenOldCopy(t *testing.T) {
	w := newWorld(t)
	w.on("UpdateAccessKey", 1, awstest.Fault{Kind: awstest.FaultDropAfter, After: func() { w.write(w.old.ID, w.old.Secret) }})
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	if !isHalf(err) || !strings.Contains(err.Error(), "--status Active") {
		t.Errorf("%v", err)
	}
	if js, _ := w.options().State.Journals(); len(js) != 1 || js[0].Direction != state.Retire {
		t.Errorf("journals %+v", js)
	}
	w.checkWorking()
	w.finish()
}

// A program changes the secret alone, after a grace, when nobody knows the old one
// any more: the new key's ID has one secret, which the recovery file keeps.
func TestRetireForeignSecretIsPutRight(t *testing.T) {
	w := inGrace(t)
	fresh := w.inFiles()
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	w.on("UpdateAccessKey", 1, awstest.Fault{After: func() {
		text := strings.Replace(w.read(w.paths.Credentials), fresh.Secret.Reveal(), w.old.Secret, 1)
		if err := os.WriteFile(w.paths.Credentials, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}})
	if err := w.resume(w.options(), InGrace); err != nil {
		t.Error(err)
	}
	if p := w.inFiles(); !p.Equal(fresh) {
		t.Errorf("the files hold %s", p.ID)
	}
	w.finish()
}
