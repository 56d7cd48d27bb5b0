package copies

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// seekData is lseek's way to the next data.
const seekData = 3

// inCloud: Linux shows no such files but on file systems of their own.
func inCloud(item) bool { return false }

// folder is one that is open, or none.
type folder int

// noFolder opens files by their whole path.
const noFolder folder = -1

// openFolder opens a folder. What is none is an error at once, a pipe too.
func openFolder(path string) (folder, error) {
	fd, err := openAt(unix.AT_FDCWD, path, path, unix.O_DIRECTORY)
	return folder(fd), err
}

func (d folder) fd() int { return int(d) }

func (d folder) Close() error {
	if d == noFolder {
		return nil
	}
	return syscall.Close(int(d))
}

func (d folder) device() (uint64, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(d), &st); err != nil {
		return 0, err
	}
	return st.Dev, nil
}

// list reads the folder. It asks the system once for some hundred entries and makes
// one string of all their names, where os.File makes three things of each.
func (d folder) list(path string, buf []byte) (all []item, err error) {
	for {
		n, err := syscall.Getdents(int(d), buf)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return all, &fs.PathError{Op: "readdir", Path: path, Err: err}
		case n <= 0:
			return all, nil
		}
		text := string(buf[:n])
		for at := 0; at+nameAt < n; {
			size := int(binary.NativeEndian.Uint16(buf[at+lengthAt:]))
			if size <= nameAt || at+size > n {
				break
			}
			name, _, _ := strings.Cut(text[at+nameAt:at+size], "\x00")
			if name != "." && name != ".." {
				kind := kinds[buf[at+typeAt]&15]
				if kind == unknown {
					kind = d.kindOf(name)
				}
				all = append(all, item{name: name, kind: kind})
			}
			at += size
		}
	}
}

// Where in an entry of a folder (struct linux_dirent64) its parts are.
const (
	lengthAt = 16
	typeAt   = 18
	nameAt   = 19
)

const unknown = fs.ModeIrregular

// kinds are those of the types (DT_) that folders tell.
var kinds = [16]fs.FileMode{
	unknown, fs.ModeNamedPipe, fs.ModeDevice, unknown, fs.ModeDir, unknown, fs.ModeDevice, unknown,
	unix.DT_REG: 0, 9: unknown, unix.DT_LNK: fs.ModeSymlink, 11: unknown, unix.DT_SOCK: fs.ModeSocket, 13: unknown, unknown, unknown,
}

// kindOf asks where the folder does not tell. What went in the meantime counts as a
// file, which then is not there to be opened.
func (d folder) kindOf(name string) fs.FileMode {
	var st unix.Stat_t
	if err := unix.Fstatat(int(d), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}
