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
	resolved, err := x.Disk.EvalSymlinks(path)
	if err != nil {
		return false
	}
	temp, link := x.names(resolved)
	for _, name := range []string{temp, link} {
		if _, err := x.Disk.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

// Sweep removes what an interrupted exchange of this Tag left beside the file.
// Call it under the file's lock.
func (x *Exchanger) Sweep(path string) error {
	resolved, err := x.Disk.EvalSymlinks(path)
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
	// Durably: a journal, which names them, goes after this.
	return errors.Join(disk.RemoveIfThere(x.Disk, temp), disk.RemoveIfThere(x.Disk, link), x.Disk.SyncDir(filepath.Dir(resolved)))
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
	if disk.Links(fi) > 1 {
		name := func(s string) string { return show.Quoted(s, runtime.GOOS) }
		return fmt.Errorf("%s has a second name (a hard link), which replacing it would cut off: copy it to a file of its own first, cp %s %s && mv %s %s",
			path, name(resolved), name(resolved+".copy"), name(resolved+".copy"), name(resolved))
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
