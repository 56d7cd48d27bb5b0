package rotate

import (
	"context"
	"errors"
	"slices"
	"sync"

	"keycare/credfile"
)

// fileLocks are the locks of files that this run holds. They can be given up for a
// while, with all its writes held back.
type fileLocks struct {
	mu   sync.Mutex
	held []*fileLock
	gone bool // they could not be taken again
}

type fileLock struct {
	names  []string
	unlock func()
}

// errLocksLost says that another keycare took the files while this run had given up
// their locks, and holds them.
var errLocksLost = errors.New("another keycare is at work on these files")

func (l *fileLocks) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// lockFiles takes the locks of files, waiting for another run for a while.
func (rot *Rotator) lockFiles(ctx context.Context, names []string) (release func(), err error) {
	rot.Progress.Next("waiting for another keycare to finish", "", 0) // it shows after a second
	unlock, err := rot.lock(ctx, names)
	rot.Progress.Next("", "", 0)
	if err != nil {
		return nil, err
	}
	l := &rot.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	one := &fileLock{names, unlock}
	l.held = append(l.held, one)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held = slices.DeleteFunc(l.held, func(h *fileLock) bool { return h == one })
		one.unlock()
	}, nil
}

// unlocked calls do without the locks of the files, so that what it starts may use
// keycare; this process writes no file meanwhile. The error is do's. A run whose
// locks are lost writes no file any more.
func (rot *Rotator) unlocked(ctx context.Context, do func() error) error {
	rot.files.Lock()
	defer rot.files.Unlock()
	l := &rot.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range slices.Backward(l.held) {
		h.unlock()
		h.unlock = func() {}
	}
	err := do()
	for _, h := range l.held {
		unlock, lockErr := rot.lock(context.WithoutCancel(ctx), h.names)
		if lockErr != nil {
			l.gone = true
			return errors.Join(err, lockErr)
		}
		h.unlock = unlock
	}
	return err
}

// sharedPaths are the two files alone: a root key's copies are not changed along.
func (rot *Rotator) sharedPaths() credfile.Paths {
	paths := rot.Paths
	paths.Copies = nil
	return paths
}

// sharedLocks are the locks of the two files alone.
func (rot *Rotator) sharedLocks(paths credfile.Paths) []string {
	return credfile.LockNames(rot.Disk, paths)
}
