package cli

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// fullFile is a file on a disk with room for a few bytes more.
type fullFile struct {
	*os.File
	room int
}

func (f *fullFile) Write(p []byte) (int, error) {
	if len(p) <= f.room {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:f.room])
	return n, errors.Join(err, syscall.ENOSPC)
}

// Lines are added whole or not at all, and never to the half of one.
func TestAddLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lines")
	has := func(want string) {
		t.Helper()
		if b, err := os.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("got %q, %v, want %q", b, err, want)
		}
	}
	for _, text := range []string{"{1}\n", "{2}\n{3}\n"} {
		if err := addLines(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	has("{1}\n{2}\n{3}\n")
	if err := os.WriteFile(name, []byte("{1}\n{2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := addLines(name, []byte("{3}\n")); err != nil {
		t.Fatal(err)
	}
	has("{1}\n{2\n{3}\n")
	for _, room := range []int{0, 1, 4} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := addTo(&fullFile{f, room}, []byte("{4}\n{5}\n")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d: %v", room, err)
		}
		if runtime.GOOS != "windows" { // there a file that is added to is not cut
			has("{1}\n{2\n{3}\n")
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := addLines(t.TempDir(), nil); err == nil {
		t.Error("lines are added to a folder")
	}
}
