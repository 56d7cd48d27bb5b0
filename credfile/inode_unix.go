//go:build unix

package credfile

import (
	"io/fs"
	"syscall"
)

func linkCount(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink)
	}
	return 1
}

// otherDevice reports whether a file lies on another device than its folder:
// then the file itself is mounted there.
func otherDevice(file, dir fs.FileInfo) bool {
	f, ok1 := file.Sys().(*syscall.Stat_t)
	d, ok2 := dir.Sys().(*syscall.Stat_t)
	return ok1 && ok2 && f.Dev != d.Dev
}
