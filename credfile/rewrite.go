package credfile

import (
	"context"

	"keycare/credfile/exchange"
)

// FixTag marks the temporary files of a Rewrite.
const FixTag = "fix"

// Rewrite puts the texts of after in the place of those of before, each file as
// a whole by one rename, if they still hold what was read. What somebody writes
// meanwhile stays, and is an error: nothing is known about it. Call it under the
// files' locks.
func (w *Writer) Rewrite(ctx context.Context, before, after *Set) error {
	var files []exchange.File
	for k, f := range before.Files() {
		if err := w.Sweep(f.Path); err != nil { // a killed one may have left a second name
			return err
		}
		text := after.Files()[k].Text
		if text == f.Text || before.One && k == int(ConfigFile) { // one file is written once
			continue
		}
		if err := w.Probe(f.Path, len(text)); err != nil {
			return err
		}
		files = append(files, exchange.File{Path: f.Path, Before: f.Text, After: text})
	}
	return w.exchanger().Exchange(ctx, files)
}
