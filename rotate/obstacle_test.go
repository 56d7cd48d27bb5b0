package rotate

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"keycare/credfile/disk"
)

// noReplace is a disk on which a file cannot be replaced, for a reason that only
// a replacement shows, or does not keep what a file has beside its mode.
type noReplace struct {
	disk.FS
	of         string
	attributes error
}

func (d *noReplace) Replace(from, to string) error {
	if to == d.of {
		return &fs.PathError{Op: "rename", Path: to, Err: syscall.EBUSY}
	}
	return d.FS.Replace(from, to)
}

func (d *noReplace) KeepAttributes(from, to string) error {
	return errors.Join(d.attributes, d.FS.KeepAttributes(from, to))
}

// What makes the switch impossible shows before a key is made, and the files are
// as they were.
func TestImpossibleSwitchMakesNoKey(t *testing.T) {
	for name, tt := range map[string]struct {
		of   func(w *world) string
		want string
	}{
		"the credentials file": {func(w *world) string { return w.paths.Credentials }, "cannot be replaced, so no key is made"},
		"the config file":      {func(w *world) string { return w.paths.Config }, "cannot be replaced, so no key is made"},
	} {
		w := newWorld(t)
		if err := os.Chmod(w.paths.Credentials, 0o640); err != nil {
			t.Fatal(err)
		}
		o := w.options()
		o.Disk = &noReplace{FS: w.disk, of: tt.of(w)}
		_, err := New(*o).Rotate(t.Context(), "default")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		w.saw(err)
		if slices.Contains(w.iam.Actions(), "CreateAccessKey") {
			t.Errorf("%s: a key was made", name)
		}
		if fi, err := os.Stat(w.paths.Credentials); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o640 {
			t.Errorf("%s: the mode is %v, %v", name, fi.Mode(), err)
		}
		if w.inFiles().ID != w.old.ID {
			t.Errorf("%s: the files have changed", name)
		}
		w.checkClosed()
		w.checkKeys(1)
	}
}

// An access list that would be lost is kept by refusing, unless that is agreed to.
func TestLostAccessListIsRefused(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Disk = &noReplace{FS: w.disk, attributes: errors.New(`cannot keep its attribute "system.posix_acl_access"`)}
	if _, err := New(*o).Rotate(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), "--drop-acl") {
		t.Errorf("error %v", err)
	}
	if slices.Contains(w.iam.Actions(), "CreateAccessKey") {
		t.Error("a key was made")
	}
	o.DropACL = true
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	w.checkWorking()
	w.checkClosed()
}
