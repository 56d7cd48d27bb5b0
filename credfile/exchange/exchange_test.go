package exchange_test

import (
	"context"
	"errors"
	"fmt"
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

const oldText, newText, lateText = "old\r\ntext", "new\ntext\n", "late\ntext"

// three writes three files with the old text, the last behind a link, and
// returns their exchange.
func three(t *testing.T) (dir string, files []exchange.File) {
	t.Helper()
	dir = t.TempDir()
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprintf("file%d", i))
		real := path
		if i == 2 && runtime.GOOS != "windows" {
			real = filepath.Join(dir, "sub", "real")
			if err := errors.Join(os.Mkdir(filepath.Dir(real), 0o700), os.Symlink(real, path)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(real, []byte(oldText), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, exchange.File{Path: path, Before: oldText, After: newText,
			Late: func(text string) (string, bool) { return text + "+new", strings.HasSuffix(text, "text") }})
	}
	return dir, files
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// left lists what is beside the files.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, d := range []string{dir, filepath.Join(dir, "sub")} {
		list, _ := os.ReadDir(d)
		for _, e := range list {
			if strings.HasPrefix(e.Name(), ".") {
				names = append(names, e.Name())
			}
		}
	}
	return names
}

func noWait(context.Context, time.Duration) error { return nil }

// Every file operation of an exchange of three files goes wrong once, or is the
// last one, with every loss that may follow. Each file is whole, old or new, and
// another exchange finishes and leaves nothing behind.
func TestExchangeFaults(t *testing.T) {
	walked := 0
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
		for i := 0; ; i++ {
			dir, files := three(t)
			d := diskfault.New(diskfault.Unsynced{}, diskfault.At(i, c.action))
			crash, err := d.Run(func() error {
				return (&exchange.Exchanger{Disk: d, Tag: "t", Wait: noWait}).Exchange(t.Context(), files)
			})
			if d.Count() <= i {
				if err != nil || i < 40 {
					t.Fatalf("an exchange of three files took %d operations (%v)", i, err)
				}
				break
			}
			walked++
			op := d.Ops()[i]
			if (crash != nil) != c.action.Crashes() {
				t.Fatalf("%v: crash %v, error %v", op, crash, err)
			}
			if lose := d.Lose(c.loss); lose != nil {
				t.Fatal(lose)
			}
			again := make([]exchange.File, 0, len(files))
			for _, f := range files {
				got := read(t, f.Path)
				if got != oldText && got != newText || crash == nil && err == nil && got != newText {
					t.Fatalf("%v, %v, %v (error %v): %s holds %q", c.action, c.loss, op, err, f.Path, got)
				}
				if f.Before = got; got == oldText {
					again = append(again, f)
				}
			}
			x := &exchange.Exchanger{Disk: diskfault.Unsynced{}, Tag: "t", Wait: noWait}
			if err := x.Exchange(t.Context(), again); err != nil {
				t.Fatalf("%v, %v, %v: the next exchange fails: %v", c.action, c.loss, op, err)
			}
			for _, f := range files {
				if got := read(t, f.Path); got != newText {
					t.Fatalf("%v, %v, %v: after the next exchange %s holds %q", c.action, c.loss, op, f.Path, got)
				}
				if err := x.Sweep(f.Path); err != nil || x.Left(f.Path) {
					t.Fatal(err)
				}
			}
			if names := left(t, dir); len(names) > 0 {
				t.Fatalf("%v, %v, %v: left behind: %q", c.action, c.loss, op, names)
			}
		}
	}
	t.Logf("%d faults", walked)
}

// A proof sees all staged files, and where it says no nothing is changed.
func TestExchangeProof(t *testing.T) {
	dir, files := three(t)
	no := errors.New("no")
	files[1].Prove = func(_ context.Context, at func(string) string) error {
		for _, f := range files {
			if temp := at(f.Path); temp == f.Path || read(t, temp) != newText {
				t.Errorf("%s is staged as %s", f.Path, temp)
			}
		}
		if at("/other") != "/other" {
			t.Error("another file is staged")
		}
		return no
	}
	if err := (&exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}).Exchange(t.Context(), files); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	for _, f := range files {
		if got := read(t, f.Path); got != oldText {
			t.Errorf("%s holds %q", f.Path, got)
		}
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}

