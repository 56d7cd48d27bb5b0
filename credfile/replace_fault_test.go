package credfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
)

var testSwap = Swap{From: []Pair{testOld}, To: testNew}

// noWait does not wait, and gives up when ctx ends.
func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// strays returns the files beside the two shared files.
func strays(t testing.TB, p Paths) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(p.Credentials))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		if e.Name() != "credentials" && e.Name() != "config" {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestSwapFaults fails, cuts short and crashes every file operation of a swap
// of both files, with every loss that may follow a crash. Then each file must be
// whole, old or new, and a second swap must finish and leave nothing behind.
func TestSwapFaults(t *testing.T) {
	oldText := [2]string{"# mine\r\n" + plainKeys + "[other]\nx = 1", "[profile b]\n" + plainPair}
	newText := [2]string{"# mine\r\n[default]\n" + newPair + "[other]\nx = 1", "[profile b]\n" + newPair}
	for _, c := range []struct {
		action diskfault.Action
		loss   diskfault.Loss
	}{
		{diskfault.Fail, diskfault.NoLoss},
		{diskfault.Short, diskfault.NoLoss},
		{diskfault.CrashBefore, diskfault.NoLoss},
		{diskfault.CrashMiddle, diskfault.NoLoss},
		{diskfault.CrashAfter, diskfault.NoLoss},
		{diskfault.CrashMiddle, diskfault.LoseData},
		{diskfault.CrashAfter, diskfault.LoseData},
		{diskfault.CrashMiddle, diskfault.LoseNames},
		{diskfault.CrashAfter, diskfault.LoseNames},
	} {
		t.Run(c.action.String()+", "+c.loss.String(), func(t *testing.T) {
			for i := 0; ; i++ {
				p := writeSet(t, oldText[0], oldText[1])
				if err := os.Chmod(p.Credentials, 0o644); err != nil {
					t.Fatal(err)
				}
				d := diskfault.New(diskfault.Unsynced{}, diskfault.At(i, c.action))
				w := &Writer{Disk: d, Tag: "t", Wait: noWait}
				crash, err := d.Run(func() error {
					_, err := w.Swap(t.Context(), p, testSwap)
					return err
				})
				if d.Count() <= i {
					if err := d.Lose(diskfault.LoseNames); err != nil || i < 30 {
						t.Fatalf("a swap of two files took %d operations (%v)", i, err)
					}
					if readFile(t, p.Credentials) != newText[0] || readFile(t, p.Config) != newText[1] {
						t.Error("a power loss undoes a swap that was done")
					}
					return
				}
				op := d.Ops()[i]
				if (crash != nil) != c.action.Crashes() {
					t.Fatalf("%v: crash %v, error %v", op, crash, err)
				}
				if crash == nil && err == nil && mustReport(op.Name) {
					t.Errorf("%v: failed, and Swap says nothing", op)
				}
				if err := d.Lose(c.loss); err != nil {
					t.Fatal(err)
				}
				for k, path := range []string{p.Credentials, p.Config} {
					got := readFile(t, path)
					if got != oldText[k] && got != newText[k] || crash == nil && err == nil && got != newText[k] {
						t.Fatalf("%v (error %v): the %s file holds %q", op, err, FileKind(k), got)
					}
					fi, err := os.Stat(path)
					if err == nil && runtime.GOOS == "windows" {
						continue // it has access lists
					}
					if err != nil || fi.Mode().Perm()&^0o644 != 0 || got == newText[k] && fi.Mode().Perm() != 0o600 {
						t.Fatalf("%v: the %s file has mode %v (%v)", op, FileKind(k), fi.Mode(), err)
					}
				}
				w = &Writer{Disk: diskfault.Unsynced{}, Tag: "t", Wait: neverWait(t)}
				if _, err := w.Swap(t.Context(), p, testSwap); err != nil && !errors.Is(err, ErrNotHeld) {
					t.Fatalf("%v: the next swap fails: %v", op, err)
				}
				for k, path := range []string{p.Credentials, p.Config} {
					if got := readFile(t, path); got != newText[k] {
						t.Fatalf("%v: after the next swap the %s file holds %q", op, FileKind(k), got)
					}
					if err := w.Sweep(path); err != nil {
						t.Fatal(err)
					}
				}
				if left := strays(t, p); len(left) > 0 {
					t.Fatalf("%v: left behind: %q", op, left)
				}
			}
		})
	}
}

// mustReport reports whether a failure of the operation must not be swallowed.
// The others have another way: no link is made, a text is read once more.
func mustReport(op string) bool {
	return op != "Link" && op != "ReadFile" && op != "Stat"
}

// TestSwapFailsClean holds that a swap that fails before the first rename
// leaves the folder as it was.
func TestSwapFailsClean(t *testing.T) {
	p := writeSet(t, plainKeys, "")
	d := diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		if op.Name == "Replace" {
			return diskfault.Fail
		}
		return diskfault.Pass
	})
	w := &Writer{Disk: d, Tag: "t", Wait: neverWait(t)}
	_, err := w.Swap(t.Context(), p, testSwap)
	if !errors.Is(err, diskfault.ErrInjected) || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("error %v", err)
	}
	if got := readFile(t, p.Credentials); got != plainKeys {
		t.Errorf("the file holds %q", got)
	}
	if left := strays(t, p); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
