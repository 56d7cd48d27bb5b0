package cli

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

// An output that cannot be written is exit code 3, whatever the command: it would
// else be taken for one with nothing to say.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	t.Cleanup(func() { _ = full.Close() })
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	creds := "[work]\naws_access_key_id = AKIAQAAAAAAAQAAAAAAA\naws_secret_access_key = " + strings.Repeat("s", 40) + "\n"
	if err := os.WriteFile(filepath.Join(home, ".aws", "credentials"), []byte(creds), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := []string{"", "--help", "--version", "audit --offline", "audit --dry-run", "audit --offline --format json", "audit --offline --format csv",
		"audit --offline --format markdown", "explain", "explain old-key", "status", "status --format json", "fix --dry-run", "policy", "settings",
		"completion bash", "completion zsh", "completion fish", "completion powershell", "man", "demo", "schedule print --kind cron", "schedule print --kind systemd",
		"resume --format json", "rotate --all --format json", "help", "help rotate"}
	usage.Each(newApp(&env{}).Commands, func(name string, c *cli.Command) {
		if !c.Hidden {
			lines = append(lines, strings.TrimPrefix(name+" --help", "keycare "))
		}
	})
	path := lookKeycare(t)
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(path, strings.Fields(line)...)
			cmd.Env = append(environment(home, "http://127.0.0.1:1"), "TMPDIR="+t.TempDir())
			cmd.Stdout = full
			said, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var last string
			for s := bufio.NewScanner(said); s.Scan(); {
				last = s.Text()
			}
			err = cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
				t.Errorf("%v; it said %q", err, last)
			}
		})
	}
}

// A demo whose output nobody reads to its end leaves nothing behind.
func TestDemoIntoHead(t *testing.T) {
	tmp := t.TempDir()
	cmd := exec.Command("sh", "-c", "\"$0\" demo | head -1", lookKeycare(t))
	cmd.Env = append(environment(t.TempDir(), "http://127.0.0.1:1"), "TMPDIR="+tmp, "PATH="+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