// What somebody writes before the rename is not overwritten.
func TestExchangeChanged(t *testing.T) {
	_, files := three(t)
	files[2].Prove = func(context.Context, func(string) string) error {
		return os.WriteFile(files[1].Path, []byte(lateText), 0o600)
	}
	err := (&exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}).Exchange(t.Context(), files)
	if !errors.Is(err, exchange.ErrChanged) || read(t, files[1].Path) != lateText || read(t, files[2].Path) != oldText {
		t.Errorf("got %v", err)
	}
}

// What somebody writes into a replaced file, through a handle opened before, gets
// the new text made from it, or is put back and told where there is no such way.
func TestExchangeLate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be replaced there")
	}
	for _, carried := range []bool{true, false} {
		dir, files := three(t)
		if !carried {
			files[1].Late = nil
		}
		handle, err := os.OpenFile(files[1].Path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer handle.Close()
		renames := 0
		d := diskfault.New(disk.OS{}, func(op diskfault.Op) diskfault.Action {
			if op.Name == "SyncDir" && renames == 1 { // behind the second rename
				err := errors.Join(handle.Truncate(0), func() error { _, err := handle.WriteAt([]byte(lateText), 0); return err }())
				if err != nil {
					t.Error(err)
				}
			}
			if op.Name == "SyncDir" {
				renames++
			}
			return diskfault.Pass
		})
		err = (&exchange.Exchanger{Disk: d, Tag: "t", Wait: noWait}).Exchange(t.Context(), files)
		got, want := read(t, files[1].Path), lateText+"+new"
		if !carried {
			want = lateText
		}
		if got != want || carried != (err == nil) || !carried && !errors.Is(err, exchange.ErrChanged) {
			t.Errorf("carried %v: the file holds %q, error %v", carried, got, err)
		}
		if names := left(t, dir); len(names) > 0 {
			t.Errorf("left: %q", names)
		}
	}
}

func TestSweepOwnAlone(t *testing.T) {
	dir, files := three(t)
	for _, name := range []string{".keycare-t-file0.new", ".keycare-t-file0.old", ".keycare-other-file0.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x := &exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}
	if !x.Left(files[0].Path) || x.Left(files[1].Path) {
		t.Error("what is left is not seen")
	}
	if err := x.Sweep(files[0].Path); err != nil {
		t.Fatal(err)
	}
	if names := left(t, dir); len(names) != 1 || names[0] != ".keycare-other-file0.new" {
		t.Errorf("left: %q", names)
	}
	if err := x.Sweep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	dir, files := three(t)
	x := &exchange.Exchanger{Disk: disk.OS{}, Tag: "t"}
	for _, f := range files {
		if err := x.Probe(f.Path, 10); err != nil || read(t, f.Path) != oldText {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Link(files[0].Path, filepath.Join(dir, "second")); err != nil {
		t.Fatal(err)
	}
	if err := x.Probe(files[0].Path, 10); err == nil || !strings.Contains(err.Error(), "hard link") {
		t.Errorf("got %v", err)
	}
}

// A rehearsal leaves everything as it was: bytes, mode, links, nothing beside;
// and what somebody writes meanwhile.
func TestRehearse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a right that users lack")
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(path, []byte(oldText), 0o600), os.Chmod(path, 0o644), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		d := diskfault.New(disk.OS{}, diskfault.At(n, diskfault.Fail))
		err := (&exchange.Exchanger{Disk: d, Tag: "t", Wait: noWait}).Rehearse(t.Context(), link)
		if n >= d.Count() {
			if err != nil {
				t.Fatal(err)
			}
			if n < 10 {
				t.Errorf("only %d file operations", n)
			}
			break
		}
		if got := read(t, path); got != oldText {
			t.Fatalf("operation %d fails: %q", n, got)
		}
		if err := (&exchange.Exchanger{Disk: disk.OS{}, Tag: "t", Wait: noWait}).Sweep(path); err != nil {
			t.Fatal(err)
		}
	}
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o644 || read(t, link) != oldText {
		t.Errorf("%v, %v", fi, err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %s: %v", to, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
