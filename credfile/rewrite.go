package credfile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"keycare/credfile/disk"
)

// FixTag marks the temporary files of a Rewrite.
const FixTag = "fix"

// Rewrite puts the texts of after in the place of those of before, each file as
// a whole by one rename, if they still hold what was read. What somebody writes
// meanwhile stays, and is an error: nothing is known about it. Call it under the
// files' locks.
func (w *Writer) Rewrite(ctx context.Context, before, after *Set) (err error) {
	var all []*staged
	defer func() {
		for _, s := range all {
			err = errors.Join(err, disk.RemoveIfThere(w.Disk, s.temp))
			if s.linked { // durably: it holds the old text
				err = errors.Join(err, disk.RemoveIfThere(w.Disk, s.link), w.Disk.SyncDir(filepath.Dir(s.link)))
			}
		}
	}()
	for k, f := range before.Files() {
		if err := w.Sweep(f.Path); err != nil { // a killed one may have left a second name
			return err
		}
		text := after.Files()[k].Text
		if text == f.Text || before.One && k == int(ConfigFile) {
			continue
		}
		if err := w.Probe(f.Path, len(text)); err != nil {
			return err
		}
		s, err := w.stage(f, text)
		if s != nil {
			all = append(all, s)
		}
		if err != nil {
			return fmt.Errorf("cannot write the new text beside %s: %w", f.Path, err)
		}
		if b, err := w.Disk.ReadFile(s.temp); err != nil || string(b) != text {
			return errors.Join(fmt.Errorf("%s: what was written does not read back the same", s.temp), err)
		}
	}
	for _, s := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.exchange(s); err != nil {
			return fmt.Errorf("%s: %w", s.file.Path, err)
		}
		if !s.linked {
			continue
		}
		if late, err := ReadText(w.Disk, s.link); err == nil && late != s.file.Text {
			return errors.Join(fmt.Errorf("%s: %w, and what was written stands there; run it again", s.file.Path, errChanged), w.replaceOnto(s, late))
		}
	}
	return nil
}
