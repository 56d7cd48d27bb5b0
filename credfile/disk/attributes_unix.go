//go:build linux || darwin

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// keepAttributes gives the file to the extended attributes of the file from, the
// access list among them. Labels that the system sets by its own policy are left
// to it where they cannot be set.
func keepAttributes(from, to string) error {
	names, err := attributeNames(from)
	if err != nil {
		return nil // a file system without any
	}
	// A new file may get a list from its folder.
	more, _ := attributeNames(to)
	for _, name := range more {
		if !slices.Contains(names, name) && !system(name) {
			if err := unix.Lremovexattr(to, name); err != nil {
				return fmt.Errorf("cannot remove the attribute %q that it got from its folder: %w", name, err)
			}
		}
	}
	for _, name := range names {
		value, err := attribute(from, name)
		if err == nil {
			if had, errHad := attribute(to, name); errHad == nil && bytes.Equal(had, value) {
				continue
			}
			err = unix.Lsetxattr(to, name, value, 0)
		}
		if err != nil && !system(name) {
			return fmt.Errorf("cannot keep its attribute %q: %w", name, err)
		}
	}
	return nil
}

// system reports whether an attribute is the system's own business.
func system(name string) bool {
	return strings.HasPrefix(name, "security.") || strings.HasPrefix(name, "trusted.") || strings.HasPrefix(name, "com.apple.")
}

func attributeNames(path string) (names []string, err error) {
	b, err := grown(func(b []byte) (int, error) { return unix.Llistxattr(path, b) })
	for name := range strings.SplitSeq(string(b), "\x00") {
		if name != "" {
			names = append(names, name)
		}
	}
	return names, err
}

func attribute(path, name string) ([]byte, error) {
	return grown(func(b []byte) (int, error) { return unix.Lgetxattr(path, name, b) })
}

// grown calls read with room for all that there is.
func grown(read func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := read(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		b := make([]byte, n)
		if n, err = read(b); !errors.Is(err, unix.ERANGE) {
			return b[:max(n, 0)], err
		}
	}
}
