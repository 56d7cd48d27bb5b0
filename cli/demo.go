package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/rotate/awstest"
)

func demoCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "demo",
		Category: "More",
		Usage:    "show a whole audit and rotation with made-up keys",
		Description: "Makes a temporary home folder and an IAM on this machine's loopback, audits, rotates,\n" +
			"audits again and cleans up. It touches nothing of yours and makes no call outside\n" +
			"this machine.",
		UsageText: usage.Examples(
			"keycare demo", "all of it, in a few seconds",
			"keycare demo | less", "page by page"),
		Action: action(e, func(e *env, c *cli.Context) error { return runDemo(c.Context, e) }),
	}
}

// demo is the made-up home and the IAM that knows its keys.
type demo struct {
	*env
	home string
	iam  *awstest.Server
}

func runDemo(ctx context.Context, e *env) (err error) {
	signal.Ignore(syscall.SIGPIPE) // "demo | head": the home is removed all the same
	home, err := os.MkdirTemp("", "keycare-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	iam, err := awstest.Start(awstest.Options{AnyRegion: true})
	if err != nil {
		return fmt.Errorf("cannot start the built-in IAM: %w", err)
	}
	defer iam.Close()
	d := demo{e, home, iam}
	if err := d.furnish(e.Now()); err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "This demo uses a made-up home, %s, and an IAM built into keycare, on %s.\nIt touches nothing of yours.\n", home, iam.URL())
	before, err := os.ReadFile(d.credentials())
	if err != nil {
		return err
	}
	for _, step := range []struct {
		say  string
		args []string
	}{
		{"First, what is wrong here?", []string{"audit"}},
		{"The key of work is old, and deploy has the same one. What would a rotation do?", []string{"rotate", "work", "--dry-run"}},
		{"Do it.", []string{"rotate", "work", "--yes"}},
		{"And now?", []string{"audit"}},
	} {
		_, err := fmt.Fprintf(e.Out, "\n# %s\n$ keycare %s\n", step.say, strings.Join(step.args, " "))
		if err == nil {
			err = d.run(ctx, step.args)
		}
		if errors.Is(err, syscall.EPIPE) {
			return nil // nobody reads any more
		}
		if err != nil {
			return err
		}
	}
	after, err := os.ReadFile(d.credentials())
	if err != nil {
		return err
	}
	changed, total := changedLines(before, after)
	fmt.Fprintf(e.Out, "\n# %d of the file's %d lines have changed; comments, order and line ends are as they were.\n", changed, total)
	fmt.Fprintln(e.Out, "# Your turn: \"keycare audit\" looks at your own files and changes nothing.")
	return nil
}

func (d demo) credentials() string { return filepath.Join(d.home, ".aws", "credentials") }

// furnish fills the home: a root key, an old key under two names, a fresh key,
// a session key that was left over, and a file that others can read.
func (d demo) furnish(now time.Time) error {
	const day = 24 * time.Hour
	root := d.iam.AddRootKey(awstest.DefaultAccount, now.Add(-900*day))
	d.iam.AddUser(awstest.User{Name: "dana", Path: "/team/"})
	d.iam.AddUser(awstest.User{Name: "dana-ci"})
	stale := d.iam.AddKey("dana", now.Add(-412*day))
	fresh := d.iam.AddKey("dana-ci", now.Add(-12*day))
	session := d.iam.AddSession("dana", now.Add(-30*day))
	text := fmt.Sprintf(`# Keys of the team. Ask Dana before you touch this file.
[default]
aws_access_key_id = %s
aws_secret_access_key = %s

[work]
aws_access_key_id=%s
aws_secret_access_key=%s
; region moved to the config file

[ci]
	aws_access_key_id     = %s
	aws_secret_access_key = %s

[deploy]   # the same key as work
aws_access_key_id = %s
aws_secret_access_key = %s

[old-mfa]
aws_access_key_id = %s
aws_secret_access_key = %s
aws_session_token = %s
`, root.ID, root.Secret, stale.ID, stale.Secret, fresh.ID, fresh.Secret, stale.ID, stale.Secret,
		session.ID, session.Secret, session.Token)
	config := "[default]\nregion = eu-central-1\n\n[profile work]\nregion = eu-central-1\noutput = json\n"
	if err := os.Mkdir(filepath.Dir(d.credentials()), 0o755); err != nil {
		return err
	}
	err := os.WriteFile(filepath.Join(d.home, ".aws", "config"), []byte(config), 0o600)
	return errors.Join(err, os.WriteFile(d.credentials(), []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o644))
}

// run runs this program with nothing of the user's environment.
func (d demo) run(ctx context.Context, args []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Args[0] = d.Program
	cmd.Stdout, cmd.Stderr = d.Out, d.Out // one story, in order
	cmd.Env = d.environ()
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitFindings {
		return nil // there is something to find
	}
	if exit != nil && exit.String() == "signal: broken pipe" {
		return syscall.EPIPE
	}
	if err != nil {
		return fmt.Errorf("keycare %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// environ has nothing of the user's. Windows asks the system for the folders that
// it does not name.
func (d demo) environ() []string {
	in := func(name string) string { return filepath.Join(d.home, name) }
	vars := []string{
		"HOME=" + d.home, "USERPROFILE=" + d.home, "LOCALAPPDATA=" + d.home,
		"XDG_CONFIG_HOME=" + in("settings"), "XDG_STATE_HOME=" + in("state"), "XDG_CACHE_HOME=" + in("cache"), "XDG_DATA_HOME=" + in("data"),
		"XDG_DOWNLOAD_DIR=" + in("Downloads"), "XDG_DESKTOP_DIR=" + in("Desktop"),
		"AWS_ENDPOINT_URL=" + d.iam.URL(), "AWS_EC2_METADATA_DISABLED=true",
	}
	for _, name := range []string{"TERM", "NO_COLOR", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "GOCOVERDIR"} {
		if v, ok := d.Vars.Lookup(name); ok {
			vars = append(vars, name+"="+v)
		}
	}
	return vars
}

// changedLines counts the lines of two texts of equal length that differ.
func changedLines(a, b []byte) (changed, total int) {
	la, lb := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(la), len(lb)) {
		if !bytes.Equal(la[i], lb[i]) {
			changed++
		}
	}
	return changed, len(la) - 1
}
