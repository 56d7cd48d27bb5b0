package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("%s holds %q, want %q (%v)", path, b, want, err)
	}
}

func gone(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

// What ReplaceFileW documents of its errors 1175 to 1177 is done to the files by
// hand: a name never stays without a file.
func TestReplaceErrors(t *testing.T) {
	system := replaceFile
	defer func() { replaceFile = system }()
	for _, c := range []struct {
		name string
		do   func(from, to, backup string) error
		want string // what the file holds afterwards
	}{
		{"replaced", system, "new"},
		{"1176", func(from, to, backup string) error { return windows.ERROR_UNABLE_TO_MOVE_REPLACEMENT }, "old"},
		{"1176, gone", func(from, to, backup string) error {
			return errors.Join(os.Remove(to), windows.ERROR_UNABLE_TO_MOVE_REPLACEMENT)
		}, "new"},
		{"1177", func(from, to, backup string) error {
			return errors.Join(os.Rename(to, backup), windows.ERROR_UNABLE_TO_MOVE_REPLACEMENT_2)
		}, "old"},
	} {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
		write(t, from, "new")
		write(t, to, "old")
		write(t, Backup(from), "of an earlier run")
		replaceFile = c.do
		if err := replace(from, to); (err == nil) != (c.name == "replaced") {
			t.Errorf("%s: %v", c.name, err)
		}
		holds(t, to, c.want)
		if c.want == "old" {
			holds(t, from, "new")
		} else {
			gone(t, from)
		}
		gone(t, Backup(from))
	}
}

// A path longer than 260 characters, and a relative one.
func TestReplaceLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 100), strings.Repeat("e", 100), strings.Repeat("f", 100))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write(t, from, "new")
	write(t, to, "old")
	if err := replace(from, to); err != nil {
		t.Fatal(err)
	}
	holds(t, to, "new")
	t.Chdir(t.TempDir())
	write(t, "from", "new")
	write(t, "to", "old")
	if err := replace("from", "to"); err != nil {
		t.Fatal(err)
	}
	holds(t, "to", "new")
}

// What keeps a file from being replaced shows before: another program that holds it
// without sharing its deletion, and the read-only attribute, which stays.
func TestObstacle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "text")
	if why := Obstacle(path); why != "" {
		t.Errorf("a plain file %s", why)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if why := Obstacle(path); !strings.Contains(why, "held open by another program") {
		t.Errorf("a file that is held open %s", why)
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	if err := windows.SetFileAttributes(name, windows.FILE_ATTRIBUTE_READONLY); err != nil {
		t.Fatal(err)
	}
	if why := Obstacle(path); !strings.Contains(why, "attrib -r") {
		t.Errorf("a read-only file %s", why)
	}
	if attributes, err := windows.GetFileAttributes(name); err != nil || attributes&windows.FILE_ATTRIBUTE_READONLY == 0 {
		t.Errorf("attributes %x, %v", attributes, err)
	}
	if err := windows.SetFileAttributes(name, windows.FILE_ATTRIBUTE_NORMAL); err != nil {
		t.Fatal(err)
	}
}

func TestLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "text")
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := Links(path, fi); n != 1 {
		t.Errorf("%d names", n)
	}
	if err := os.Link(path, path+"2"); err != nil {
		t.Fatal(err)
	}
	if n := Links(path, fi); n != 2 {
		t.Errorf("%d names of a file with two", n)
	}
}
