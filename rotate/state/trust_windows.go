package state

import (
	"io/fs"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// ownFault says what is wrong with a folder that only this user may have.
func ownFault(path string, _ fs.FileInfo, _ int) (why, command string) {
	a, err := disk.AccessOf(path)
	switch {
	case err != nil: // a file system without access lists
		return "", ""
	case a.Foreign && !a.System:
		return "belongs to another user", ""
	case a.Mode&0o022 == 0:
		return "", ""
	}
	return "can be written by other users (" + show.Flow(a.Others[0].Name) + ")",
		show.Icacls(path, true, disk.UserName(), disk.SIDs(a.Others)...)
}

// aboveFault would say how somebody else could put another folder in the place of
// the one below path. Windows lets nobody rename a folder in which a file is open,
// and gives the folders of a user to that user alone.
func aboveFault(string, fs.FileInfo, int) (why, command string) { return "", "" }
