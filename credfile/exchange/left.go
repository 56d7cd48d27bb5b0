package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// names returns the names of the temporary file and of the link to the old
// file, for the file path.
func (x *Exchanger) names(path string) (temp, link string) {
	base := filepath.Join(filepath.Dir(path), ".keycare-"+x.Tag+"-"+filepath.Base(path))
	return base + ".new", base + ".old"
}

// Left reports whether an interrupted exchange or probe of this Tag left
// something beside the file.
func (x *Exchanger) Left(path string) bool {
	resolved, _, err := x.resolve(path)
	if err != nil {
		return false
	}
	temp, link := x.names(resolved)
	for _, name := range []string{temp, link, disk.Backup(temp)} {
		if name == "" {
			continue
		}
		if _, err := x.Disk.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

// resolve follows links to the file, and to where it was if it is not there.
func (x *Exchanger) resolve(path string) (resolved string, there bool, err error) {
	resolved, err = x.Disk.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return resolved, err == nil, err
	}
	for range mostLinks {
		to, err := x.Disk.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	dir, err := x.Disk.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), false, err
}

// dropBackup removes the name that the replaced file had while temp was put in
// its place.
func (x *Exchanger) dropBackup(temp string) error {
	if backup := disk.Backup(temp); backup != "" {
		return disk.RemoveIfThere(x.Disk, backup)
	}
	return nil
}

// mostLinks is how many links in a row Linux follows.
const mostLinks = 40

// Sweep removes what an interrupted exchange of this Tag left beside the file. If
// the file itself vanished in it, its old text is put back. Call it under the
// file's lock.
func (x *Exchanger) Sweep(path string) error {
	resolved, there, err := x.resolve(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	temp, link := x.names(resolved)
	if !x.Left(path) {
		return nil
	}
	if !there {
		if err := x.bringBack(resolved, temp, link, disk.Backup(temp)); err != nil {
			return err
		}
	}
	// Durably: a journal, which names them, goes after this.
	return errors.Join(disk.RemoveIfThere(x.Disk, temp), x.dropBackup(temp), disk.RemoveIfThere(x.Disk, link), x.Disk.SyncDir(filepath.Dir(resolved)))
}

// bringBack puts the first of the old texts that is there under a name that has
// no file. One with a second name was not lost: somebody moved it. The new text
// alone may be half of one, so a person has to look at it.
func (x *Exchanger) bringBack(path, temp string, olds ...string) error {
	for _, old := range olds {
		if old == "" {
			continue
		}
		fi, err := x.Disk.Lstat(old)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && disk.Links(old, fi) > 1:
			return nil
		case err == nil:
			err = disk.Return(x.Disk, old, path)
		}
		if err != nil {
			return fmt.Errorf("no file is left under the name %s, and its old text, in %s, cannot be put back: %w", path, old, err)
		}
		return nil
	}
	move, remove := "mv", "rm"
	if runtime.GOOS == "windows" {
		move, remove = "move", "del"
	}
	return fmt.Errorf("no file is left under the name %s, and %s may be its new text or a part of it: look at it, then move it there, %s, or delete it, %s",
		path, temp, show.Command(runtime.GOOS, move, temp, path), show.Command(runtime.GOOS, remove, temp))
}

// Check says what is known to keep the file from being replaced, and changes
// nothing: another name, a mount, an owner, a flag.
func (x *Exchanger) Check(path string) error {
	resolved, err := x.Disk.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", path, err)
	}
	fi, err := x.Disk.Lstat(resolved)
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", path, err)
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	if disk.Links(resolved, fi) > 1 {
		command := func(words ...string) string { return show.Command(runtime.GOOS, words...) }
		cut := command("cp", resolved, resolved+".copy") + " && " + command("mv", resolved+".copy", resolved)
		if runtime.GOOS == "windows" { // words that cmd and PowerShell both know
			cut = command("copy", resolved, resolved+".copy") + ", then " + command("del", resolved) + ", then " +
				command("move", resolved+".copy", resolved)
		}
		return fmt.Errorf("%s has a second name (a hard link), which replacing it would cut off: copy it to a file of its own first, %s", path, cut)
	}
	if parent, err := x.Disk.Stat(filepath.Dir(resolved)); err == nil && disk.OtherDevice(fi, parent) {
		return fmt.Errorf("%s is a mount point itself, so it cannot be replaced: mount its folder instead", path)
	}
	if why := disk.Obstacle(resolved); why != "" {
		return fmt.Errorf("%s cannot be replaced: it %s", path, why)
	}
	return nil
}

// Probe is Check, and proves that a file of size bytes can be written, synced and
// removed in the file's folder.
func (x *Exchanger) Probe(path string, size int) error {
	if err := x.Check(path); err != nil {
		return err
	}
	resolved, err := x.Disk.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", path, err)
	}
	temp, _ := x.names(resolved)
	if err := disk.RemoveIfThere(x.Disk, temp); err != nil {
		return err
	}
	if err := disk.WriteNew(x.Disk, temp, make([]byte, size), 0o600); err != nil {
		return fmt.Errorf("cannot write in %s, so %s cannot be changed safely (is the disk full, or the folder read-only?): %w", filepath.Dir(resolved), filepath.Base(path), err)
	}
	return x.Disk.Remove(temp)
}

// Rehearse replaces the file by its own bytes, with owner, mode, access list and
// name as they are: what makes a replacement impossible shows before anything has
// an effect elsewhere. Call it under the file's lock.
func (x *Exchanger) Rehearse(ctx context.Context, path string) error {
	same := func(text string) (string, bool) { return text, true }
	for n := 0; ; n++ {
		text, err := x.read(path)
		if err == nil {
			err = x.Exchange(ctx, []File{{Path: path, Before: text, After: text, Late: same, Open: true}})
		}
		if !errors.Is(err, ErrChanged) || n == Tries {
			return err
		}
		if err := x.Wait(ctx, Between); err != nil {
			return err
		}
	}
}
