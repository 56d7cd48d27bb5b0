// Package disk is the file operations that keycare's promises rest on, behind
// one small interface, so that a test can count each of them, fail it, cut it
// short or stop the program before or after it. It holds no policy about
// credentials.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS performs file operations. All but those that read are meant to be
// durable only after Sync and SyncDir.
type FS interface {
	ReadFile(name string) ([]byte, error)
	// ReadOwn reads a file of keycare's own, of at most so many bytes: a regular
	// file, not through a link, that belongs to this user and that nobody else
	// can write; anything else is an error.
	ReadOwn(name string, most int64) ([]byte, error)
	Stat(name string) (fs.FileInfo, error)  // follows links
	Lstat(name string) (fs.FileInfo, error) // does not
	ReadDir(name string) ([]fs.DirEntry, error)
	EvalSymlinks(name string) (string, error)
	Readlink(name string) (string, error)
	// CreateNew makes a file that must not exist, for writing.
	CreateNew(name string, perm fs.FileMode) (File, error)
	// OpenWrite opens an existing file, not a link to one, for writing in place.
	OpenWrite(name string) (File, error)
	Chmod(name string, perm fs.FileMode) error
	// KeepOwner gives name the owner that like describes, where the system has owners.
	KeepOwner(name string, like fs.FileInfo) error
	// KeepAttributes gives the file to what the file from has beside its mode: an
	// access list, extended attributes.
	KeepAttributes(from, to string) error
	Link(old, new string) error
	// Replace puts the file from in the place of the file to, in one step. Where it
	// fails there may be no file under the name to any more: see Place.
	Replace(from, to string) error
	Remove(name string) error
	MkdirAll(name string, perm fs.FileMode) error
	SyncDir(name string) error
}

// File is a file open for writing.
type File interface {
	io.Writer
	io.WriterAt
	Sync() error
	Close() error
}

// OS is the file system of this machine.
type OS struct{}

func (OS) ReadFile(name string) ([]byte, error)       { return readFile(name) }
func (OS) Stat(name string) (fs.FileInfo, error)      { return there(os.Stat(name)) }
func (OS) Lstat(name string) (fs.FileInfo, error)     { return there(os.Lstat(name)) }
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (OS) EvalSymlinks(name string) (string, error)   { return filepath.EvalSymlinks(name) }
func (OS) Readlink(name string) (string, error)       { return os.Readlink(name) }
func (OS) Chmod(name string, perm fs.FileMode) error  { return chmod(name, perm) }
func (OS) Link(old, new string) error                 { return os.Link(old, new) }
func (OS) Remove(name string) error                   { return remove(name) }
func (OS) MkdirAll(name string, p fs.FileMode) error  { return mkdirAll(name, p) }
func (OS) Replace(from, to string) error              { return replace(from, to) }
func (OS) SyncDir(name string) error                  { return syncDir(name) }
func (OS) KeepAttributes(from, to string) error       { return keepAttributes(from, to) }
func (OS) KeepOwner(name string, like fs.FileInfo) error {
	return keepOwner(name, like)
}

func (OS) ReadOwn(name string, most int64) ([]byte, error) { return readOwn(name, most, Self()) }

func readOwn(name string, most int64, owner int) (b []byte, err error) {
	f, err := openRead(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := isOwn(fi, owner); err != nil {
		return nil, err
	}
	if b, err = io.ReadAll(io.LimitReader(f, most+1)); err == nil && int64(len(b)) > most {
		return nil, fmt.Errorf("it has more than %d bytes", most)
	}
	return b, err
}

func (OS) CreateNew(name string, perm fs.FileMode) (File, error) {
	return wrapFile(createNew(name, perm))
}

func (OS) OpenWrite(name string) (File, error) {
	return wrapFile(os.OpenFile(name, os.O_WRONLY|noFollow, 0))
}

// wrapFile keeps a nil *os.File from becoming a File that is not nil.
func wrapFile(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// WriteNew makes the file name, which must not exist, with data in it, and
// returns when the data is on disk. On an error the file is removed again.
func WriteNew(d FS, name string, data []byte, perm fs.FileMode) (err error) {
	f, err := d.CreateNew(name, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Remove(name))
		}
	}()
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = fmt.Errorf("write %s: %w", name, io.ErrShortWrite)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// WriteAtomic puts data in the place of the file name, or makes it, through
// temp, a name in the same folder. A temp that is left from an interrupted run
// is removed first. It returns when data and name are on disk.
func WriteAtomic(d FS, name, temp string, data []byte, perm fs.FileMode) error {
	if err := RemoveIfThere(d, temp); err != nil {
		return err
	}
	if err := WriteNew(d, temp, data, perm); err != nil {
		return err
	}
	var gone *GoneError
	switch err := Place(d, temp, name); {
	case errors.As(err, &gone):
		return err
	case err != nil:
		return errors.Join(err, d.Remove(temp))
	}
	return d.SyncDir(filepath.Dir(name))
}

// GoneError says that a replacement failed and left no file under its name.
type GoneError struct {
	Name, Text string // the text lies here, whole
	Err        error
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("no file is left under the name %s; its new text is in %s (%v)", e.Name, e.Text, e.Err)
}

func (e *GoneError) Unwrap() error { return e.Err }

// Place puts the file from, which is whole and synced, in the place of the file
// to. A system call that replaces a file may end with no file under the name to
// (on Windows ReplaceFileW, with errors 1176 and 1177, see
// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-replacefilew).
// Then from is moved there. Where that fails too the error is a *GoneError, and
// from, perhaps the last text there is, must stay.
func Place(d FS, from, to string) error {
	err := d.Replace(from, to)
	if err == nil || !missing(d, to) {
		return err
	}
	if again := d.Replace(from, to); again != nil {
		return &GoneError{to, from, err}
	}
	return nil
}

// Return puts the file from, which an earlier run left whole, under the name to,
// where no file is any more.
func Return(d FS, from, to string) error {
	if err := d.Replace(from, to); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(to))
}

func missing(d FS, name string) bool {
	_, err := d.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// RemoveIfThere removes name; that there is none is no error.
func RemoveIfThere(d FS, name string) error {
	if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
