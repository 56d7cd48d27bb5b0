//go:build unix

package disk

import (
	"io/fs"
	"os"
)

// createNew makes a file that must not exist.
func createNew(name string, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
}

// OthersCanChange reports whether the mode of the file name lets others change it;
// who they are it does not say.
func OthersCanChange(name string, fi fs.FileInfo) (who []Other, can bool) {
	return nil, fi.Mode().Perm()&0o022 != 0
}

// UserName is for Windows.
func UserName() string { return "" }

func mkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

func chmod(name string, perm fs.FileMode) error { return os.Chmod(name, perm) }
