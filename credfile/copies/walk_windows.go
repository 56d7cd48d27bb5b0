package copies

import (
	"io"
	"io/fs"
	"os"
	"syscall"

	"keycare/credfile/disk"
)

type rawFile struct{ *os.File }

func openFile(path string) (rawFile, error) {
	f, err := os.Open(path)
	return rawFile{f}, err
}

func (f rawFile) size() (size int64, holes bool, err error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	if !fi.Mode().IsRegular() {
		return 0, false, &skipError{Special}
	}
	return fi.Size(), false, nil
}

func (rawFile) pastHole() error { return io.EOF }

func openDir(path string) (*os.File, error) { return os.Open(path) }

// deviceOf: another volume shows as a mount point, which is no folder to Go.
func deviceOf(fs.FileInfo) uint64 { return 0 }

// inCloud reports whether reading the file would fetch it: the folder's listing says
// so (offline, recall on open, recall on data access).
func inCloud(_ string, e fs.DirEntry) bool {
	const offline, onOpen, onAccess = 0x1000, 0x40000, 0x400000
	fi, err := e.Info()
	if err != nil {
		return false
	}
	data, ok := fi.Sys().(*syscall.Win32FileAttributeData)
	return ok && data.FileAttributes&(offline|onOpen|onAccess) != 0
}

func othersCanRead(path string) bool {
	a, err := disk.AccessOf(path)
	return err == nil && a.Mode&0o004 != 0
}
