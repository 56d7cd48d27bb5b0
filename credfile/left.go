package credfile

import (
	"errors"
	"fmt"
	"io/fs"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// givenBack adds to a denied permission at path the command that gives this user
// back what a run as root has left on the way there. Every other error stays as it
// is.
func givenBack(d disk.FS, path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	command := GiveBack(d, path)
	if command == "" {
		return err
	}
	return fmt.Errorf("%w (it belongs to another user, as after a run by root; to get it back: %s)", err, command)
}

// GiveBack is the command that gives this user what another user owns on the way
// to path, below a folder of this user's own; empty where there is no such thing.
func GiveBack(d disk.FS, path string) string {
	left := disk.Left(d, path)
	if left == "" {
		return ""
	}
	return show.Command("linux", "sudo", "chown", "-R", fmt.Sprint(disk.Self()), left)
}
