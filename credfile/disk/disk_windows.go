package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// there tells that there is no file of a name which no file can have here, as one with
// quotes. Go has an error of its own for that.
func there(fi fs.FileInfo, err error) (fs.FileInfo, error) {
	var path *fs.PathError
	if errors.As(err, &path) && errors.Is(err, windows.ERROR_INVALID_NAME) {
		return nil, &fs.PathError{Op: path.Op, Path: path.Path, Err: fs.ErrNotExist}
	}
	return fi, err
}

// These have no equal here: a pipe is no file, and links need a right that users lack.
const NoWait, noFollow = 0, 0

// syncDir does nothing: Windows has no call for it, NTFS journals renames.
func syncDir(string) error { return nil }

// keepOwner does nothing: replace keeps the owner.
func keepOwner(string, fs.FileInfo) error { return nil }

// OtherDevice reports whether a file lies on another device than its folder;
// Windows's file information does not tell.
func OtherDevice(file, dir fs.FileInfo) bool { return false }

// Backup is the name that a replaced file has for a moment, while from is put in
// its place; empty where there is no such moment.
func Backup(from string) string { return from + ".was" }

// replace keeps the replaced file's access list, owner and attributes
// (ReplaceFileW), and never leaves the name without a file if it can help it.
func replace(from, to string) error {
	if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
		return patiently(inTheWay, func() error { return os.Rename(from, to) })
	}
	backup := Backup(from)
	if err := os.Remove(backup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := patiently(inTheWay, func() error { return replaceFile(from, to, backup) })
	if err != nil {
		return errors.Join(err, refill(from, to, backup))
	}
	_ = patiently(inTheWay, func() error { return os.Remove(backup) }) // who has a use for it asks by Backup
	return nil
}

// refill puts the old or the new file under a name that a failed replacement left
// without one: with error 1177 the old one has the backup's name.
func refill(from, to, backup string) error {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Rename(backup, to)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(from, to)
	}
	return err
}

// patiently tries again for about two seconds what fails in this way: virus
// scanners and indexers hold files open for moments.
func patiently(again func(error) bool, try func() error) (err error) {
	for wait := 10 * time.Millisecond; wait < 2*time.Second; wait *= 2 {
		if err = try(); !again(err) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

// held says that somebody has the file open.
func held(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// inTheWay says that somebody has the file open, or is about to delete it.
func inTheWay(err error) bool {
	return held(err) || errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_UNABLE_TO_REMOVE_REPLACED)
}

var replaceFileW = windows.NewLazySystemDLL("kernel32.dll").NewProc("ReplaceFileW")

// replaceFile is a variable for tests: no file system fails in each of its ways on
// demand.
var replaceFile = func(from, to, backup string) error {
	var names [3]*uint16
	for i, name := range []string{to, from, backup} {
		p, err := windows.UTF16PtrFromString(long(name))
		if err != nil {
			return err
		}
		names[i] = p
	}
	ok, _, callErr := replaceFileW.Call(uintptr(unsafe.Pointer(names[0])), uintptr(unsafe.Pointer(names[1])), uintptr(unsafe.Pointer(names[2])), 0, 0, 0)
	if ok == 0 {
		return &os.LinkError{Op: "replace", Old: from, New: to, Err: callErr.(syscall.Errno)}
	}
	return nil
}

// long is an absolute path that may be longer than 260 characters, as the package
// os makes them for its own calls
// (https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation).
func long(path string) string {
	full, err := filepath.Abs(path)
	switch {
	case err != nil || strings.HasPrefix(full, `\\?\`):
		return path
	case strings.HasPrefix(full, `\\`):
		return `\\?\UNC` + full[1:]
	}
	return `\\?\` + full
}

// open opens a file for a look at it, whoever else has it open.
func open(path string, access uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(long(path))
	if err != nil {
		return windows.InvalidHandle, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	return windows.CreateFile(name, access, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
}

// openRead opens a file in a way that keeps nobody from replacing or deleting it
// meanwhile, and waits for whoever is doing that.
func openRead(name string) (*os.File, error) {
	var h windows.Handle
	err := patiently(held, func() (err error) { h, err = open(name, windows.GENERIC_READ); return err })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

func readFile(name string) (b []byte, err error) {
	f, err := openRead(name)
	if err != nil {
		return nil, err
	}
	b, err = io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

func remove(name string) error { return patiently(inTheWay, func() error { return os.Remove(name) }) }

// Links counts the names of the file name, which fi describes.
func Links(name string, fi fs.FileInfo) int {
	h, err := open(name, windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return 1
	}
	defer windows.CloseHandle(h)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return 1
	}
	return int(info.NumberOfLinks)
}

// Obstacle says why the file path cannot be replaced, as far as that shows
// without replacing it; empty where nothing does.
func Obstacle(path string) string {
	name, err := windows.UTF16PtrFromString(long(path))
	if err != nil {
		return ""
	}
	if attributes, err := windows.GetFileAttributes(name); err == nil && attributes&windows.FILE_ATTRIBUTE_READONLY != 0 {
		return "has the read-only attribute; attrib -r removes it"
	}
	err = patiently(held, func() error {
		h, err := open(path, windows.DELETE)
		if err == nil {
			err = windows.CloseHandle(h)
		}
		return err
	})
	switch {
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION):
		return "is held open by another program that lets nobody replace it: close that program"
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return "may not be replaced by you: its access list, or its folder's, does not let you"
	}
	return ""
}

// Self is no user: owners are in access lists here.
func Self() int { return -1 }

// Owner is not told by Windows in this way.
func Owner(fs.FileInfo) (uid int, ok bool) { return 0, false }

// isOwn refuses what is no file; owners and rights are in access lists.
func isOwn(fi fs.FileInfo, _ int) error {
	if !fi.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	return nil
}
