package credfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/exchange"
)

// Writer carries plans out on disk.
type Writer struct {
	Disk disk.FS
	// Tag goes into the names of temporary files, so that an interrupted
	// rotation finds its own again (Sweep).
	Tag string
	// DropAttributes goes on where a file's access list or attributes cannot be
	// kept.
	DropAttributes bool
	// Wait waits between tries when somebody else is writing.
	Wait func(context.Context, time.Duration) error
}

// ErrNotHeld says that neither file holds the key that was to be replaced.
var ErrNotHeld = errors.New("neither file holds the key that was to be replaced")

// ErrBusy says that other programs kept writing the files.
var ErrBusy = errors.New("another program keeps writing the files")

// Swap makes the swap on disk: each file is replaced as a whole, by one rename,
// after every new text has been written, synced and read back by all readers.
// A writer that comes between is not overwritten: the swap starts again from
// what it wrote. If Swap returns an error, each file holds either its old or
// its new text; swapping again finishes the rest.
func (w *Writer) Swap(ctx context.Context, paths Paths, sw Swap) (*Plan, error) {
	var last error
	for range exchange.Tries {
		set, err := Load(w.Disk, paths)
		if err != nil {
			return nil, err
		}
		plan, err := set.Plan(sw)
		if err == nil && len(plan.Places)+len(plan.copies) == 0 {
			err = ErrNotHeld
		}
		if err == nil {
			err = w.write(ctx, plan)
		}
		if err == nil {
			return plan, nil
		}
		var final *exchange.PlaceError
		cut := errors.Is(err, ErrNotHeld) && set.hasEmpty()
		if errors.As(err, &final) || !cut && !errors.Is(err, exchange.ErrChanged) && !w.changed(set) {
			return nil, err
		}
		last = err
		if err := w.Wait(ctx, exchange.Between); err != nil {
			return nil, err
		}
	}
	if errors.Is(last, ErrNotHeld) {
		return nil, last
	}
	return nil, fmt.Errorf("%w: %w", ErrBusy, last)
}

// hasEmpty reports whether a file is there but empty, as it is for a moment
// while the AWS CLI rewrites it.
func (s *Set) hasEmpty() bool {
	for _, f := range s.Files() {
		if f.Text == "" && !slices.Contains(s.Missing, f.Path) {
			return true
		}
	}
	return false
}

// changed reports whether a file no longer holds what was read: a truncating
// writer makes every plan fail for a moment.
func (w *Writer) changed(s *Set) bool {
	for _, f := range s.Files() {
		if now, err := ReadText(w.Disk, f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) || now != f.Text {
			return true
		}
	}
	for _, c := range s.Copies {
		if now, err := ReadCopy(w.Disk, c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) || now != c.Text {
			return true
		}
	}
	return false
}

// exchanger is what replaces the files, reading them as shared files.
func (w *Writer) exchanger() *exchange.Exchanger {
	return &exchange.Exchanger{Disk: w.Disk, Tag: w.Tag, Wait: w.Wait, DropAttributes: w.DropAttributes,
		Read: func(path string) (string, error) { return ReadText(w.Disk, path) }}
}

// write puts the new texts of a plan in place. What somebody writes meanwhile
// gets the same swap.
func (w *Writer) write(ctx context.Context, p *Plan) error {
	var files []exchange.File
	for k, f := range p.Before.Files() {
		if !p.Changed(FileKind(k)) {
			continue
		}
		files = append(files, exchange.File{Path: f.Path, Before: f.Text, After: p.After.Files()[k].Text,
			Late: func(text string) (string, bool) { return p.onto(FileKind(k), text) }})
	}
	for _, c := range p.copies {
		files = append(files, exchange.File{Path: c.Path, Before: c.Text, After: c.after, Late: c.onto(p.Swap)})
	}
	if len(files) == 0 {
		return p.proveStaged(ctx, func(path string) string { return path })
	}
	files[0].Prove = p.proveStaged // of all files together
	return w.exchanger().Exchange(ctx, files)
}

// proveStaged reads the staged files back with the SDK's own loader.
func (p *Plan) proveStaged(ctx context.Context, at func(path string) string) error {
	paths := p.Before.Paths
	if p.Before.One {
		paths.Config = paths.Credentials
	}
	paths.Credentials, paths.Config = at(paths.Credentials), at(paths.Config)
	for _, pl := range p.Places {
		got := LoadWithSDK(ctx, paths, pl.Profile)
		want := p.After.SDK(pl.Profile)
		if !got.same(want) {
			return fmt.Errorf("%s: the Go SDK would read %s after the edit", pl, got.says())
		}
	}
	return nil
}

// onto makes the plan's swap on another text of one of its files.
func (p *Plan) onto(k FileKind, late string) (after string, ok bool) {
	texts := [2]string{p.Before.Credentials.Text, p.Before.Config.Text}
	texts[k] = late
	if p.Before.One {
		texts = [2]string{late, late}
	}
	again, err := newSet(p.Before.Paths, texts[CredentialsFile], texts[ConfigFile], p.Before.One).Plan(p.Swap)
	if err != nil || len(again.Places) != len(p.Places) {
		return "", false
	}
	return again.After.Files()[k].Text, true
}

// Left reports whether an interrupted swap or probe of this Tag left something
// beside the file.
func (w *Writer) Left(path string) bool { return w.exchanger().Left(path) }

// Sweep removes what an interrupted swap of this Tag left beside the file.
// Call it under the file's lock.
func (w *Writer) Sweep(path string) error { return w.exchanger().Sweep(path) }

// Probe proves, before anything with an effect, that the file can be replaced by
// one of size bytes.
func (w *Writer) Probe(path string, size int) error {
	return givenBack(w.Disk, path, w.exchanger().Probe(path, size))
}

// Check says what is known to keep the file from being replaced; see
// exchange.Exchanger.
func (w *Writer) Check(path string) error {
	return givenBack(w.Disk, path, w.exchanger().Check(path))
}

// Rehearse replaces the file by its own bytes; see exchange.Exchanger.
func (w *Writer) Rehearse(ctx context.Context, path string) error {
	return givenBack(w.Disk, path, w.exchanger().Rehearse(ctx, path))
}
