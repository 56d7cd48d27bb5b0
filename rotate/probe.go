package rotate

import (
	"context"
	"errors"
	"fmt"

	"keycare/credfile"
)

// probeTag marks the files that a probe writes; they belong to no rotation.
const probeTag = "probe"

// probe proves that every file with a place of a key can be replaced, by doing it
// with the file's own bytes. The state folder is proved by the intent. tried are
// the files of this run that were tried before, and what came of it.
func (rot *Rotator) probe(ctx context.Context, t *keyTarget, tried map[string]error) error {
	w := &credfile.Writer{Disk: rot.Disk, Tag: probeTag, Wait: rot.Wait, DropAttributes: rot.DropACL}
	rot.files.Lock()
	defer rot.files.Unlock()
	for k, f := range t.set.Files() {
		if !t.plan.Changed(credfile.FileKind(k)) {
			continue
		}
		err, known := tried[f.Path]
		if !known {
			if err = w.Probe(f.Path, len(f.Text)+256); err == nil {
				if err = w.Rehearse(ctx, f.Path); err != nil {
					err = fmt.Errorf("%s cannot be replaced, so no key is made: %w", f.Path, err)
				}
			}
			tried[f.Path] = err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check is probe as far as that changes nothing.
func (rot *Rotator) check(t *keyTarget) error {
	w := &credfile.Writer{Disk: rot.Disk, Tag: probeTag}
	for k, f := range t.set.Files() {
		if t.plan.Changed(credfile.FileKind(k)) {
			if err := w.Check(f.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// probeLeft reports whether an interrupted probe left a file.
func (rot *Rotator) probeLeft() bool {
	for _, tag := range leftTags {
		w := &credfile.Writer{Disk: rot.Disk, Tag: tag}
		if rot.Paths.Credentials != "" && w.Left(rot.Paths.Credentials) || rot.Paths.Config != "" && w.Left(rot.Paths.Config) {
			return true
		}
	}
	return false
}

// leftTags are those of files that belong to no rotation: of probes, and of a
// fix that was killed, which would be a second name of the file.
var leftTags = []string{probeTag, credfile.FixTag}

// sweepProbes removes what a probe or a fix left that was interrupted. Call it under the
// files' locks.
func (rot *Rotator) sweepProbes() error {
	var errs []error
	for _, tag := range leftTags {
		w := &credfile.Writer{Disk: rot.Disk, Tag: tag, Wait: rot.Wait}
		errs = append(errs, w.Sweep(rot.Paths.Credentials), w.Sweep(rot.Paths.Config))
	}
	return errors.Join(errs...)
}
