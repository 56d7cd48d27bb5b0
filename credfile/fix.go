package credfile

import (
	"context"
	"errors"
	"time"

	"keycare/credfile/disk"
)

// fixLockWait bounds how long a fix waits for a rotation.
const fixLockWait = 30 * time.Second

// Fixer writes the files that Mend has made. It takes the locks that rotations
// take.
type Fixer struct {
	Disk  disk.FS
	Paths Paths
	Wait  func(context.Context, time.Duration) error
}

func (f Fixer) writer() *Writer { return &Writer{Disk: f.Disk, Tag: FixTag, Wait: f.Wait} }

// Sweep removes what a fix that was killed left beside the files.
func (f Fixer) Sweep(ctx context.Context) error {
	w := f.writer()
	if !w.Left(f.Paths.Credentials) && !w.Left(f.Paths.Config) {
		return nil
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return errors.Join(w.Sweep(f.Paths.Credentials), w.Sweep(f.Paths.Config))
}

// Write puts after in the place of before. If the files are not what before
// says any more, nothing is written: a person may have taken long to answer.
func (f Fixer) Write(ctx context.Context, before, after *Set) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return f.writer().Rewrite(ctx, before, after)
}

func (f Fixer) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, fixLockWait)
	defer cancel()
	return Lock(ctx, LockNames(f.Disk, f.Paths)...)
}
