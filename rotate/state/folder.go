package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
)

// Folder is the folder that holds rotations in flight and the history.
type Folder struct {
	Dir string
	// Disk is a disk.Guest where the folder is another user's: nothing is written
	// then.
	Disk disk.FS
}

// owner is the user whose folder it has to be.
func (s Folder) owner() int {
	if g, ok := s.Disk.(disk.Guest); ok {
		return g.Owner
	}
	return disk.Self()
}

// Guest reports whether the folder is another user's.
func (s Folder) Guest() bool { _, ok := s.Disk.(disk.Guest); return ok }

// RotationsDir is the folder of the journals and recovery files.
func (s Folder) RotationsDir() string { return filepath.Join(s.Dir, "rotations") }

// JournalPath is the file that a rotation wrote its intent and decisions to.
func (s Folder) JournalPath(id string) string { return filepath.Join(s.RotationsDir(), id+".json") }

// RecoveryPath is the file with both pairs of a rotation.
func (s Folder) RecoveryPath(id string) string {
	return filepath.Join(s.RotationsDir(), id+".recovery")
}

func (s Folder) historyPath() string { return filepath.Join(s.Dir, "history.jsonl") }

// UserLock is the lock that whoever changes the keys of a user holds. user is the
// user's ID.
func (s Folder) UserLock(account, user string) string {
	return filepath.Join(s.Dir, "user-"+account+"-"+user+".lock")
}

// FileLock is the lock of a copy of a key, a file outside of the folder, whose links
// must be resolved.
func (s Folder) FileLock(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(s.Dir, "file-"+hex.EncodeToString(sum[:8])+".lock")
}

// Init makes the folders, readable by their owner alone.
func (s Folder) Init() error {
	if err := s.Trusted(); err != nil {
		return err
	}
	// The folders themselves must outlast a power loss: these two, which an
	// earlier run may have made and not lived to sync, and any above them.
	parents := []string{s.Dir, filepath.Dir(s.Dir)}
	for dir := filepath.Dir(s.Dir); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := s.Disk.Stat(dir); err == nil {
			break
		}
		parents = append(parents, filepath.Dir(dir))
	}
	if err := s.Disk.MkdirAll(s.RotationsDir(), 0o700); err != nil {
		return s.mendable(fmt.Errorf("cannot make the state folder %s: %w", s.Dir, err))
	}
	for _, dir := range parents {
		if err := s.Disk.SyncDir(dir); err != nil {
			return fmt.Errorf("cannot make the state folder %s durable: %w", s.Dir, err)
		}
	}
	return nil
}

func (s Folder) lock() (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	return credfile.Lock(ctx, filepath.Join(s.Dir, "state.lock"))
}

// Sweep removes the temporary files of journals that never came to be, and puts
// those in place that vanished.
func (s Folder) Sweep() error {
	entries, err := s.readDir()
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json"+tempSuffix)
		if !ok {
			continue
		}
		if err := s.sweepOne(id); err != nil {
			return err
		}
	}
	return nil
}

func (s Folder) sweepOne(id string) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err = s.Disk.Lstat(s.JournalPath(id)); errors.Is(err, fs.ErrNotExist) {
		if s.vanished(id) != nil {
			return disk.Return(s.Disk, s.JournalPath(id)+tempSuffix, s.JournalPath(id))
		}
		err = disk.RemoveIfThere(s.Disk, s.JournalPath(id)+tempSuffix)
	}
	return err
}

// tempSuffix ends the name of a file that is not whole yet.
const tempSuffix = ".new"

// lockWait bounds how long a run waits for another one that writes here.
const lockWait = 30 * time.Second
