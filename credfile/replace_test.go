package credfile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/credfile/exchange"
)

// swapWith swaps testOld for testNew; before is called before each operation.
func swapWith(t *testing.T, p Paths, before func(diskfault.Op), wait func(context.Context, time.Duration) error) error {
	t.Helper()
	d := diskfault.New(disk.OS{}, func(op diskfault.Op) diskfault.Action {
		before(op)
		return diskfault.Pass
	})
	_, err := (&Writer{Disk: d, Tag: "t", Wait: wait}).Swap(t.Context(), p, testSwap)
	return err
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSwapModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows has no modes")
	}
	for before, after := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o644: 0o600, 0o666: 0o600, 0o640: 0o600, 0o400: 0o400, 0o700: 0o700} {
		p := writeSet(t, plainKeys, "")
		if err := os.Chmod(p.Credentials, before); err != nil {
			t.Fatal(err)
		}
		if err := swapWith(t, p, func(diskfault.Op) {}, neverWait(t)); err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(p.Credentials); err != nil || fi.Mode().Perm() != after {
			t.Errorf("mode %o became %v (%v), want %o", before, fi.Mode(), err, after)
		}
	}
}

func TestSwapKeepsLink(t *testing.T) {
	p := writeSet(t, "", "")
	real := filepath.Join(t.TempDir(), "dotfiles")
	writeFile(t, real, plainKeys)
	if err := os.Remove(p.Credentials); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, p.Credentials); err != nil {
		t.Skipf("SKIPPED: no symbolic links here: %v", err)
	}
	if err := swapWith(t, p, func(diskfault.Op) {}, neverWait(t)); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(p.Credentials); err != nil || to != real {
		t.Errorf("the link leads to %q (%v)", to, err)
	}
	if got := readFile(t, real); got != "[default]\n"+newPair {
		t.Errorf("the file behind the link holds %q", got)
	}
}

func TestProbe(t *testing.T) {
	p := writeSet(t, plainKeys, "")
	w := &Writer{Disk: disk.OS{}, Tag: "t"}
	if err := w.Probe(p.Credentials, 1000); err != nil {
		t.Errorf("a plain file: %v", err)
	}
	if left := strays(t, p); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	full := diskfault.New(disk.OS{}, func(op diskfault.Op) diskfault.Action {
		if op.Name == "Write" {
			return diskfault.Short
		}
		return diskfault.Pass
	})
	if err := (&Writer{Disk: full, Tag: "t"}).Probe(p.Credentials, 1000); !errors.Is(err, diskfault.ErrInjected) {
		t.Errorf("a full disk: %v", err)
	}
	if err := w.Probe(p.Credentials+"-none", 1000); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.Link(p.Credentials, p.Credentials+"2"); err != nil {
		t.Skipf("SKIPPED: no hard links here: %v", err)
	}
	if err := w.Probe(p.Credentials, 1000); err == nil || !strings.Contains(err.Error(), "hard link") {
		t.Errorf("a hard link: %v", err)
	}
}

