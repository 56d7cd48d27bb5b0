// Package exchange puts new texts in the place of files: staged beside them,
// proved, and renamed over them, so that each file is whole at every moment, with
// its old or its new text. A program that writes into a file meanwhile is not
// overwritten. It knows nothing of what is in the files.
package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"keycare/credfile/disk"
)

// File is one file that gets a new text.
type File struct {
	Path   string // symbolic links are followed and stay
	Before string // what was read, and still has to be there
	After  string

	// Prove is asked, before the first rename, whether the staged text is right.
	// at gives the staged file of a path of the exchange, and any other path as it
	// is: what is proved may be about several files. nil proves nothing but that
	// the bytes read back.
	Prove func(ctx context.Context, at func(path string) string) error

	// Late makes the new text from one that somebody wrote into the old file
	// after it was replaced, through a handle opened before. It is asked again
	// while it says no: the text may be half written. Where Late is nil, such a
	// text is put back, and is an error.
	Late func(text string) (after string, ok bool)

	// Open keeps the mode as it is. Otherwise group and others lose their rights.
	Open bool
}

// Exchanger makes exchanges on one disk.
type Exchanger struct {
	Disk disk.FS
	// Tag goes into the names of the files beside the replaced ones, so that they
	// are found again after an interruption (Sweep).
	Tag string
	// DropAttributes goes on where the access list and the extended attributes of
	// a file cannot be kept; otherwise that is an error.
	DropAttributes bool
	// Read reads a file that others write at the same time. nil is Disk.ReadFile.
	Read func(path string) (string, error)
	// Wait waits while somebody else is writing.
	Wait func(context.Context, time.Duration) error
}

// Tries bounds how often a text that somebody is writing is looked at, and
// Between is the time between two looks.
const (
	Tries   = 12
	Between = 150 * time.Millisecond
)

// ErrChanged says that a file no longer held what was read.
var ErrChanged = errors.New("the file was changed meanwhile")

// PlaceError is a failure to put a new text in place durably. It must not be
// tried again: what changed meanwhile may be our own work, and a second try that
// finds nothing left to do would hide that it may not last.
type PlaceError struct{ error }

func (e *PlaceError) Unwrap() error { return e.error }

// staged is a file whose new text lies beside it.
type staged struct {
	File
	path       string // links resolved
	like       fs.FileInfo
	temp, link string
	linked     bool
	gone       bool // no file is under its name: temp and link are all there is
}

