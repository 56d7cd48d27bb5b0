package credfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"keycare/credfile/disk"
)

// Writer carries plans out on disk.
type Writer struct {
	Disk disk.FS
	// Tag goes into the names of temporary files, so that an interrupted
	// rotation finds its own again (Sweep).
	Tag string
	// Wait waits between tries when somebody else is writing.
	Wait func(context.Context, time.Duration) error
}

// tries bounds how often a swap starts again because the files changed.
const tries = 12

const waitBetween = 150 * time.Millisecond

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
	for range tries {
		set, err := Load(w.Disk, paths)
		if err != nil {
			return nil, err
		}
		plan, err := set.Plan(sw)
		if err == nil && len(plan.Places) == 0 {
			err = ErrNotHeld
		}
		if err == nil {
			err = w.write(ctx, plan)
		}
		if err == nil {
			return plan, nil
		}
		var final *placeError
		cut := errors.Is(err, ErrNotHeld) && set.hasEmpty()
		if errors.As(err, &final) || !cut && !errors.Is(err, errChanged) && !w.changed(set) {
			return nil, err
		}
		last = err
		if err := w.Wait(ctx, waitBetween); err != nil {
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

var errChanged = errors.New("the file was changed meanwhile")

// placeError is a failure to put a new text in place durably. It is not tried
// again: what changed meanwhile may be our own work, and a second try that finds
// nothing left to do would hide that it may not last.
type placeError struct{ error }

func (e *placeError) Unwrap() error { return e.error }

// changed reports whether a file no longer holds what was read: a truncating
// writer makes every plan fail for a moment.
func (w *Writer) changed(s *Set) bool {
	for _, f := range s.Files() {
		if now, err := ReadText(w.Disk, f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) || now != f.Text {
			return true
		}
	}
	return false
}

// staged is a file whose new text lies beside it.
type staged struct {
	file       *File // as it was
	after      string
	path       string // links resolved
	like       fs.FileInfo
	temp, link string
	linked     bool
}

// write stages every file, proves the staged files and puts them in place.
func (w *Writer) write(ctx context.Context, p *Plan) (err error) {
	var all []*staged
	defer func() {
		for _, s := range all {
			err = errors.Join(err, disk.RemoveIfThere(w.Disk, s.temp))
			if s.linked { // durably: it holds the old text
				err = errors.Join(err, disk.RemoveIfThere(w.Disk, s.link), w.Disk.SyncDir(filepath.Dir(s.link)))
			}
		}
	}()
	paths := p.Before.Paths
	for k, f := range p.Before.Files() {
		if !p.Changed(FileKind(k)) {
			continue
		}
		s, err := w.stage(f, p.After.Files()[k].Text)
		if s != nil {
			all = append(all, s)
		}
		if err != nil {
			return fmt.Errorf("cannot write the new text beside %s: %w", f.Path, err)
		}
		if FileKind(k) == CredentialsFile || p.Before.One {
			paths.Credentials = s.temp
		}
		if FileKind(k) == ConfigFile || p.Before.One {
			paths.Config = s.temp
		}
	}
	if err := w.proveStaged(ctx, p, paths); err != nil {
		return err
	}
	for _, s := range all {
		if err := w.exchange(s); err != nil {
			return err
		}
	}
	for _, s := range all {
		if err := w.carryOver(ctx, p, s); err != nil {
			return err
		}
	}
	return nil
}

// stage writes the new text into a file of its own in the same folder.
func (w *Writer) stage(f *File, after string) (*staged, error) {
	path, err := w.Disk.EvalSymlinks(f.Path)
	if err != nil {
		return nil, err
	}
	s := &staged{file: f, after: after, path: path}
	s.temp, s.link = w.names(path)
	for _, left := range []string{s.temp, s.link} {
		if err := disk.RemoveIfThere(w.Disk, left); err != nil {
			return s, err
		}
	}
	fi, err := w.Disk.Stat(path)
	if err != nil {
		return s, err
	}
	s.like = fi
	return s, w.writeTemp(s, after)
}

// writeTemp writes text into the temporary file of s, with the owner of the
// original and its mode less what it gives to group and others.
func (w *Writer) writeTemp(s *staged, text string) error {
	if err := disk.WriteNew(w.Disk, s.temp, []byte(text), 0o600); err != nil {
		return err
	}
	if err := w.Disk.KeepOwner(s.temp, s.like); err != nil {
		return fmt.Errorf("cannot keep the owner: %w", err)
	}
	if mode := s.like.Mode().Perm() &^ 0o077; mode != 0o600 {
		return w.Disk.Chmod(s.temp, mode)
	}
	return nil
}

// names returns the names of the temporary file and of the link to the old
// file, for the file path.
func (w *Writer) names(path string) (temp, link string) {
	base := filepath.Join(filepath.Dir(path), ".keycare-"+w.Tag+"-"+filepath.Base(path))
	return base + ".new", base + ".old"
}

// proveStaged reads the staged files back, byte for byte and with the SDK's own
// loader.
func (w *Writer) proveStaged(ctx context.Context, p *Plan, paths Paths) error {
	for k, path := range []string{paths.Credentials, paths.Config} {
		if !p.Changed(FileKind(k)) {
			continue
		}
		b, err := w.Disk.ReadFile(path)
		if err != nil {
			return err
		}
		if string(b) != p.After.Files()[k].Text {
			return fmt.Errorf("%s: what was written does not read back the same", path)
		}
	}
	for _, pl := range p.Places {
		got := LoadWithSDK(ctx, paths, pl.Profile)
		want := p.After.SDK(pl.Profile)
		if !got.same(want) {
			return fmt.Errorf("%s: the Go SDK would read %s after the edit", pl, got.says())
		}
	}
	return nil
}

// exchange puts the staged file in place if the original still holds what was
// read. A link to the original is kept over the rename, for carryOver.
func (w *Writer) exchange(s *staged) error {
	s.linked = w.Disk.Link(s.path, s.link) == nil // some file systems have no links
	if now, err := w.Disk.ReadFile(s.path); err != nil || string(now) != s.file.Text {
		return errors.Join(errChanged, err)
	}
	return w.place(s)
}

// place renames the staged file over the original.
func (w *Writer) place(s *staged) error {
	if err := w.Disk.Replace(s.temp, s.path); err != nil {
		return &placeError{fmt.Errorf("cannot put the new text in place of %s: %w", s.file.Path, err)}
	}
	if err := w.Disk.SyncDir(filepath.Dir(s.path)); err != nil {
		return &placeError{fmt.Errorf("cannot make the new %s durable: %w", s.file.Path, err)}
	}
	return nil
}

// carryOver looks whether somebody wrote into a replaced file, through a handle
// opened before the rename, and if so makes the swap on their text and puts
// that in place. A text that is being written, or was cut short, does not plan:
// it is waited for, and left aside if it stays so, for what stands in place is
// whole.
func (w *Writer) carryOver(ctx context.Context, p *Plan, s *staged) error {
	if !s.linked {
		return nil
	}
	for range tries {
		late, err := ReadText(w.Disk, s.link)
		if err != nil || late == s.file.Text {
			return nil
		}
		if after, ok := p.onto(s.file.Kind, late); ok {
			return w.replaceOnto(s, after)
		}
		if err := w.Wait(ctx, waitBetween); err != nil {
			return err
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

// replaceOnto puts text in place, unless the file has been written once more.
func (w *Writer) replaceOnto(s *staged, text string) error {
	if err := w.writeTemp(s, text); err != nil {
		return err
	}
	if now, err := w.Disk.ReadFile(s.path); err != nil || string(now) != s.after {
		return errors.Join(errChanged, err)
	}
	return w.place(s)
}

// Left reports whether an interrupted swap or probe of this Tag left something
// beside the file.
func (w *Writer) Left(path string) bool {
	resolved, err := w.Disk.EvalSymlinks(path)
	if err != nil {
		return false
	}
	temp, link := w.names(resolved)
	for _, name := range []string{temp, link} {
		if _, err := w.Disk.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

// Sweep removes what an interrupted swap of this Tag left beside the file.
// Call it under the file's lock.
func (w *Writer) Sweep(path string) error {
	resolved, err := w.Disk.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	temp, link := w.names(resolved)
	if !w.Left(path) {
		return nil
	}
	// Durably: the journal, which names them, goes after this.
	return errors.Join(disk.RemoveIfThere(w.Disk, temp), disk.RemoveIfThere(w.Disk, link), w.Disk.SyncDir(filepath.Dir(resolved)))
}

// Probe proves, before anything with an effect, that the file can be replaced:
// that it is a plain file with one name, and that a file of size bytes can be
// written, synced and removed in its folder.
func (w *Writer) Probe(path string, size int) error {
	resolved, err := w.Disk.EvalSymlinks(path)
	if err != nil {
		return readError(path, err)
	}
	fi, err := w.Disk.Lstat(resolved)
	if err != nil {
		return readError(path, err)
	}
	if disk.Links(fi) > 1 {
		return fmt.Errorf("%s has a second name (a hard link), which replacing it would cut off: copy it to a file of its own first, cp %q %q.copy && mv %q.copy %q", path, resolved, resolved, resolved, resolved)
	}
	dir := filepath.Dir(resolved)
	if parent, err := w.Disk.Stat(dir); err == nil && disk.OtherDevice(fi, parent) {
		return fmt.Errorf("%s is a mount point itself, so it cannot be replaced: mount its folder instead", path)
	}
	temp, _ := w.names(resolved)
	if err := disk.RemoveIfThere(w.Disk, temp); err != nil {
		return err
	}
	if err := disk.WriteNew(w.Disk, temp, make([]byte, size), 0o600); err != nil {
		return fmt.Errorf("cannot write in %s, so %s cannot be changed safely (is the disk full, or the folder read-only?): %w", dir, filepath.Base(path), err)
	}
	return w.Disk.Remove(temp)
}
