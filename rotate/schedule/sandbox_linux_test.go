package schedule

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sandbox runs a shell script with a systemd user manager and a cron daemon of
// its own, as a user who exists nowhere else. $WORK is a folder of the test's.
func sandbox(t *testing.T, work, script string) {
	t.Helper()
	path := filepath.Join(work, "script")
	if err := os.WriteFile(path, []byte("set -eu\nWORK='"+work+"'\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("testdata/sandbox.sh", work, "sh", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// workFolder is one that the sandbox's user can enter.
func workFolder(t *testing.T) string {
	t.Helper()
	if os.Getenv("KEYCARE_TIMERS") == "" {
		t.Skip("SKIPPED: takes a minute and needs root; .ci/timers runs it, with KEYCARE_TIMERS=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: name spaces of its own need root")
	}
	need(t, "unshare", "setpriv", "dbus-run-session", "systemctl", "cron", "crontab")
	work := t.TempDir()
	if err := os.Chmod(filepath.Dir(work), 0o755); err != nil {
		t.Fatal(err)
	}
	return work
}

// The real systemd and the real cron read what is written as it is meant: the
// program gets the very words and variables.
func TestRealReaders(t *testing.T) {
	work := workFolder(t)
	out := filepath.Join(work, "home", "out")
	prog := filepath.Join(work, `a b 100% $HOME ${X} é it's "q" \`, "keycare")
	for _, dir := range []string{filepath.Dir(prog), filepath.Join(work, "units"), out} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// It must hold for a path that systemd takes, too.
	plainer := filepath.Join(work, `a b 100% $HOME ${X} é`)
	if err := os.Symlink(filepath.Dir(prog), plainer); err != nil {
		t.Fatal(err)
	}
	const say = "#!/bin/sh\nprintf '%s\\0' \"$@\" >\"$OUT.part\"; printf '%s\\0' \"$A\" >>\"$OUT.part\"; umask >>\"$OUT.part\"; mv \"$OUT.part\" \"$OUT\"\n"
	if err := os.WriteFile(prog, []byte(say), 0o755); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	jobOf := func(name, prog string, words []string) Job {
		a := strings.Join(words, " ")
		want[name] = strings.Join(words, "\x00") + "\x00" + a + "\x000077\n"
		return Job{Argv: append([]string{prog}, words...), Env: []Var{{"A", a}, {"OUT", filepath.Join(out, name)}}, Minute: 1}
	}
	var script, tab strings.Builder
	for i, prog := range []string{prog, filepath.Join(plainer, "keycare")} {
		name := fmt.Sprintf("systemd%d", i)
		files, err := systemdFiles(testHost(t, "linux"), jobOf(name, prog, odd))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(work, "units", name+".service"), files[0].Data, 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&script, "mkdir -p ~/.config/systemd/user; cp $WORK/units/%s.service ~/.config/systemd/user; systemctl --user daemon-reload; systemctl --user start %s.service || { systemctl --user status %s.service; exit 1; }\n", name, name, name)
	}
	for words := range slices.Chunk(odd, 12) {
		j := jobOf(fmt.Sprintf("cron%d", len(want)), prog, words)
		tab.WriteString(strings.Replace(string(block(t, j)), "1 */4", "* *", 1))
	}
	// What is longest still runs, and what is longer is refused by cron as well.
	long := Job{Argv: []string{prog, ""}, Env: []Var{{"A", "x"}, {"OUT", filepath.Join(out, "long")}}, Minute: 1}
	for {
		longer := long
		longer.Argv = []string{prog, long.Argv[1] + "x"}
		if _, err := cronFiles(nil, longer); err != nil {
			break
		}
		long = longer
	}
	want["long"] = long.Argv[1] + "\x00x\x000077\n"
	longest := strings.Replace(string(block(t, long)), "1 */4", "* *", 1)
	tab.WriteString(longest)
	over := strings.Replace(longest, "xxx", "xxxx", 1)
	for name, text := range map[string]string{"tab": tab.String(), "over": over} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintf(&script, `
crontab - <"$WORK/over" 2>"$WORK/home/over" && echo taken >"$WORK/home/over"
crontab - <"$WORK/tab"
crontab -l | cmp - "$WORK/tab"
for i in $(seq 900); do
  [ "$(ls "$WORK/home/out" | grep -vc part)" -eq %d ] && break
  sleep 0.1
done
crontab -r
`, len(want))
	sandbox(t, work, script.String())
	for name, want := range want {
		got, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s: got  %q\nwant %q", name, got, want)
		}
	}
	if said, err := os.ReadFile(filepath.Join(work, "home", "over")); err != nil || !strings.Contains(string(said), "too long") {
		t.Errorf("a longer line: %q, %v", said, err)
	}
	t.Logf("%d programs were started", len(want))
}
