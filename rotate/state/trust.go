package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// Untrusted says that somebody else owns the state folder, or can write it. What
// lies there decides which keys are deleted and holds secrets, so it is neither
// read nor written until that is mended.
type Untrusted struct {
	Path, Why string
	// Command mends it; empty where a person has to look first.
	Command string
	// Open says that there are notes of rotations in it, whosever they are.
	Open bool
}

func (e *Untrusted) Error() string {
	msg := fmt.Sprintf("keycare's state folder cannot be trusted: %s %s", e.Path, e.Why)
	if e.Command != "" {
		msg += ": check what is in it, then run: " + e.Command
	}
	return msg
}

// Trusted returns an *Untrusted unless the folder, the rotations in it and every
// folder above belong to this user, or to root, and nobody else can write them:
// the rule of OpenSSH's StrictModes. A folder above that is sticky is fine, and
// so is one that this user's own group can write. A folder that is not there yet
// is trusted.
func (s Folder) Trusted() error {
	fault := s.fault()
	var untrusted *Untrusted
	if errors.As(fault, &untrusted) {
		open, _ := filepath.Glob(filepath.Join(s.RotationsDir(), "*.json"))
		untrusted.Open = len(open) > 0
	}
	return fault
}

func (s Folder) fault() error {
	for _, own := range []string{s.Dir, s.RotationsDir()} {
		fi, err := os.Lstat(own)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return s.mendable(fmt.Errorf("cannot look at the state folder %s: %w", own, err))
		case own == s.Dir && fi.Mode()&fs.ModeSymlink != 0: // where it leads is judged below
		case !fi.IsDir():
			return &Untrusted{Path: own, Why: "is not a folder"}
		default:
			if why, command := ownFault(own, fi, s.owner()); why != "" {
				return &Untrusted{Path: own, Why: why, Command: command}
			}
		}
	}
	above := []string{filepath.Dir(s.Dir)}
	if resolved, err := filepath.EvalSymlinks(s.Dir); err == nil && resolved != s.Dir {
		above = append(above, resolved)
	}
	for _, dir := range above {
		for last := ""; dir != last; last, dir = dir, filepath.Dir(dir) {
			fi, err := os.Lstat(dir)
			if err != nil {
				continue // not there yet
			}
			if why, command := aboveFault(dir, fi, s.owner()); why != "" {
				return &Untrusted{Path: dir, Why: why, Command: command}
			}
		}
	}
	return nil
}

// readOwn reads a file of the state folder: never through a link, never one that
// somebody else wrote, and no more than most bytes.
func (s Folder) readOwn(name string, most int64) ([]byte, error) {
	if err := s.Trusted(); err != nil {
		return nil, err
	}
	b, err := s.Disk.ReadOwn(name, most)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, s.mendable(fmt.Errorf("cannot read %s: %w", name, err))
	}
	return b, err
}

// mendable adds to an error the command that gives this user back what another
// run of keycare, as root, has left in the way to the folder or in it.
func (s Folder) mendable(err error) error {
	foreign := ""
	if entries, _ := os.ReadDir(s.Dir); slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !s.owns(filepath.Join(s.Dir, e.Name())) }) {
		foreign = s.Dir
	}
	for dir := s.Dir; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, gone := os.Lstat(dir); gone != nil {
			continue
		}
		if s.owns(dir) {
			break
		}
		foreign = dir
	}
	if foreign == "" || !s.owns(filepath.Dir(foreign)) { // the home is somebody else's
		return err
	}
	return fmt.Errorf("%w\n%s, or something in it, belongs to another user, as after a run by root: %s", err, foreign,
		show.Command("linux", "sudo", "chown", "-R", fmt.Sprint(s.owner()), foreign))
}

func (s Folder) owns(path string) bool {
	fi, err := os.Lstat(path)
	if err != nil {
		return true
	}
	uid, ok := disk.Owner(fi)
	return !ok || uid == s.owner()
}

// readDir lists the rotations; nothing where there are none.
func (s Folder) readDir() ([]fs.DirEntry, error) {
	if err := s.Trusted(); err != nil {
		return nil, err
	}
	entries, err := s.Disk.ReadDir(s.RotationsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the state folder: %w", err)
	}
	return entries, nil
}

// SetAside moves what there is of a rotation's files to a folder of their own,
// where no run looks, and returns their new names, that of the recovery file first.
func (s Folder) SetAside(id string) (moved []string, err error) {
	if !IsID(id) {
		return nil, fmt.Errorf("%q is not the ID of a rotation", id)
	}
	if err := s.Trusted(); err != nil {
		return nil, err
	}
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	aside := filepath.Join(s.Dir, "set-aside")
	if err := errors.Join(s.Disk.MkdirAll(aside, 0o700), s.Disk.SyncDir(s.Dir)); err != nil {
		return nil, err // a power loss may take a folder that is not synced, with all in it
	}
	// The journal last: where this stops half way, it is done again.
	for _, name := range []string{s.RecoveryPath(id), s.JournalPath(id) + tempSuffix, s.JournalPath(id)} {
		if _, err := s.Disk.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		to, err := s.freeName(filepath.Join(aside, filepath.Base(name)))
		if err == nil {
			err = s.Disk.Replace(name, to)
		}
		if err != nil {
			return moved, fmt.Errorf("cannot set %s aside: %w", name, err)
		}
		moved = append(moved, to)
	}
	return moved, errors.Join(s.Disk.SyncDir(aside), s.Disk.SyncDir(s.RotationsDir()))
}

// freeName is name, or name with a number: what was set aside before stays.
func (s Folder) freeName(name string) (string, error) {
	for n := 1; n < 1000; n++ {
		free := name
		if n > 1 {
			free = fmt.Sprintf("%s.%d", name, n)
		}
		switch _, err := s.Disk.Lstat(free); {
		case errors.Is(err, fs.ErrNotExist):
			return free, nil
		case err != nil:
			return "", err
		}
	}
	return "", fmt.Errorf("there are too many of the name %s", name)
}
