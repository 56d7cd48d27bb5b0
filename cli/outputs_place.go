package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"keycare/credfile/disk"
	"keycare/report/format"
)

// placeOf is where the report for the file name goes: to what a link leads to, as
// with the AWS files. into says that this is no plain file, such as /dev/null or a
// pipe of the shell: a rename would put a file in its place. Refused is what would
// lose something: a folder, an AWS file, the settings.
func placeOf(e *env, name string) (path string, into bool, err error) {
	real := func(name string) string {
		if resolved, err := e.Disk.EvalSymlinks(name); err == nil {
			return resolved
		}
		if folder, err := e.Disk.EvalSymlinks(filepath.Dir(name)); err == nil {
			return filepath.Join(folder, filepath.Base(name)) // it is still to be made
		}
		return name
	}
	if path, err = filepath.Abs(name); err != nil {
		return "", false, err
	}
	path = real(path)
	own := []string{filepath.Join(e.Folders.Config, "keycare.ini")}
	if paths, err := e.Paths(); err == nil {
		own = append(own, paths.Credentials, paths.Config)
	}
	fi, err := e.Disk.Stat(path)
	for _, o := range own {
		other, failed := e.Disk.Stat(o)
		if real(o) == path || err == nil && failed == nil && fi.Mode().IsRegular() && os.SameFile(fi, other) {
			return "", false, fmt.Errorf("cannot write the report to %s: it would replace an AWS file or keycare's settings", name)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if up, err := e.Disk.Stat(filepath.Dir(path)); err != nil || !up.IsDir() {
			return "", false, fmt.Errorf("cannot write the report to %s: there is no folder %s", name, filepath.Dir(path))
		}
	case err != nil:
		return "", false, err
	case fi.IsDir():
		return "", false, fmt.Errorf("cannot write the report to %s: it is a folder", name)
	default:
		into = !fi.Mode().IsRegular()
	}
	return path, into, nil
}

// writeReport writes the text of a report.
func writeReport(e *env, o output, text []byte) error {
	path, into, err := placeOf(e, o.file)
	if err != nil {
		return err
	}
	if into {
		err = writeInto(path, text)
	} else {
		err = disk.WriteAtomic(e.Disk, path, path+".new", text, format.Mode(o.format))
	}
	if err != nil {
		return fmt.Errorf("cannot write the report to %s: %w", o.file, err)
	}
	return nil
}

func writeInto(path string, text []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(text)
	return err
}
