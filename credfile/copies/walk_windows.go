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

// folder is one that is open, or none.
type folder struct{ *os.File }

var noFolder folder

func openFolder(path string) (folder, error) {
	f, err := os.Open(path)
	return folder{f}, err
}

func (d folder) Close() error {
	if d == noFolder {
		return nil
	}
	return d.File.Close()
}

// device: another volume shows as a mount point, which is no folder to Go.
func (d folder) device() (uint64, error) { return 0, nil }

func (d folder) list(string, []byte) ([]item, error) {
	all, err := d.ReadDir(-1)
	return items(all), err
}

func (d folder) open(dir, name string) (rawFile, error) { return openFile(within(dir, name)) }

func deviceOf(fs.FileInfo) uint64 { return 0 }

// inCloud reports whether reading the file would fetch it: the folder's listing says
// so (offline, recall on open, recall on data access).
func inCloud(e item) bool {
	const offline, onOpen, onAccess = 0x1000, 0x40000, 0x400000
	fi, err := e.entry.Info()
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
