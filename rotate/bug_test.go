package rotate

import (
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"

	"keycare/credfile/disk"
	"keycare/credfile/home"
)

// A bug that one key runs into does not stop the others, and says in what state
// that key is; what the panic says may hold a secret.
func TestBugStopsOneKeyAlone(t *testing.T) {
	t.Run("before anything was done", func(t *testing.T) {
		w, names := crowd(t, 3, anyAge)
		o := w.options()
		o.Disk = &brokenProbe{FS: w.disk}
		results, err := New(*o).Rotate(t.Context(), names...)
		w.saw(err)
		if err == nil || !strings.Contains(err.Error(), "this is a bug in keycare; nothing was changed for it") || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
		outcomes := map[Outcome]int{}
		for _, r := range results {
			outcomes[r.Outcome]++
		}
		if outcomes[Rotated] != 2 || outcomes[Failed] != 1 {
			t.Errorf("results %+v", results)
		}
		if err := New(*w.options()).sweepProbes(); err != nil {
			t.Error(err)
		}
		if _, err := New(*w.options()).Rotate(t.Context(), names...); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		w.checkCrowd(names)
	})
	t.Run("half way", func(t *testing.T) {
		w, names := crowd(t, 3, anyAge)
		o := w.options()
		say := o.Say
		o.Say = func(format string, args ...any) {
			say(format, args...)
			if strings.Contains(format, "created key") && strings.Contains(w.said.String(), "profile p1: created") {
				o.Say = say
				panic("of a secret")
			}
		}
		results, err := New(*o).Rotate(t.Context(), names...)
		w.saw(err)
		var half *HalfDone
		if !errors.As(err, &half) || !strings.Contains(err.Error(), "This is a bug in keycare") {
			t.Errorf("error %v, results %+v", err, results)
		}
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Errorf("resume: %v", err)
		}
		w.checkCrowd(names)
	})
}

// brokenProbe panics in the first probe of a folder.
type brokenProbe struct {
	disk.FS
	met atomic.Bool
}

func (d *brokenProbe) CreateNew(name string, perm fs.FileMode) (disk.File, error) {
	if d.met.CompareAndSwap(false, true) {
		panic("of a secret")
	}
	return d.FS.CreateNew(name, perm)
}

// Programs that were started with the old key are named before it goes, in the
// question, in what is said and in a dry run.
func TestRunningProgramsAreNamed(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Running = func(id string) (found []home.Process) {
		if id != w.old.ID {
			return nil
		}
		for n := range 7 {
			found = append(found, home.Process{PID: 100 + n, Program: "no\x1bde"})
		}
		return found
	}
	named := func(what, text string) {
		t.Helper()
		if !strings.Contains(text, "process 100 (no") || !strings.Contains(text, "was started with key "+w.old.ID+": start it again after the rotation") ||
			!strings.Contains(text, "and 2 programs more") || strings.Contains(text, "\x1b") {
			t.Errorf("%s: %q", what, text)
		}
	}
	plan, err := New(*o).Plan(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	named("the dry run", strings.Join(plan[0].Notes, "\n"))
	ask := *o
	ask.Yes, ask.Confirm = false, func(question string) (bool, error) { named("the question", question); return false, nil }
	if _, err := New(ask).Rotate(t.Context(), "default"); err == nil {
		t.Error("a no was no no")
	}
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	named("what is said", w.said.String())
}
