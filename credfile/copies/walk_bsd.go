//go:build unix && !linux

package copies

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// seekData is lseek's way to the next data.
var seekData = map[string]int{"darwin": 4, "freebsd": 3, "dragonfly": 3}[runtime.GOOS]

// inCloud reports whether macOS would have to fetch the file first. The flag shows
// only in a stat, which fetches nothing.
func inCloud(e item) bool {
	if runtime.GOOS != "darwin" {
		return false
	}
	const dataless = 0x40000000
	fi, err := e.entry.Info()
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Flags&dataless != 0
}

// folder is one that is open, or none.
type folder struct{ *os.File }

// noFolder opens files by their whole path.
var noFolder folder

// openFolder opens a folder. What is none is an error at once, a pipe too; without
// O_NONBLOCK the runtime does not offer it to the poller.
func openFolder(path string) (folder, error) {
	fd, err := openAt(unix.AT_FDCWD, path, path, unix.O_DIRECTORY)
	if err != nil {
		return noFolder, err
	}
	return folder{os.NewFile(uintptr(fd), path)}, nil
}

func (d folder) fd() int { return int(d.Fd()) }

func (d folder) Close() error {
	if d == noFolder {
		return nil
	}
	return d.File.Close()
}

func (d folder) device() (uint64, error) {
	fi, err := d.Stat()
	if err != nil {
		return 0, err
	}
	return deviceOf(fi), nil
}

func (d folder) list(string, []byte) ([]item, error) {
	all, err := d.ReadDir(-1)
	return items(all), err
}
