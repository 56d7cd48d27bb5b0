package credfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// ErrLocked says that another keycare holds a lock.
var ErrLocked = errors.New("another keycare is at work on these files")

// lockPoll is how often a busy lock is tried again.
const lockPoll = 50 * time.Millisecond

// Lock takes the kernel's locks named by files, which are made where they do
// not exist, in sorted order, and returns a function that gives them up. The
// locks are files of their own, because a rename replaces what is locked. They
// stay on disk: removing a lock file would let two holders in. When ctx ends
// first the error is ErrLocked.
func Lock(ctx context.Context, files ...string) (unlock func(), err error) {
	files = slices.Compact(slices.Sorted(slices.Values(files)))
	var held []*flock.Flock
	unlock = func() {
		for _, l := range slices.Backward(held) {
			_ = l.Close()
		}
	}
	for _, name := range files {
		l := flock.New(name, flock.SetPermissions(0o600))
		ok, err := l.TryLockContext(ctx, lockPoll)
		if ok {
			held = append(held, l)
			continue
		}
		unlock()
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("%w (lock %s): wait for it to end, then run again", ErrLocked, name)
		}
		return nil, lockFailed(name, err)
	}
	return unlock, nil
}

// TryLock is Lock for one file, without waiting.
func TryLock(name string) (unlock func(), err error) {
	l := flock.New(name, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	switch {
	case err != nil:
		return nil, lockFailed(name, err)
	case !ok:
		return nil, fmt.Errorf("%w (lock %s)", ErrLocked, name)
	}
	return func() { _ = l.Close() }, nil
}

func lockFailed(name string, err error) error {
	if fi, gone := os.Lstat(name); gone == nil {
		if uid, ok := disk.Owner(fi); ok && uid != disk.Self() {
			return fmt.Errorf("cannot take the lock %s, which belongs to another user (uid %d), as after a run by root: %s: %w", name, uid,
				show.Command("linux", "sudo", "chown", fmt.Sprint(disk.Self()), name), err)
		}
	}
	return givenBack(disk.OS{}, name, fmt.Errorf("cannot make the lock %s (is its folder writable?): %w", name, err))
}

// LockNames returns the locks of the shared files that may be changed. A missing
// file is not changed, nor is a device; one that cannot be looked at fails when it
// is read.
func LockNames(d disk.FS, p Paths) (names []string) {
	for _, path := range []string{p.Credentials, p.Config} {
		resolved, err := d.EvalSymlinks(path)
		if err != nil || path == "" {
			continue
		}
		if fi, err := d.Stat(resolved); err == nil && fi.Mode()&fs.ModeDevice != 0 {
			continue
		}
		if abs, err := filepath.Abs(resolved); err == nil {
			resolved = abs
		}
		names = append(names, LockName(resolved))
	}
	return names
}

// LockName returns the lock that belongs to a shared file, whose links must be
// resolved.
func LockName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".keycare-lock")
}
