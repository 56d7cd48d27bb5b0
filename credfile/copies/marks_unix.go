//go:build unix

package copies

import (
	"time"

	"golang.org/x/sys/unix"
)

// mark is that of a file of the folder; false where it cannot be known.
func (w *worker) mark(d folder, dir, name string) (mark, bool) {
	at, path := d.fd(), name
	if d == noFolder {
		at, path = unix.AT_FDCWD, within(dir, name)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(at, path, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return mark{}, false
	}
	k, room := markOf(dir, name, numbers{uint64(st.Dev), uint64(st.Ino), uint64(st.Size), timeOf(st.Mtim), timeOf(st.Ctim)}, w.marked)
	w.marked = room
	return k, true
}

func timeOf(t unix.Timespec) time.Time {
	s, ns := t.Unix()
	return time.Unix(s, ns)
}

// ChangeTime is when a file or a folder changed last, in a way that no program can set;
// false where that is not known.
func ChangeTime(path string) (time.Time, bool) {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return time.Time{}, false
	}
	return timeOf(st.Ctim), true
}
