package home

import (
	"io/fs"

	"keycare/credfile/disk"
)

// Windows says whose a file is in its access list, see lookAtAccess.

const rootUser = 0

func ownerOf(fs.FileInfo) (uid int, ok bool) { return 0, false }

func meantUser(disk.FS, string) (uid int, ok bool) { return 0, false }

// lookAtAccess fills in what the access list says: a mode with the rights of
// others that stand for it, and who they are.
func (f *FileFact) lookAtAccess(fi fs.FileInfo) {
	if !fi.IsDir() {
		f.HardLinks = disk.Links(f.Path, fi)
	}
	a, err := disk.AccessOf(f.Path)
	if err != nil {
		return
	}
	f.Mode, f.ModeKnown = fi.Mode().Type()|0o600|a.Mode, true
	f.Others, f.OwnedByOther, f.OwnedByRoot = a.Others, a.Foreign && !a.System, a.System
}
