package schedule

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need skips the test if a program is not there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("SKIPPED: %s is not on this machine", p)
		}
	}
}

// output runs a program, which must end with 0, and returns what it printed.
func output(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "XDG_RUNTIME_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// rendered writes what a job is for a kind into a folder.
func rendered(t *testing.T, goos string, k Kind, j Job) (paths []string) {
	t.Helper()
	files, err := testHost(t, goos).Render(k, j)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, f := range files {
		name := filepath.Base(f.Path)
		if len(files) == 1 {
			name = string(k)
		}
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[i], f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// program makes a program at a path with spaces, specifiers and quotes in it.
func program(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name, "keycare")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// systemd itself reads the units, and knows when the timer fires.
func TestSystemdAnalyze(t *testing.T) {
	need(t, "systemd-analyze")
	for _, name := range []string{"plain", "a b", "100% $HOME ${X} é", `it's "quoted" \`} {
		j := fullJob
		j.Argv = append([]string{program(t, name)}, fullJob.Argv[1:]...)
		units := rendered(t, "linux", Systemd, j)
		// The man page is the package's matter.
		if out := output(t, append([]string{"systemd-analyze", "--user", "--man=no", "verify"}, units...)...); out != "" {
			t.Errorf("%s: %s", name, out)
		}
	}
	b, err := os.ReadFile(rendered(t, "linux", Systemd, plainJob)[1])
	if err != nil {
		t.Fatal(err)
	}
	_, when, _ := strings.Cut(string(b), "OnCalendar=")
	when, _, _ = strings.Cut(when, "\n")
	out := output(t, "systemd-analyze", "calendar", "--base-time=2026-03-05 09:30:00 UTC", "--iterations=3", when)
	for _, at := range []string{"12:00:00", "16:00:00", "20:00:00"} {
		if !strings.Contains(out, "2026-03-05 "+at) {
			t.Errorf("%s is not in\n%s", at, out)
		}
	}
}

// libplist reads the agent as this package wrote it.
func TestPlistutil(t *testing.T) {
	need(t, "plistutil")
	for _, j := range []Job{plainJob, fullJob, oddJob()} {
		path := rendered(t, "darwin", Launchd, j)[0]
		binary := path + ".bin"
		output(t, "plistutil", "-i", path, "-f", "bin", "-o", binary)
		b, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(b), "bplist00") {
			t.Fatalf("%q", b)
		}
		got, err := launchdJob(b)
		if err != nil {
			t.Fatal(err)
		}
		sameJob(t, got, j)
	}
}

// libxml reads the task, and finds in it what the schema allows and no more.
func TestTaskSchema(t *testing.T) {
	need(t, "xmllint")
	schema := filepath.Join("testdata", "task.xsd")
	valid := func(path string) error {
		return exec.Command("xmllint", "--noout", "--schema", schema, path).Run()
	}
	for _, goos := range []string{"windows", "linux"} {
		for _, j := range []Job{plainJob, fullJob} {
			path := rendered(t, goos, Task, j)[0]
			if err := valid(path); err != nil {
				t.Errorf("%v\n%s", err, output(t, "sh", "-c", `xmllint --noout --schema "$0" "$1" 2>&1 || true`, schema, path))
			}
			out := output(t, "xmllint", "--xpath", "string(//*[local-name()='Arguments'])", path)
			if got := windowsWords(strings.TrimSuffix(out, "\n")); strings.Join(got, "\x00") != strings.Join(j.Argv[1:], "\x00") {
				t.Errorf("got %q, want %q", got, j.Argv[1:])
			}
		}
	}
	// The check can fail.
	path := rendered(t, "windows", Task, plainJob)[0]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for old, new := range map[string]string{"IgnoreNew": "Ignore", "PT4H": "4h", "LogonType": "LoginType", "RandomDelay": "Enabled", `"Author">`: `"Nobody">`} {
		if err := os.WriteFile(path, toUTF16("\ufeff"+strings.Replace(fromUTF16(b), old, new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if valid(path) == nil {
			t.Errorf("%s instead of %s is valid", new, old)
		}
	}
}

// oddJob has all odd words.
func oddJob() Job {
	return Job{Argv: append([]string{"/k"}, odd...), Env: []Var{{"A", strings.Join(odd, " ")}}, Minute: 1}
}

func sameJob(t *testing.T, got, want Job) {
	t.Helper()
	if strings.Join(got.Argv, "\x00") != strings.Join(want.Argv, "\x00") {
		t.Errorf("got  %q\nwant %q", got.Argv, want.Argv)
	}
	if len(got.Env) != len(want.Env) {
		t.Errorf("got %v, want %v", got.Env, want.Env)
		return
	}
	for i := range want.Env {
		if got.Env[i] != want.Env[i] {
			t.Errorf("got  %q\nwant %q", got.Env[i], want.Env[i])
		}
	}
}
