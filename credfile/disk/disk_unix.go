//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func there(fi fs.FileInfo, err error) (fs.FileInfo, error) { return fi, err }

// NoWait keeps an open from waiting for a pipe, noFollow from following a link too.
const (
	NoWait   = syscall.O_NONBLOCK
	noFollow = syscall.O_NOFOLLOW | NoWait
)

func openRead(name string) (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|noFollow, 0) }

func readFile(name string) ([]byte, error) { return os.ReadFile(name) }

func remove(name string) error { return os.Remove(name) }

// Self is the user that this program runs as.
func Self() int { return os.Geteuid() }

// Owner is the user that a file belongs to, where the system has such.
func Owner(fi fs.FileInfo) (uid int, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// isOwn refuses what owner did not write, or not alone.
func isOwn(fi fs.FileInfo, owner int) error {
	uid, ok := Owner(fi)
	switch {
	case !fi.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case ok && uid != owner:
		return &Foreign{uid}
	case fi.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("other users can write it (mode %04o)", fi.Mode().Perm())
	}
	return nil
}

func replace(from, to string) error { return os.Rename(from, to) }

// Backup is the name that a replaced file has for a moment, while from is put in
// its place; empty where there is no such moment.
func Backup(from string) string { return "" }

// syncDir makes renames in a folder durable. Some file systems cannot sync a
// folder and say so; their rename is as durable as they make it.
func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTTY) {
		return nil
	}
	return err
}

// keepOwner changes owner and group only where they differ. Nobody but root can
// give a file away, so a failure is an error: the file would change hands.
func keepOwner(name string, like fs.FileInfo) error {
	want, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	fi, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if got, ok := fi.Sys().(*syscall.Stat_t); ok && got.Uid == want.Uid && got.Gid == want.Gid {
		return nil
	}
	return os.Lchown(name, int(want.Uid), int(want.Gid))
}

// Links counts the names of the file name, which fi describes.
func Links(name string, fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink)
	}
	return 1
}

// OtherDevice reports whether a file lies on another device than its folder:
// then the file itself is mounted there.
func OtherDevice(file, dir fs.FileInfo) bool {
	f, ok1 := file.Sys().(*syscall.Stat_t)
	d, ok2 := dir.Sys().(*syscall.Stat_t)
	return ok1 && ok2 && f.Dev != d.Dev
}
