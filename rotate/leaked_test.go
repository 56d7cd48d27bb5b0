package rotate

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// leaked are the options of a rotation whose old key leaked.
func (w *world) leaked() *Options {
	o := w.options()
	o.Compromised, o.Retire = true, state.Deactivate
	return o
}

// checkLeakedEnd fails unless a rotation of a leaked key has ended: the files hold the new
// key, and the old one is Inactive.
func (w *world) checkLeakedEnd() {
	w.t.Helper()
	w.checkWorking()
	if p := w.inFiles(); p.ID == w.old.ID || w.status(w.old.ID) != awstest.Inactive {
		w.t.Errorf("the files hold %s, and the leaked key %s is %s", p.ID, w.old.ID, w.status(w.old.ID))
	}
	w.checkKeys(2)
	w.checkClosed()
	w.checkSecrets()
}

// finishLeaked resumes until nothing is left to do, asks once more where all was taken
// back, and checks the end.
func (w *world) finishLeaked() {
	w.t.Helper()
	for range 4 {
		_, err := New(*w.options()).Resume(w.t.Context())
		w.saw(err)
		w.checkHalf()
		if err == nil {
			break
		}
	}
	w.passes(watchFor + time.Minute)
	if _, err := New(*w.options()).Resume(w.t.Context()); err != nil {
		w.saw(err)
	}
	if w.inFiles().ID != w.old.ID {
		w.checkLeakedEnd()
	} else { // it was rolled back, or never begun
		w.checkWorking()
		w.checkClosed()
		if w.status(w.old.ID) != awstest.Active {
			w.t.Error("the files hold a key that is off")
		}
	}
	w.iam.Close()
}

// onceOff fails if the old key, which leaked, is made Active again.
func (w *world) onceOff(f func(awstest.Call) awstest.Fault) {
	off := false
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		is := w.status(w.old.ID)
		if off && is == awstest.Active {
			w.t.Errorf("the leaked key is active again at call %d", c.N)
		}
		off = off || is == awstest.Inactive
		if f == nil {
			return awstest.Fault{}
		}
		return f(c)
	})
}

func TestLeaked(t *testing.T) {
	for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
		w := newWorld(t)
		o := w.leaked()
		o.Retire = retire
		results, err := New(*o).Rotate(t.Context(), "default")
		if err != nil || results[0].Outcome != Rotated {
			t.Fatal(results, err)
		}
		w.checkWorking()
		w.checkClosed()
		if want := map[state.Retirement]string{state.Deactivate: awstest.Inactive, state.Delete: "gone"}[retire]; w.status(w.old.ID) != want {
			t.Errorf("%s: the leaked key is %s", retire, w.status(w.old.ID))
		}
	}
}

// The leaked key is Inactive before the command of the settings runs, and stays so
// whatever becomes of that.
func TestLeakedAfterFails(t *testing.T) {
	for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
		t.Setenv(afterMode, "fails")
		w := withAfter(t)
		o := w.leaked()
		o.Retire = retire
		_, err := New(*o).Rotate(t.Context(), "default")
		w.saw(err)
		if !isHalf(err) || !strings.Contains(err.Error(), "the vault is sealed") {
			t.Fatalf("got %v", err)
		}
		if w.status(w.old.ID) != awstest.Inactive {
			t.Errorf("the leaked key is %s", w.status(w.old.ID))
		}
		w.checkHalf()
		if _, err := w.choose(false, true); !isHalf(err) || !strings.Contains(err.Error(), "leaked") {
			t.Errorf("an undo: %v", err)
		}
		t.Setenv(afterMode, "takes")
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Error(err)
		}
		w.checkTaken()
		w.checkWorking()
		w.checkClosed()
		if w.status(w.old.ID) == awstest.Active || retire == state.Delete && w.owns(w.old.ID) {
			t.Errorf("the leaked key is %s", w.status(w.old.ID))
		}
	}
}

