package diskfault

import (
	"os"
	"testing"
)

// Main is for a package's TestMain: it runs the tests with their temporary
// folders on a disk in memory, where the system has one with room, and ends the
// program. Making and removing thousands of small files costs a multiple on a
// real disk. Who sets TMPDIR or GOTMPDIR has a place in mind and gets it.
func Main(m *testing.M) {
	code, err := InMemory(m.Run)
	if err != nil {
		panic(err)
	}
	os.Exit(code)
}

// InMemory is Main for a run that is more than the tests of m.
func InMemory(run func() int) (code int, err error) {
	dir := memory()
	if dir == "" || os.Getenv("TMPDIR") != "" || os.Getenv("GOTMPDIR") != "" {
		return run(), nil
	}
	if dir, err = os.MkdirTemp(dir, "keycare-test-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err = os.Chmod(dir, 0o711); err != nil { // some scripts run as another user
		return 0, err
	}
	if err = os.Setenv("TMPDIR", dir); err != nil {
		return 0, err
	}
	return run(), nil
}
