package rotate

import (
	"context"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// untold is a rotation of a leaked key that was killed before what the key did was
// told.
func untold(t *testing.T, o func(*Options)) *world {
	t.Helper()
	w := newWorld(t)
	opts := w.leaked()
	opts.Tells = true
	if o != nil {
		o(opts)
	}
	if results, err := New(*opts).Rotate(t.Context(), "default"); err != nil || results[0].Leak == nil {
		t.Fatal(results, err)
	}
	if js, _ := opts.State.Journals(); len(js) != 1 || !js[0].OnlyOwed() {
		t.Fatal("no report is owed", js)
	}
	return w
}

// What a leaked key did is owed until it was told: the timer leaves it, a plan and
// --undo go by a closed rotation, and resume or another rotate of the key tells it.
func TestLeakOwed(t *testing.T) {
	for _, tells := range []string{"resume", "rotate"} {
		for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
			w := untold(t, func(o *Options) { o.Retire = retire })
			fresh := w.inFiles().ID
			quiet := w.options()
			if results, err := New(*quiet).Resume(t.Context()); err != nil || len(results) > 0 {
				t.Errorf("a run that tells nobody: %+v, %v", results, err)
			}
			if results, err := New(*w.options()).Plan(t.Context(), "default"); retire == state.Delete && (err != nil || results[0].Outcome != Planned) {
				t.Errorf("a plan: %+v, %v", results, err)
			}
			undo := w.options()
			undo.Undo = true
			if _, err := w.resumeLeaked(undo); !isHalf(err) || !strings.Contains(err.Error(), "does not go back") {
				t.Errorf("an undo: %v", err)
			}
			if w.checkOwed(); w.heard {
				t.Error("it was told to nobody")
			}
			var results []Result
			var err error
			if tells == "resume" {
				results, err = w.resumeLeaked(w.options())
			} else {
				results, err = w.rotateLeaked(w.leaked())
			}
			if err != nil || len(results) != 1 || results[0].Outcome != Rotated || results[0].Leak == nil || results[0].Leak.Calls == nil || results[0].New != fresh || w.inFiles().ID != fresh {
				t.Fatalf("%s: %+v, %v", tells, results, err)
			}
			w.checkLeakedEnd()
			if past, _ := w.options().State.History(); len(past) != 1 {
				t.Errorf("the history has %d lines", len(past))
			}
		}
	}
}

