//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
)

// self is the user that the tests run as: no rights are needed to become that.
func self() account { return account{Name: "me", UID: disk.Self(), GID: os.Getegid()} }

func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keycare")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunAs(t *testing.T) {
	path := program(t, `echo "$(pwd) $HOME $SECRET $1"; echo talk >&2; exit 3`)
	t.Setenv("SECRET", "x")
	end, err := runAs(t.Context(), self(), nil, path, []string{"keycare", "audit"}, []string{"HOME=/h"}, time.Minute)
	if err != nil || end.code != 3 || string(end.out) != "/ /h  audit\n" || end.talk != "talk\n" {
		t.Errorf("%v: %d %q %q", err, end.code, end.out, end.talk)
	}
}

// A child that hangs is stopped, with what it started, also where that keeps the
// pipes open; one that never stops talking too.
func TestRunAsIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		script, want string
		limit        time.Duration
	}{
		"hangs":         {"sleep 1000 & sleep 1000", "stopped after 100ms", 100 * time.Millisecond},
		"prints on":     {"exec cat /dev/zero", "printed too much", time.Minute},
		"talks on":      {"exec cat /dev/zero >&2", "stopped after 100ms", 100 * time.Millisecond},
		"is no program": {"", "exec format error", time.Minute},
	} {
		path := program(t, c.script)
		if c.script == "" {
			if err := os.WriteFile(path, []byte("no"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		end, err := runAs(t.Context(), self(), nil, path, []string{"keycare"}, nil, c.limit)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(end.out) > mostOut || len(end.talk) > mostErr {
			t.Errorf("%s: %v, %d and %d bytes", name, err, len(end.out), len(end.talk))
		}
	}
}

// A user who cannot reach keycare's file is told so, as a sentence.
func TestRunAsCannotRun(t *testing.T) {
	if os.Getuid() != 0 || exec.Command("setpriv", "--reuid=2001", "--clear-groups", "true").Run() != nil {
		t.Skip("SKIPPED: needs root")
	}
	path := program(t, "true")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := runAs(t.Context(), account{Name: "ann", UID: 2001, GID: 2001}, []int{2001}, path, []string{"keycare"}, nil, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "this user cannot run "+path) {
		t.Errorf("got %v", err)
	}
}

func TestReportFolder(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	f, err := openReportFolder(in("new"))
	if err != nil {
		t.Fatal(err)
	}
	// What lies in the place of a report is replaced, not written through.
	if err := os.WriteFile(in("precious"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann.json", ".keycare-new"} {
		if err := os.Symlink(in("precious"), in("new/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	u := &userAudit{userHome: userHome{account: account{Name: "ann"}}, Report: goodReport(t)}
	f.keep([]*userAudit{u})
	if err := f.Close(); err != nil || u.Why != "" || u.File != in("new/ann.json") {
		t.Errorf("%v: %+v", err, u)
	}
	if b, _ := os.ReadFile(in("precious")); string(b) != "x" {
		t.Error("a report was written through a link")
	}
	for path, mode := range map[string]os.FileMode{"new": 0o700, "new/ann.json": 0o600} {
		if fi, err := os.Lstat(in(path)); err != nil || fi.Mode().Perm() != mode || fi.Mode()&os.ModeSymlink != 0 {
			t.Errorf("%s: %v, %v", path, fi, err)
		}
	}
	if err := os.Symlink(in("new"), in("link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "precious", "none/below"} {
		if f, err := openReportFolder(in(name)); err == nil {
			t.Errorf("%s: opened", name)
			_ = f.Close()
		}
	}
	if err := os.Chmod(in("new"), 0o770); err != nil {
		t.Fatal(err)
	}
	if _, err := openReportFolder(in("new")); err == nil || !strings.Contains(err.Error(), "other users can write") {
		t.Errorf("got %v", err)
	}
}