// TestSwapAfterChange lets another program write between the reading and the
// rename: its text must survive, with the pair swapped in it.
func TestSwapAfterChange(t *testing.T) {
	p := writeSet(t, plainKeys, "")
	changed, waited := false, 0
	err := swapWith(t, p, func(op diskfault.Op) {
		if op.Name == "Link" && !changed {
			changed = true
			writeFile(t, p.Credentials, "# written meanwhile\n"+plainKeys)
		}
	}, func(context.Context, time.Duration) error { waited++; return nil })
	if err != nil || waited != 1 {
		t.Errorf("error %v after %d waits", err, waited)
	}
	if got := readFile(t, p.Credentials); got != "# written meanwhile\n[default]\n"+newPair {
		t.Errorf("the file holds %q", got)
	}
	if left := strays(t, p); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestSwapBusy(t *testing.T) {
	p := writeSet(t, plainKeys, "")
	text := plainKeys
	err := swapWith(t, p, func(op diskfault.Op) {
		if op.Name == "Link" {
			text += "# again\n"
			writeFile(t, p.Credentials, text)
		}
	}, noWait)
	if !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	if got := readFile(t, p.Credentials); got != text {
		t.Errorf("the file holds %q, want the other program's text", got)
	}
	if left := strays(t, p); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestSwapLateWriter lets another program write through a handle that it opened
// before the rename, as the AWS CLI does: in place, truncating first.
func TestSwapLateWriter(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows does not replace an open file")
	}
	late := "[default]\nregion = late\n" + plainPair
	for _, c := range []struct {
		name string
		wait int // waits until the late text is whole
		want string
	}{
		{"at once", 0, "[default]\nregion = late\n" + newPair},
		{"after a while", 3, "[default]\nregion = late\n" + newPair},
		{"never", exchange.Tries + 1, "[default]\n" + newPair},
	} {
		p := writeSet(t, plainKeys, "")
		f, err := os.OpenFile(p.Credentials, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		finish := func() {
			if _, err := f.WriteAt([]byte(late), 0); err != nil {
				t.Fatal(err)
			}
		}
		started, waits := false, 0
		err = swapWith(t, p, func(op diskfault.Op) {
			if op.Name != "SyncDir" || started {
				return
			}
			started = true
			if err := f.Truncate(0); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(f, late[:20]); err != nil {
				t.Fatal(err)
			}
			if c.wait == 0 {
				finish()
			}
		}, func(context.Context, time.Duration) error {
			if waits++; waits == c.wait {
				finish()
			}
			return nil
		})
		if err != nil || waits != min(c.wait, exchange.Tries) {
			t.Errorf("%s: error %v after %d waits", c.name, err, waits)
		}
		if got := readFile(t, p.Credentials); got != c.want {
			t.Errorf("%s: the file holds %q, want %q", c.name, got, c.want)
		}
		if left := strays(t, p); len(left) > 0 {
			t.Errorf("%s: left behind: %q", c.name, left)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSwapTruncated begins while another program has the file truncated.
func TestSwapTruncated(t *testing.T) {
	for _, waitsNeeded := range []int{1, 5, exchange.Tries + 1} {
		p := writeSet(t, "", "[default]\nregion = x\n")
		waits := 0
		err := swapWith(t, p, func(diskfault.Op) {}, func(context.Context, time.Duration) error {
			if waits++; waits == waitsNeeded {
				writeFile(t, p.Credentials, plainKeys)
			}
			return nil
		})
		if waitsNeeded > exchange.Tries {
			if !errors.Is(err, ErrNotHeld) || errors.Is(err, ErrBusy) {
				t.Errorf("a file that stays empty: %v, want ErrNotHeld", err)
			}
			continue
		}
		if got := readFile(t, p.Credentials); err != nil || got != "[default]\n"+newPair {
			t.Errorf("whole after %d waits: error %v, the file holds %q", waitsNeeded, err, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := writeSet(t, "", "")
	if _, err := (&Writer{Disk: disk.OS{}, Tag: "t", Wait: noWait}).Swap(ctx, p, testSwap); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled wait: %v", err)
	}
}

func TestSwapNotHeld(t *testing.T) {
	p := writeSet(t, "[default]\nregion = x\n", "")
	if err := os.Remove(p.Config); err != nil {
		t.Fatal(err)
	}
	if err := swapWith(t, p, func(diskfault.Op) {}, neverWait(t)); !errors.Is(err, ErrNotHeld) {
		t.Errorf("error %v, want ErrNotHeld", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	unlock, err := Lock(t.Context(), b, a, a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), lockPoll/2)
	defer cancel()
	if _, err := Lock(ctx, a); !errors.Is(err, ErrLocked) {
		t.Errorf("a held lock: %v, want ErrLocked", err)
	}
	unlock()
	unlock, err = Lock(t.Context(), a, b)
	if err != nil {
		t.Fatalf("a lock that was given up: %v", err)
	}
	unlock()
}
