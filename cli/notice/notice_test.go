package notice

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain is also the process that shows a notice: one that faults, that fails
// or that writes it down.
func TestMain(m *testing.M) {
	if !Asked(os.Args[1:]) {
		os.Exit(m.Run())
	}
	switch how := os.Getenv("KEYCARE_TEST_NOTICE"); how {
	case "faults":
		os.Exit(int(uint32(0xc0000005) >> 24))
	case "fails":
		os.Stderr.WriteString("no desktop\n")
		os.Exit(1)
	case "":
		os.Exit(Answer(os.Stdin, os.Stderr))
	default:
		b, err := io.ReadAll(os.Stdin)
		if err != nil || os.WriteFile(how, b, 0o600) != nil {
			os.Exit(3)
		}
	}
}

// A process that shows a notice may end as it likes.
func TestApart(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shown := filepath.Join(t.TempDir(), "shown")
	for how, want := range map[string]string{"faults": "broke off", "fails": "no desktop", shown: ""} {
		t.Setenv("KEYCARE_TEST_NOTICE", how)
		err := apart(program, "a title", "Profil Büro\n日本")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", how, err)
		}
	}
	if b, err := os.ReadFile(shown); err != nil || string(b) != "a title\nProfil Büro\n日本" {
		t.Errorf("%q, %v", b, err)
	}
	if err := apart(filepath.Join(t.TempDir(), "gone"), "", ""); err == nil {
		t.Error("no error without a program")
	}
}

// A panic of the library is an error.
func TestSafely(t *testing.T) {
	if err := safely(func() error { panic("secret") }); err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

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