// A run that a person stops in the questions still says how sessions are ended, and
// owes the rest.
func TestLeakInterrupted(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "LookupEvents" {
			stop()
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	results, err := w.tells(w.leaked(), func(rot *Rotator) ([]Result, error) { return rot.Rotate(ctx, "default") })
	if err != nil || results[0].Outcome != Rotated || results[0].Leak == nil {
		t.Fatal(results, err)
	}
	if l := results[0].Leak; l.Unknown != interruptedWhy || l.Again != "keycare resume default" || len(l.Commands) == 0 {
		t.Errorf("got %+v", l)
	}
	w.iam.SetFault(nil)
	w.checkOwed()
	if _, err := w.resumeLeaked(w.options()); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// Where CloudTrail gives no answer it is asked once more, at a person's word, and not
// for ever.
func TestLeakUnanswered(t *testing.T) {
	w := newWorld(t)
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "LookupEvents" {
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	results, err := w.rotateLeaked(w.leaked())
	if err != nil || results[0].Leak.Again != "keycare resume default" || w.heard {
		t.Fatal(results, err)
	}
	w.checkOwed()
	if results, err = w.resumeLeaked(w.options()); err != nil || results[0].Leak.Again != "" || results[0].Leak.Unknown == "" {
		t.Fatal(results, err)
	}
	w.iam.SetFault(nil)
	w.checkLeakedEnd()
}

// What has changed since is told as it is: the leaked key is active again, and the files
// have another key, or none that works.
func TestLeakOwedLater(t *testing.T) {
	w := untold(t, nil)
	w.iam.SetKeyStatus(w.old.ID, awstest.Active)
	results, err := w.resumeLeaked(w.options())
	if err != nil || results[0].Retired != "active" || !strings.Contains(strings.Join(results[0].Notes, ""), "--status Inactive") {
		t.Errorf("active again: %+v, %v", results, err)
	}

	w = untold(t, nil)
	w.iam.DeleteKey(w.inFiles().ID)
	other := w.iam.AddKey(user, w.clock.Now())
	w.write(other.ID, other.Secret)
	if results, err = w.resumeLeaked(w.options()); err != nil || results[0].Leak.Calls == nil {
		t.Errorf("another key: %+v, %v", results, err)
	}

	w = untold(t, nil)
	w.iam.DeleteKey(w.inFiles().ID)
	if results, err = w.resumeLeaked(w.options()); err != nil || !strings.Contains(results[0].Leak.Unknown, "no profile has a working key") || len(results[0].Leak.Commands) == 0 {
		t.Errorf("no key: %+v, %v", results, err)
	}
	w.checkClosed()
}

// Another identity signs for what is owed, too.
func TestLeakOwedMFA(t *testing.T) {
	w := newWorld(t)
	serial := w.iam.AddMFA(user, "phone", "123456")
	w.iam.RequireMFA(user, true)
	o := w.leaked()
	o.Auth.MFASerial, o.Tells = serial, true
	codes := []string{"123456", "123457"}
	o.MFACode = func(string) (string, error) { c := codes[0]; codes = codes[1:]; return c, nil }
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.resumeLeaked(w.options()); !isHalf(err) || !strings.Contains(err.Error(), "--mfa-code CODE") {
		t.Fatalf("without a code: %v", err)
	}
	w.checkOwed()
	again := w.options()
	again.MFACode = func(string) (string, error) { return "123458", nil }
	if _, err := w.resumeLeaked(again); err != nil {
		t.Fatal(err)
	}
	w.iam.RequireMFA(user, false)
	w.checkLeakedEnd()
}

// A request for a new key that may still land is watched beside the report that is owed:
// neither ends the other.
func TestLeakOwedAndWatched(t *testing.T) {
	for _, toldFirst := range []bool{true, false} {
		w := newWorld(t)
		lost := false
		w.iam.SetFault(func(c awstest.Call) awstest.Fault {
			if c.Action == "CreateAccessKey" && !lost {
				lost = true
				return awstest.Fault{Kind: awstest.FaultDropBefore}
			}
			return awstest.Fault{}
		})
		o := w.leaked()
		o.Tells = true
		if results, err := New(*o).Rotate(t.Context(), "default"); err != nil || results[0].Outcome != Rotated {
			t.Fatal(results, err)
		}
		w.iam.SetFault(nil)
		journal := func() *state.Journal {
			js, err := o.State.Journals()
			if err != nil || len(js) != 1 {
				t.Fatal(js, err)
			}
			return js[0]
		}
		if j := journal(); j.Direction != state.Watch || !j.Owed || j.OnlyOwed() {
			t.Fatalf("%+v", j)
		}
		if toldFirst {
			if _, err := w.resumeLeaked(w.options()); err != nil || !w.heard {
				t.Errorf("told %v, %v", w.heard, err)
			}
			if j := journal(); j.Direction != state.Watch || j.Owed {
				t.Errorf("%+v", j)
			}
		}
		timer := func() {
			t.Helper()
			if _, err := New(*w.options()).Resume(t.Context()); err != nil {
				t.Error(err)
			}
		}
		timer()
		w.passes(watchFor + time.Minute)
		if !toldFirst {
			timer()
			if j := journal(); !j.OnlyOwed() {
				t.Errorf("%+v", j)
			}
		}
		if _, err := w.resumeLeaked(w.options()); err != nil {
			t.Error(err)
		}
		w.checkLeakedEnd()
	}
}
