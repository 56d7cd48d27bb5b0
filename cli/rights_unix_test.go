//go:build unix

package cli

import (
	"errors"
	"io/fs"
	"os"
)

// chmod gives a file or a folder a mode.
func chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }

// modeOf is the mode of a file or a folder.
func modeOf(path string) (fs.FileMode, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return fi.Mode().Perm(), nil
}

// sameMode reports whether two modes are one to this system.
func sameMode(a, b fs.FileMode) bool { return a == b }

// holdOpen is for Windows: here an open file is in nobody's way.
func holdOpen(string) (release func() error, err error) {
	return nil, errors.New("an open file is in nobody's way here")
}
