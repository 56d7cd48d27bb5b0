package ask

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// Wherever the time ends, each answer is there or lost: none is as if nobody had asked.
func TestDeepCut(t *testing.T) {
	fakePause(t)
	step := 1
	if testing.Short() {
		step = 5
	}
	for n := 1; ; n += step {
		w, k := deepWard(t)
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		w.iam.SetFault(func(awstest.Call) awstest.Fault {
			if calls.Add(1) == int32(n) {
				cancel()
			}
			return awstest.Fault{}
		})
		q := w.asker()
		q.Deep = true
		f := q.Facts(ctx, time.Minute)[k.ID]
		cut := ctx.Err() != nil
		cancel()
		for name, a := range deepAnswers(f) {
			if !a.Known() && !a.Lost() {
				t.Errorf("cut at call %d: %s: %q", n, name, a.Why())
			}
		}
		for _, u := range f.Activity.Value.Unread {
			if !u.Lost || u.Why == "" {
				t.Errorf("cut at call %d: %+v", n, u)
			}
		}
		if !cut {
			return
		}
	}
}

// A policy that many have is asked for once; where one may not ask, the next does. Of an
// account one contact is asked for.
func TestDeepOfManyUsers(t *testing.T) {
	fakePause(t)
	w := newWard(t)
	keys := map[string]string{}
	for _, name := range []string{"ann", "bob", "cid"} {
		w.iam.AddUser(awstest.User{Name: name})
		k := w.iam.AddKey(name, time.Now())
		w.profile(name, k)
		keys[name] = k.ID
		w.iam.SetPolicies(name, []string{testOwn}, nil)
	}
	w.deep()
	if n := w.count("GetPolicyVersion"); n != 1 {
		t.Errorf("%d calls for a text", n)
	}
	if n := w.count("GetAlternateContact"); n != 1 {
		t.Errorf("%d calls for the contact", n)
	}
	w.iam.Deny("ann", "iam:GetPolicy", "account:GetAlternateContact")
	all := w.deep()
	for name, id := range keys {
		f := all[id]
		if a := f.User.Managed[testOwn]; a.Known() && name == "ann" && w.count("GetPolicy") < 2 || !a.Known() && name != "ann" {
			t.Errorf("%s: %s", name, a.Why())
		}
		if !f.Account.SecurityContact.Known() {
			t.Errorf("contact: %s", f.Account.SecurityContact.Why())
		}
	}
}

// However many keys there are, the requests stay within bounds, what decides about worse
// findings goes first, and what is not asked is lost.
func TestDeepBudget(t *testing.T) {
	fakePause(t)
	w := newWard(t)
	for _, name := range []string{"ann", "bob", "cid"} {
		w.iam.AddUser(awstest.User{Name: name})
		w.profile(name, w.iam.AddKey(name, time.Now()))
		w.iam.SetPolicies(name, []string{testOwn}, nil)
		w.iam.SetBoundary(name, testBoundary)
	}
	w.ask()
	shallow := len(w.iam.Calls())
	real := mostDeepCalls
	t.Cleanup(func() { mostDeepCalls = real })
	for mostDeepCalls = 0; ; mostDeepCalls += 7 {
		w.iam.ResetCalls()
		known, lost := map[string]int{}, map[string]int{}
		for _, f := range w.deep() {
			for name, a := range deepAnswers(f) {
				switch {
				case a.Known():
					known[name]++
				case a.Lost() && a.Why() == tooMany:
					lost[name]++
				default:
					t.Errorf("%d calls: %s: %s", mostDeepCalls, name, a.Why())
				}
			}
		}
		if n := len(w.iam.Calls()) - shallow; n > mostDeepCalls {
			t.Errorf("%d calls, not %d", n, mostDeepCalls)
		}
		if lost["Powers"] > 0 && known["Activity"] > 0 || lost["Activity"] == 3 && mostDeepCalls > 40 {
			t.Errorf("%d calls: known %v, lost %v", mostDeepCalls, known, lost)
		}
		if len(lost) == 0 {
			return
		}
		if mostDeepCalls == 0 && len(known) > 0 {
			t.Errorf("known without a call: %v", known)
		}
	}
}

// A job that never ends, or fails, is lost.
func TestDeepJob(t *testing.T) {
	pauses := fakePause(t)
	w, k := deepWard(t)
	w.iam.SetJobRounds(1000)
	if a := w.deep()[k.ID].User.Access; !a.Lost() || a.Why() != jobNotDone || len(*pauses) != mostLooks {
		t.Errorf("%+v after %d pauses", a, len(*pauses))
	}
	w.iam.SetJobRounds(-1)
	if a := w.deep()[k.ID].User.Access; !a.Lost() || a.Why() != jobFailed {
		t.Errorf("%+v", a)
	}
}

// fakePause does not wait.
func fakePause(t *testing.T) *[]time.Duration {
	var pauses []time.Duration
	var mu sync.Mutex
	real := pause
	pause = func(_ context.Context, d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		pauses = append(pauses, d)
	}
	t.Cleanup(func() { pause = real })
	return &pauses
}
