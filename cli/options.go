package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/rotate"
	"keycare/rotate/state"
)

// stateDir is where rotations in flight and the history are kept: the XDG state
// folder, Application Support on macOS, LocalAppData on Windows.
func stateDir() string { return filepath.Join(xdg.StateHome, "keycare") }

func ownState() state.Folder { return state.Folder{Dir: stateDir(), Disk: disk.OS{}} }

// rotateOptions are the options that every command about rotations shares.
func rotateOptions(c *cli.Context) (*rotate.Options, error) {
	paths, err := credfile.Locate(credfile.OSEnv())
	if err != nil {
		return nil, err
	}
	set, err := loadSettings()
	if err != nil {
		return nil, err
	}
	timeout := rotate.DefaultTimeout
	if v := c.String("timeout"); v != "" {
		if timeout, err = parseAge(v); err != nil || timeout <= 0 {
			return nil, usagef("--timeout %q: must be a time such as 90s or 2m", v)
		}
	}
	o := &rotate.Options{
		Paths:   paths,
		State:   ownState(),
		Disk:    disk.OS{},
		Now:     time.Now,
		Wait:    wait,
		Timeout: timeout,
		Never:   set.NeverCall.Bars,
		Yes:     c.Bool("yes"),
		Say:     func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
	if term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())) {
		o.Confirm = func(question string) (bool, error) { return confirm(os.Stdin, os.Stderr, question) }
		o.AskLine = func(prompt string) (string, error) { return askLine(os.Stdin, os.Stderr, prompt) }
		o.MFACode = func(serial string) (string, error) {
			return askLine(os.Stdin, os.Stderr, "Code of MFA device "+serial+": ")
		}
	}
	switch code := c.String("mfa-code"); {
	case code != "" && !isCode(code):
		return nil, usagef("--mfa-code: it is not a code of six digits")
	case code != "":
		o.MFACode = func(string) (string, error) { return code, nil }
	case len(set.MFACommand) > 0:
		o.MFACode = func(serial string) (string, error) { return codeFrom(c.Context, set.MFACommand, serial) }
	}
	return o, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// codeFrom runs the program of the settings that prints a one-time code. The
// device's serial number is in KEYCARE_MFA_SERIAL. What it prints is never
// shown.
func codeFrom(ctx context.Context, command []string, serial string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "KEYCARE_MFA_SERIAL="+serial)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("mfa_command %q: %w", command[0], err)
	}
	code := strings.TrimSpace(string(out))
	if !isCode(code) {
		return "", fmt.Errorf("mfa_command %q printed no code of six digits", command[0])
	}
	return code, nil
}

// isCode reports whether s is what an MFA device shows.
func isCode(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// confirm asks a question; only "y" and "yes" agree.
func confirm(in io.Reader, out io.Writer, question string) (bool, error) {
	answer, err := askLine(in, out, question+" [y/N] ")
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// askLine reads one line, a byte at a time: what follows it is the next answer. The
// end of input is an empty answer.
func askLine(in io.Reader, out io.Writer, prompt string) (string, error) {
	fmt.Fprint(out, prompt)
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		if n > 0 && b[0] != '\n' {
			line = append(line, b[0])
		}
		if n > 0 && b[0] == '\n' || errors.Is(err, io.EOF) {
			return strings.TrimSpace(string(line)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

var formatFlag = &cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the result on standard output: text or json"}

// oneOf refuses a flag's value that is not in the set.
func oneOf(c *cli.Context, flag string, values ...string) (string, error) {
	v := c.String(flag)
	if !slices.Contains(values, v) {
		return "", badValue("--"+flag, v, values)
	}
	return v, nil
}

// parseAge reads a duration such as 90d, 12h or 1d12h; a bare number is days.
func parseAge(s string) (time.Duration, error) { return settings.ParseAge(s) }

// noArgs refuses arguments where a command takes none.
func noArgs(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%q: \"%s\" takes no such argument", c.Args().First(), c.Command.HelpName)
	}
	return nil
}
