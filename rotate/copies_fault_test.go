package rotate

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
)

// This file is about what goes wrong once in a rotation that has copies, a command
// of the settings and a grace as well.

// withAll is a world with copies, and with a command that is cheap to start.
func withAll(t testing.TB) *world {
	w := withCopies(t)
	w.takes()
	return w
}

// takes has the settings name a command that takes a key.
func (w *world) takes() {
	w.after = []string{os.Args[0], w.taken()}
	if sh, err := exec.LookPath("sh"); err == nil {
		w.after = []string{sh, "-c", "umask 077; cat >" + w.taken()}
	}
}

// refuses has the settings name one that does not.
func (w *world) refuses() { w.after = []string{w.taken() + "-is-not-there"} }

func rotateInGrace(w *world, o *Options) error {
	o.Grace = MinGrace
	return rotateDefault(w, o)
}

// notTaken is a rotation whose command has not taken the new key, and now would.
func notTaken(grace time.Duration) func(testing.TB) *world {
	return func(t testing.TB) *world {
		w := withAll(t)
		w.refuses()
		o := w.options()
		o.Grace = grace
		if _, err := New(*o).Rotate(t.Context(), "default"); !isHalf(err) {
			t.Fatal(err)
		}
		w.takes()
		return w
	}
}

// copiesInGrace is one in its grace.
func copiesInGrace(t testing.TB) *world {
	w := withAll(t)
	if err := rotateInGrace(w, w.options()); err != nil {
		t.Fatal(err)
	}
	return w
}

// copiesActs are all ways on which copies and the command go.
var copiesActs = []struct {
	name  string
	world func(testing.TB) *world
	act   func(*world, *Options) error
	least int // file operations
}{
	{"a rotation", withAll, rotateDefault, 100},
	{"into a grace", withAll, rotateInGrace, 100},
	{"the end of a grace", func(t testing.TB) *world {
		w := copiesInGrace(t)
		w.passes(2 * time.Hour)
		return w
	}, resumeAll, 50},
	{"the command takes it at last", notTaken(0), resumeAll, 50},
	{"the same before a grace", notTaken(MinGrace), resumeAll, 10},
}

func TestCopiesAndCommandEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	t.Setenv(afterMode, "takes")
	for _, k := range copiesActs {
		t.Run(k.name, func(t *testing.T) {
			points := 0
			for way, fault := range awsFaults {
				if !testrun.IsLong() && way != "reply lost" {
					continue
				}
				for n := 0; ; n++ {
					w := k.world(t)
					hit := w.faultOn(n, fault(w))
					err := k.act(w, w.options())
					met := hit()
					w.saw(err)
					w.checkHalf()
					w.finish()
					w.checkTaken()
					if t.Failed() {
						t.Fatalf("%s at call %d: %v", way, n, err)
					}
					if !met {
						break
					}
					points++
				}
			}
			t.Logf("%d faults", points)
			if points == 0 {
				t.Error("no call was met")
			}
		})
	}
}

func TestCopiesAndCommandEveryFileOperationFails(t *testing.T) {
	testrun.Long(t)
	t.Setenv(afterMode, "takes")
	for _, k := range copiesActs {
		t.Run(k.name, func(t *testing.T) {
			walk{
				world: k.world,
				act:   k.act,
				check: func(w *world, fault diskFault, err error) {
					w.checkHalf()
					if errors.As(err, new(*HalfDone)) || k.name == "a rotation" {
						w.leftNothing(fault, err)
					}
				},
				finish: func(w *world) { w.finish(); w.checkTaken() },
				least:  k.least,
			}.every(t)
		})
	}
}
