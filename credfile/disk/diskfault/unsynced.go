package diskfault

import (
	"io/fs"
	"os"
	"runtime"

	"keycare/credfile/disk"
)

// Unsynced is disk.OS but for its syncs, which do nothing. It is for tests with
// thousands of small files: what a power loss takes is reckoned by FS, whatever
// the machine has on its disk, and real syncs cost more than all the rest.
type Unsynced struct{ disk.OS }

// SyncDir fails where the folder cannot be found, as the real one does.
func (Unsynced) SyncDir(name string) error {
	if runtime.GOOS == "windows" {
		return disk.OS{}.SyncDir(name)
	}
	_, err := os.Stat(name)
	return err
}

func (u Unsynced) CreateNew(name string, perm fs.FileMode) (disk.File, error) {
	return unsynced(u.OS.CreateNew(name, perm))
}

func (u Unsynced) OpenWrite(name string) (disk.File, error) { return unsynced(u.OS.OpenWrite(name)) }

func unsynced(f disk.File, err error) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ disk.File }

func (unsyncedFile) Sync() error { return nil }