// A copy that is gone does not keep the leaked key Active; it keeps the rotation open.
func TestLeakedCopyGone(t *testing.T) {
	w := withCopies(t)
	o := w.leaked()
	var gone string
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "GetCallerIdentity" && w.inDefault().ID != w.old.ID && gone == "" {
			gone = o.Copies[0]
			if err := os.Remove(gone); err != nil {
				t.Error(err)
			}
		}
		return awstest.Fault{}
	})
	_, err := New(*o).Rotate(t.Context(), "default")
	w.saw(err)
	if !isHalf(err) || gone == "" || !strings.Contains(err.Error(), gone) {
		t.Fatalf("got %v", err)
	}
	if w.status(w.old.ID) != awstest.Inactive {
		t.Errorf("the leaked key is %s", w.status(w.old.ID))
	}
	if _, err = New(*w.options()).Resume(t.Context()); !isHalf(err) {
		t.Fatalf("got %v", err)
	}
	delete(w.copies, gone)
	again := w.options()
	again.DropCopy = gone
	if _, err := New(*again).Resume(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// A program that puts the leaked key back into a file after it was made Inactive: the
// new key goes there again, the leaked one stays off, and the new secret is kept until
// a later run has found the files quiet.
func TestLeakedPutBack(t *testing.T) {
	w := newWorld(t)
	w.onceOff(func(c awstest.Call) awstest.Fault {
		if c.Action == "ListAccessKeys" && w.status(w.old.ID) == awstest.Inactive && w.inDefault().ID != w.old.ID && !strings.Contains(w.said.String(), "replacing it again") {
			w.write(w.old.ID, w.old.Secret)
		}
		return awstest.Fault{}
	})
	_, err := New(*w.leaked()).Rotate(t.Context(), "default")
	w.saw(err)
	if !isHalf(err) || !strings.Contains(err.Error(), "put the old key back") {
		t.Fatalf("got %v", err)
	}
	w.checkHalf()
	w.iam.SetFault(nil)
	if js, _ := w.options().State.Journals(); len(js) != 1 || !js[0].Compromised {
		t.Fatal("no journal is left of a leaked key", js)
	}
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// Somebody makes the leaked key Active again before the rotation is closed: it does not
// say that it is Inactive, and names what to do.
func TestLeakedOnAgain(t *testing.T) {
	t.Setenv(afterMode, "fails")
	w := withAfter(t)
	if _, err := New(*w.leaked()).Rotate(t.Context(), "default"); !isHalf(err) {
		t.Fatal(err)
	}
	w.iam.SetKeyStatus(w.old.ID, awstest.Active)
	t.Setenv(afterMode, "takes")
	_, err := New(*w.options()).Resume(t.Context())
	w.saw(err)
	if !isHalf(err) || !strings.Contains(err.Error(), "--access-key-id "+w.old.ID+" --status Inactive") {
		t.Fatalf("got %v", err)
	}
	w.iam.SetKeyStatus(w.old.ID, awstest.Inactive)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// AWS has put the user in quarantine: another identity has to sign, and nothing is
// begun without one.
func TestLeakedQuarantine(t *testing.T) {
	w := newWorld(t)
	w.iam.SetPolicies(user, []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}, nil)
	_, err := New(*w.leaked()).Rotate(t.Context(), "default")
	w.saw(err)
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "--auth-profile") || !strings.Contains(err.Error(), "--status Inactive") {
		t.Fatalf("got %v", err)
	}
	if slices.Contains(w.iam.Actions(), "CreateAccessKey") || w.inFiles().ID != w.old.ID {
		t.Error("something was begun")
	}
	w.checkClosed()
}

// A rotation that stopped half way goes on as one of a leaked key once a person says so.
func TestLeakedTakesUp(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Grace = MinGrace
	w.haltAt(o, "GetCallerIdentity", 3, awstest.FaultDropBefore)
	w.iam.SetFault(nil)
	results, err := New(*w.leaked()).Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != Rotated {
		t.Fatal(results, err)
	}
	w.checkLeakedEnd()
}

// Every call goes wrong once, in every way, and is the last that gets through: once the
// leaked key is off it stays off, and a plain resume ends the rotation as it began.
func TestLeakedEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for _, last := range []bool{false, true} {
			if last && !testrun.IsLong() && way != "reply lost" {
				continue
			}
			for n, met := 0, true; met; n++ {
				w := newWorld(t)
				met = false
				w.iam.ResetCalls()
				w.onceOff(func(c awstest.Call) awstest.Fault {
					switch {
					case c.N == n:
						met = true
						return fault(w)
					case last && c.N > n:
						return awstest.Fault{Kind: awstest.FaultDropBefore}
					}
					return awstest.Fault{}
				})
				_, err := New(*w.leaked()).Rotate(t.Context(), "default")
				w.saw(err)
				w.iam.SetFault(nil)
				w.checkHalf()
				if err != nil && !isHalf(err) {
					w.checkRolledBack()
				}
				w.finishLeaked()
				if t.Failed() {
					t.Fatalf("%s at call %d, the last %v: %v", way, n, last, err)
				}
			}
		}
	})
}

// Every file operation goes wrong once.
func TestLeakedEveryFileOperationFails(t *testing.T) {
	testrun.NotShort(t)
	walk{
		world: func(t testing.TB) *world { w := newWorld(t); w.onceOff(nil); return w },
		act: func(w *world, o *Options) error {
			o.Compromised, o.Retire = true, state.Deactivate
			_, err := New(*o).Rotate(w.t.Context(), "default")
			return err
		},
		check:  func(w *world, fault diskFault, err error) { w.checkEvery(); w.leftNothing(fault, err) },
		finish: (*world).finishLeaked,
	}.most(t)
}
