package testrun

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memory is a disk in memory on which programs may run, or "".
func memory() string {
	const dir, room = "/dev/shm", 1 << 30
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Type != unix.TMPFS_MAGIC || fs.Flags&unix.ST_NOEXEC != 0 {
		return ""
	}
	sweep(dir)
	if fs.Bavail*uint64(fs.Bsize) < room || unix.Access(dir, unix.W_OK|unix.X_OK) != nil {
		return ""
	}
	return dir
}

// sweep removes what tests have left that were killed.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, prefix+"*-*"))
	for _, name := range left {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), "-")
		if pid, err := strconv.Atoi(number); err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			_ = os.RemoveAll(name)
		}
	}
}
