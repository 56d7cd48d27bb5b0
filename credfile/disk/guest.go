package disk

import (
	"errors"
	"fmt"
	"io/fs"
)

// Foreign says that a file belongs to another user than it should.
type Foreign struct{ UID int }

func (e *Foreign) Error() string { return fmt.Sprintf("it belongs to another user (uid %d)", e.UID) }

// Guest is a file system as one sees it in the home of another user: what that
// user owns is read, and nothing is changed.
type Guest struct {
	FS
	Owner int
}

// ErrGuest says that nothing is changed in another user's home.
var ErrGuest = errors.New("nothing is written in another user's home")

func (g Guest) ReadOwn(name string, most int64) ([]byte, error) { return readOwn(name, most, g.Owner) }

func (Guest) CreateNew(string, fs.FileMode) (File, error) { return nil, ErrGuest }
func (Guest) OpenWrite(string) (File, error)              { return nil, ErrGuest }
func (Guest) Chmod(string, fs.FileMode) error             { return ErrGuest }
func (Guest) KeepOwner(string, fs.FileInfo) error         { return ErrGuest }
func (Guest) KeepAttributes(string, string) error         { return ErrGuest }
func (Guest) Link(string, string) error                   { return ErrGuest }
func (Guest) Replace(string, string) error                { return ErrGuest }
func (Guest) Remove(string) error                         { return ErrGuest }
func (Guest) MkdirAll(string, fs.FileMode) error          { return ErrGuest }
func (Guest) SyncDir(string) error                        { return ErrGuest }
