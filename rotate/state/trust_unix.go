//go:build unix

package state

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"keycare/credfile/show"
)

// overflow is the user that Linux shows where the owner has no number in this
// user namespace, as above the home in a container.
const overflow = 65534

// ownFault says what is wrong with a folder that only this user may have.
func ownFault(path string, fi fs.FileInfo, owner int) (why, command string) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return "", ""
	}
	if int(st.Uid) != owner {
		return fmt.Sprintf("belongs to another user (uid %d)", st.Uid),
			show.Command("linux", "sudo", "chown", "-R", fmt.Sprint(owner), path)
	}
	if mode := fi.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Sprintf("can be written by other users (mode %04o)", mode), show.Command("linux", "chmod", "700", path)
	}
	return "", ""
}

// aboveFault says how somebody else could put another folder in the place of the
// one below path.
func aboveFault(path string, fi fs.FileInfo, owner int) (why, command string) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return "", ""
	}
	if uid := int(st.Uid); uid != 0 && uid != owner && uid != overflow {
		return fmt.Sprintf("belongs to another user (uid %d)", uid), ""
	}
	mode := fi.Mode()
	open := mode.Perm() & 0o022
	if gid := int(st.Gid); owner == os.Geteuid() && gid == os.Getegid() || owner != os.Geteuid() && gid == owner { // a group of the user's own
		open &^= 0o020
	}
	if mode&fs.ModeSymlink != 0 || mode&fs.ModeSticky != 0 || open == 0 {
		return "", ""
	}
	return fmt.Sprintf("can be written by other users (mode %04o)", mode.Perm()), show.Command("linux", "chmod", "go-w", path)
}
