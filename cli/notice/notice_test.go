package notice

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What comes from a file is neither markup nor an option nor a line of its own.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Profile work has a new key.":  "Profile work has a new key.",
		"Profil Büro (日本)":             "Profil Büro (日本)",
		`<a href="x">b</a> & $(c) "d"`: "'a href='x''b'/a' ' '(c) 'd'",
		"one\ntwo\x1b[31m":             "one two [31m",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

// Without a session bus the notice goes through notify-send, as it was given.
func TestShow(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: it would show a notice on this desktop")
	}
	dir := t.TempDir()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "nothing"))
	t.Setenv("PATH", dir)
	if err := Show("keycare: failed", "text"); err == nil {
		t.Error("no desktop, and no error")
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$1\" \"$2\" >" + filepath.Join(dir, "shown") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "notify-send"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Show("keycare: rotated", "Profile <work>\nhas a new key"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "shown"))
	if got := strings.TrimSpace(string(b)); err != nil || got != "keycare: rotated\nProfile 'work' has a new key" {
		t.Errorf("shown %q, %v", got, err)
	}
}
