package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var replaceFileW = windows.NewLazySystemDLL("kernel32.dll").NewProc("ReplaceFileW")

// replace keeps the replaced file's ACL, owner and attributes (ReplaceFileW).
// Virus scanners and indexers hold files open for moments, so sharing
// violations are tried again for about two seconds.
func replace(from, to string) error {
	var err error
	for wait := 10 * time.Millisecond; wait < 2*time.Second; wait *= 2 {
		if err = replaceOnce(from, to); !busy(err) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

func busy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_UNABLE_TO_REMOVE_REPLACED)
}

func replaceOnce(from, to string) error {
	if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(from, to)
	}
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	ok, _, callErr := replaceFileW.Call(
		uintptr(unsafe.Pointer(t)), uintptr(unsafe.Pointer(f)), 0, 0, 0, 0)
	if ok == 0 {
		return &os.LinkError{Op: "replace", Old: from, New: to, Err: callErr.(syscall.Errno)}
	}
	return nil
}

// syncDir does nothing: Windows has no call for it, NTFS journals renames.
func syncDir(string) error { return nil }

// keepOwner does nothing: replace keeps the owner.
func keepOwner(string, fs.FileInfo) error { return nil }

// Links counts the names of a file; Windows's file information does not tell.
func Links(fs.FileInfo) int { return 1 }

// OtherDevice reports whether a file lies on another device than its folder;
// Windows's file information does not tell.
func OtherDevice(file, dir fs.FileInfo) bool { return false }

// noFollow has no equal here; links need a right that users lack.
const noFollow = 0

// isOwn refuses what is no file; owners and rights are in access lists.
func isOwn(fi fs.FileInfo) error {
	if !fi.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	return nil
}

// Obstacle would say why the file path cannot be replaced; here only a
// replacement tells.
func Obstacle(path string) string { return "" }
