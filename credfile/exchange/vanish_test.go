package exchange_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/credfile/exchange"
)

// Windows may end a replacement with no file under the old name. For each rename
// of an exchange: the text is put there at once; where the program ends in
// between, or the second rename fails too, nothing that is beside the file is
// removed, and the next sweep puts the old text back.
func TestExchangeVanish(t *testing.T) {
	walked := 0
	for _, mode := range []struct {
		name string
		hook func(n int) diskfault.Hook
	}{
		{"vanish", func(n int) diskfault.Hook { return diskfault.AtReplace(n, diskfault.Vanish) }},
		{"crash", func(n int) diskfault.Hook { return diskfault.AtReplace(n, diskfault.CrashVanish) }},
		{"twice", func(n int) diskfault.Hook {
			seen := -1
			return func(op diskfault.Op) diskfault.Action {
				if op.Name == "Replace" {
					seen++
				}
				if op.Name == "Replace" && seen >= n {
					return diskfault.Vanish
				}
				return diskfault.Pass
			}
		}},
	} {
		for n := range 3 {
			dir, files := three(t)
			d := diskfault.New(diskfault.Unsynced{}, mode.hook(n))
			crash, err := d.Run(func() error {
				return (&exchange.Exchanger{Disk: d, Tag: "t", Wait: noWait}).Exchange(t.Context(), files)
			})
			walked++
			if (crash != nil) != (mode.name == "crash") || crash == nil && (err == nil) != (mode.name == "vanish") {
				t.Fatalf("%s at rename %d: crash %v, error %v", mode.name, n, crash, err)
			}
			if mode.name == "twice" && !errors.As(err, new(*disk.GoneError)) {
				t.Errorf("rename %d: got %v", n, err)
			}
			for i, f := range files {
				x := &exchange.Exchanger{Disk: disk.OS{}, Tag: "t", Wait: noWait}
				if mode.name != "vanish" && i == n && !x.Left(f.Path) {
					t.Errorf("%s at rename %d: what is left is not seen", mode.name, n)
				}
				if err := x.Sweep(f.Path); err != nil {
					t.Fatalf("%s at rename %d: %v", mode.name, n, err)
				}
				want := oldText
				if i < n || mode.name == "vanish" {
					want = newText
				}
				if got := read(t, f.Path); got != want {
					t.Errorf("%s at rename %d: file %d holds %q", mode.name, n, i, got)
				}
			}
			if names := left(t, dir); len(names) > 0 {
				t.Errorf("%s at rename %d: left behind: %q", mode.name, n, names)
			}
		}
	}
	t.Logf("%d faults", walked)
}

// The new text alone may be half of one: it stays, and a person is told of it.
func TestSweepNewTextAlone(t *testing.T) {
	dir, files := three(t)
	temp := filepath.Join(dir, ".keycare-t-file0.new")
	if err := errors.Join(os.Remove(files[0].Path), os.WriteFile(temp, []byte(newText), 0o600)); err != nil {
		t.Fatal(err)
	}
	x := &exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}
	if err := x.Sweep(files[0].Path); err == nil || !strings.Contains(err.Error(), filepath.Base(temp)) || read(t, temp) != newText {
		t.Errorf("got %v", err)
	}
}

// A file that somebody moved away is not put back.
func TestSweepMovedFile(t *testing.T) {
	dir, files := three(t)
	mine := filepath.Join(dir, "mine")
	x := &exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}
	if err := errors.Join(os.Rename(files[0].Path, mine), os.Link(mine, filepath.Join(dir, ".keycare-t-file0.old"))); err != nil {
		t.Fatal(err)
	}
	if err := x.Sweep(files[0].Path); err != nil || x.Left(files[0].Path) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(files[0].Path); err == nil {
		t.Error("it is there again")
	}
}
