//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// someone is a user that no file of the machine belongs to.
const someone = 54321

// ownerCases are homes of a user who is not root, in which modes and owners say
// what no text can. Root makes them here, and the program runs as someone.
var ownerCases = []struct {
	name    string
	prepare func(t *testing.T, home string)
	env     string
	args    string
	code    int
	want    []string
	not     []string
}{
	{name: "system folder, sticky", prepare: elsewhere(0o777 | os.ModeSticky), env: "AWS_SHARED_CREDENTIALS_FILE=../system/keys", args: "audit --details --offline",
		want: []string{"1 profile, 1 key"}, not: []string{"chown", "chmod", "folder-mode", "file-owner"}},
	{name: "system folder, root's alone", prepare: elsewhere(0o755), env: "AWS_SHARED_CREDENTIALS_FILE=../system/keys", args: "audit --details --offline",
		want: []string{"1 profile, 1 key"}, not: []string{"chown", "chmod", "folder-mode", "file-owner"}},
	{name: "system folder, open to all", prepare: elsewhere(0o777), env: "AWS_SHARED_CREDENTIALS_FILE=../system/keys", args: "audit --details --offline", code: 1,
		want: []string{"folder-mode", "move the file"}, not: []string{"chown", "chmod"}},
	{name: "link into a system folder", prepare: linked, args: "audit --details --offline",
		want: []string{"1 profile, 1 key", "link-outside"}, not: []string{"chown", "chmod", "folder-mode", "file-owner"}},
	{name: "folder without x", prepare: func(t *testing.T, home string) { chmodIn(t, home, ".aws", 0o644) }, args: "audit --details --offline", code: 3,
		want: []string{"unreadable-file", "chmod 700"}, not: []string{"cli-history-file", "history.db"}},
	{name: "folder without x", prepare: func(t *testing.T, home string) { chmodIn(t, home, ".aws", 0o644) }, args: "fix --dry-run", code: 3, not: []string{"history.db"}},
	{name: "config file of root's", prepare: rootsConfig, args: "audit --details --offline", code: 3,
		want: []string{"unreadable-file", "could not be read", "the config file belongs to another user", "sudo chown"}, not: []string{"config file with keys"}},
}

// elsewhere moves the credentials file into a folder of root's with a mode.
func elsewhere(mode os.FileMode) func(t *testing.T, home string) {
	return func(t *testing.T, home string) {
		system := filepath.Join(filepath.Dir(home), "system")
		err := os.Mkdir(system, 0o755)
		if err == nil {
			err = os.Rename(filepath.Join(home, ".aws", "credentials"), filepath.Join(system, "keys"))
		}
		if err == nil {
			err = os.Chown(system, 0, 0)
		}
		if err == nil {
			err = os.Chmod(system, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func linked(t *testing.T, home string) {
	elsewhere(0o755)(t, home)
	if err := os.Symlink("../../system/keys", filepath.Join(home, ".aws", "credentials")); err != nil {
		t.Fatal(err)
	}
}

func rootsConfig(t *testing.T, home string) {
	path := filepath.Join(home, ".aws", "config")
	writeFile(t, path, "[default]\nregion = us-east-1\n", 0o600)
	if err := os.Chown(path, 0, 0); err != nil {
		t.Fatal(err)
	}
}

func TestOwnerCases(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of two owners")
	}
	program, err := os.ReadFile(lookKeycare(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ownerCases {
		t.Run(c.name+" "+c.args, func(t *testing.T) {
			home := caseHome(t, "config-dev-null")
			base := filepath.Dir(home)
			for dir := base; dir != filepath.Dir(os.TempDir()) && len(dir) > 1; dir = filepath.Dir(dir) { // someone has to get there
				if fi, err := os.Stat(dir); err == nil && fi.Mode().Perm()&0o001 == 0 {
					if err := os.Chmod(dir, fi.Mode().Perm()|0o011); err != nil {
						t.Fatal(err)
					}
				}
			}
			keycare := filepath.Join(base, "keycare")
			if err := os.WriteFile(keycare, program, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{home, filepath.Join(home, ".aws"), filepath.Join(home, ".aws", "credentials")} {
				if err := os.Chown(path, someone, someone); err != nil {
					t.Fatal(err)
				}
			}
			c.prepare(t, home)
			cmd := exec.Command(keycare, strings.Fields(c.args)...)
			cmd.Env = environment(home, "http://127.0.0.1:9")
			if c.env != "" {
				cmd.Env = append(cmd.Env, strings.Replace(c.env, "=..", "="+base, 1))
			}
			cmd.Dir = home
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: someone, Gid: someone}}
			out, _ := cmd.CombinedOutput()
			flat := strings.Join(strings.Fields(string(out)), " ")
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(flat, want) {
					t.Errorf("does not say %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(flat, not) {
					t.Errorf("says %q", not)
				}
			}
			if t.Failed() {
				t.Log(string(out))
			}
		})
	}
}