// Exchange replaces the files, each as a whole by one rename, after every new
// text has been written, synced, read back and proved. If it returns an error,
// each file holds its old or its new text, or what somebody wrote there
// meanwhile. Nothing stays beside the files, unless the process ends. Call it
// under the files' locks.
func (x *Exchanger) Exchange(ctx context.Context, files []File) (err error) {
	var all []*staged
	defer func() {
		for _, s := range all {
			if s.gone {
				continue
			}
			err = errors.Join(err, disk.RemoveIfThere(x.Disk, s.temp), x.dropBackup(s.temp))
			if s.linked { // durably: it holds the old text
				err = errors.Join(err, disk.RemoveIfThere(x.Disk, s.link), x.Disk.SyncDir(filepath.Dir(s.link)))
			}
		}
	}()
	for _, f := range files {
		s, err := x.stage(f)
		if s != nil {
			all = append(all, s)
		}
		if err != nil {
			return fmt.Errorf("cannot write the new text beside %s: %w", f.Path, err)
		}
	}
	if err := x.prove(ctx, all); err != nil {
		return err
	}
	for _, s := range all {
		if s.Late != nil {
			if err := x.switchOver(s); err != nil {
				return err
			}
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.switchOver(s); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		if err := x.putBack(s); err != nil {
			return err
		}
	}
	for _, s := range all {
		if err := x.carryOver(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// stage writes the new text into a file of its own in the same folder.
func (x *Exchanger) stage(f File) (*staged, error) {
	path, err := x.Disk.EvalSymlinks(f.Path)
	if err != nil {
		return nil, err
	}
	s := &staged{File: f, path: path}
	s.temp, s.link = x.names(path)
	for _, left := range []string{s.temp, s.link} {
		if err := disk.RemoveIfThere(x.Disk, left); err != nil {
			return s, err
		}
	}
	if s.like, err = x.Disk.Stat(path); err != nil {
		return s, err
	}
	return s, x.writeTemp(s, f.After)
}

// writeTemp writes text into the temporary file of s, with the owner, access list
// and attributes of the original, and its mode, less what it gives to group and
// others unless s is Open.
func (x *Exchanger) writeTemp(s *staged, text string) error {
	if err := disk.WriteNew(x.Disk, s.temp, []byte(text), 0o600); err != nil {
		return err
	}
	if err := x.Disk.KeepOwner(s.temp, s.like); err != nil {
		return fmt.Errorf("cannot keep the owner: %w", err)
	}
	if err := x.Disk.KeepAttributes(s.path, s.temp); err != nil && !x.DropAttributes {
		return fmt.Errorf("%w (--drop-acl goes on without)", err)
	}
	mode := s.like.Mode().Perm()
	if !s.Open {
		mode &^= 0o077
	}
	// An access list has changed it as well.
	if fi, err := x.Disk.Stat(s.temp); err != nil || fi.Mode().Perm() == mode {
		return err
	}
	return x.Disk.Chmod(s.temp, mode)
}

// prove reads the staged files back, byte for byte, and asks for their proofs.
func (x *Exchanger) prove(ctx context.Context, all []*staged) error {
	temps := map[string]string{}
	for _, s := range all {
		temps[s.Path] = s.temp
		b, err := x.Disk.ReadFile(s.temp)
		if err != nil {
			return err
		}
		if string(b) != s.After {
			return fmt.Errorf("%s: what was written does not read back the same", s.temp)
		}
	}
	at := func(path string) string {
		if temp, ok := temps[path]; ok {
			return temp
		}
		return path
	}
	for _, s := range all {
		if s.Prove == nil {
			continue
		}
		if err := s.Prove(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// switchOver puts the staged file in place if the original still holds what was
// read. A link to the original is kept over the rename, for what is written into
// it late.
func (x *Exchanger) switchOver(s *staged) error {
	s.linked = x.Disk.Link(s.path, s.link) == nil // some file systems have no links
	if now, err := x.Disk.ReadFile(s.path); err != nil || string(now) != s.Before {
		return errors.Join(ErrChanged, err)
	}
	return x.place(s)
}

// place renames the staged file over the original.
func (x *Exchanger) place(s *staged) error {
	if err := disk.Place(x.Disk, s.temp, s.path); err != nil {
		s.gone = errors.As(err, new(*disk.GoneError))
		return &PlaceError{fmt.Errorf("cannot put the new text in place of %s: %w", s.Path, err)}
	}
	if err := x.Disk.SyncDir(filepath.Dir(s.path)); err != nil {
		return &PlaceError{fmt.Errorf("cannot make the new %s durable: %w", s.Path, err)}
	}
	return nil
}

// carryOver looks whether somebody wrote into a replaced file, and if so makes
// the new text from theirs and puts that in place. A text that is being written,
// or was cut short, makes none: it is waited for, and left aside if it stays so,
// for what stands in place is whole.
func (x *Exchanger) carryOver(ctx context.Context, s *staged) error {
	if !s.linked || s.Late == nil {
		return nil
	}
	for range Tries {
		late, err := x.read(s.link)
		if err != nil || late == s.Before {
			return nil
		}
		if after, ok := s.Late(late); ok {
			return x.replaceOnto(s, after)
		}
		if err := x.Wait(ctx, Between); err != nil {
			return err
		}
	}
	return nil
}

// putBack puts what somebody wrote into a replaced file in place: nothing is
// known about it.
func (x *Exchanger) putBack(s *staged) error {
	if !s.linked {
		return nil
	}
	if late, err := x.read(s.link); err == nil && late != s.Before {
		return errors.Join(fmt.Errorf("%s: %w, but the new text is in place; run it again", s.Path, ErrChanged), x.replaceOnto(s, late))
	}
	return nil
}

// replaceOnto puts text in place, unless the file has been written once more.
func (x *Exchanger) replaceOnto(s *staged, text string) error {
	if err := x.writeTemp(s, text); err != nil {
		return err
	}
	if now, err := x.Disk.ReadFile(s.path); err != nil || string(now) != s.After {
		return errors.Join(ErrChanged, err)
	}
	return x.place(s)
}

func (x *Exchanger) read(path string) (string, error) {
	if x.Read != nil {
		return x.Read(path)
	}
	b, err := x.Disk.ReadFile(path)
	return string(b), err
}
