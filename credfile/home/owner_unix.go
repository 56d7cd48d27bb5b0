//go:build unix

package home

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"keycare/credfile/disk"
)

const rootUser = 0

func ownerOf(fi fs.FileInfo) (uid int, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// meantUser is the user whose file path should be. Root is asked for others'
// files, so for root it is the owner of the folder two above a file.
func meantUser(d disk.FS, path string) (uid int, ok bool) {
	if uid := os.Geteuid(); uid != 0 {
		return uid, true
	}
	home := filepath.Dir(path)
	if fi, err := d.Stat(path); err == nil && !fi.IsDir() {
		home = filepath.Dir(home)
	}
	fi, err := d.Stat(home)
	if err != nil {
		return 0, false
	}
	return ownerOf(fi)
}

// lookAtAccess is for Windows.
func (f *FileFact) lookAtAccess(fs.FileInfo) {}
