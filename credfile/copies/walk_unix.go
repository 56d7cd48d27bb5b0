//go:build unix

package copies

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawFile is a file without what os.File does for each: it registers even regular
// files with the poller, which costs as much as reading a small one.
type rawFile int

// openFile opens a regular file for reading. It follows no link and waits for no
// pipe, should the file have become one.
func openFile(path string) (rawFile, error) {
	fd, err := openAt(unix.AT_FDCWD, path, path, unix.O_NONBLOCK)
	return rawFile(fd), err
}

// open is openFile for a file of the folder, whose path is dir. It spares the system
// the way through all folders above.
func (d folder) open(dir, name string) (rawFile, error) {
	if d == noFolder {
		return openFile(within(dir, name))
	}
	fd, err := openAt(d.fd(), name, "", unix.O_NONBLOCK)
	var at *fs.PathError
	if errors.As(err, &at) {
		at.Path = within(dir, name)
	}
	return rawFile(fd), err
}

// openAt opens for reading what an open folder has under a name, which for errors is
// called path.
func openAt(dir int, name, path string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|flags, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return -1, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return fd, nil
	}
}

// Read reads. Less than was asked for is the end of a regular file.
func (f rawFile) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(f), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, err
		case n < len(p):
			return n, io.EOF
		}
		return n, nil
	}
}

// ReadAt serves archives.
func (f rawFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		m, err := syscall.Pread(int(f), p[n:], off+int64(n))
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return n, err
		case m == 0:
			return n, io.EOF
		}
		n += m
	}
	return n, nil
}

func (f rawFile) Close() error { return syscall.Close(int(f)) }

// size is that of the file, and whether much of it is holes. What is no regular
// file is an error.
func (f rawFile) size() (size int64, holes bool, err error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f), &st); err != nil {
		return 0, false, err
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return 0, false, &skipError{Special}
	}
	return int64(st.Size), int64(st.Blocks)*512 < int64(st.Size)/2, nil
}

// pastHole moves to where there is data.
func (f rawFile) pastHole() error {
	at, err := syscall.Seek(int(f), 0, io.SeekCurrent)
	if err != nil {
		return err
	}
	_, err = syscall.Seek(int(f), at, seekData)
	switch {
	case errors.Is(err, syscall.ENXIO):
		return io.EOF // nothing but a hole is left
	case err != nil:
		return &skipError{Failed}
	}
	return nil
}

func deviceOf(fi fs.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev)
	}
	return 0
}

// othersCanRead reports whether users beside the owner and the group can read the
// file: by its own mode, and that of each folder above.
func othersCanRead(path string) bool {
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm()&0o004 == 0 {
		return false
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		fi, err := os.Stat(dir)
		if err != nil || fi.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
