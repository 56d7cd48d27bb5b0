//go:build unix

package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Obstacle says why the file path, links resolved, cannot be replaced by a
// rename though it can be written: whose it is, where it is mounted, what is set
// on it. Empty where nothing of the kind is known; then only a replacement tells.
func Obstacle(path string) string {
	if why := ownerObstacle(path); why != "" {
		return why
	}
	return systemObstacle(path, filepath.Dir(path))
}

// ownerObstacle: only root can give a new file another owner, or a group that
// this user is not in.
func ownerObstacle(path string) string {
	if os.Geteuid() == 0 {
		return ""
	}
	fi, err := os.Lstat(path)
	if err != nil {
		return ""
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	if int(st.Uid) != os.Geteuid() {
		return fmt.Sprintf("belongs to another user (uid %d), and only root can make a new file that does", st.Uid)
	}
	groups, err := os.Getgroups()
	if err == nil && int(st.Gid) != os.Getegid() && !slices.Contains(groups, int(st.Gid)) {
		return fmt.Sprintf("belongs to a group that you are not in (gid %d), and only root can make a new file that does: chgrp %d it first", st.Gid, os.Getegid())
	}
	return ""
}
