//go:build unix && !linux

package copies

import (
	"io/fs"
	"runtime"
	"syscall"
)

// seekData is lseek's way to the next data.
var seekData = map[string]int{"darwin": 4, "freebsd": 3, "dragonfly": 3}[runtime.GOOS]

// inCloud reports whether macOS would have to fetch the file first. The flag shows
// only in a stat, which fetches nothing.
func inCloud(_ string, e fs.DirEntry) bool {
	if runtime.GOOS != "darwin" {
		return false
	}
	const dataless = 0x40000000
	fi, err := e.Info()
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Flags&dataless != 0
}
