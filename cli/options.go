package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/rotate"
)

// rotateOptions are the options that every command about rotations shares.
func rotateOptions(e *env, c *cli.Context) (*rotate.Options, error) {
	paths, err := e.Paths()
	if err != nil {
		return nil, err
	}
	set, err := e.Settings()
	if err != nil {
		return nil, err
	}
	return rotateOptionsWith(e, c, paths, set)
}

// rotateOptionsWith are the same for paths and settings that the caller has.
func rotateOptionsWith(e *env, c *cli.Context, paths credfile.Paths, set *settings.Settings) (*rotate.Options, error) {
	state, err := e.State()
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
		State:   state,
		Disk:    e.Disk,
		Now:     e.Now,
		Wait:    wait,
		Timeout: timeout,
		Barred:  set.NeverCall.Bars,
		Yes:     c.Bool("yes"),
		Say:     e.say,
	}
	if e.canAsk() {
		o.Confirm = func(question string) (bool, error) { return e.confirm(c.Context, question) }
		o.AskLine = func(prompt string) (string, error) { return e.ask(c.Context, prompt) }
		o.MFACode = func(serial string) (string, error) {
			return e.ask(c.Context, "Code of MFA device "+serial+": ")
		}
	}
	switch code := c.String("mfa-code"); {
	case code != "" && !isCode(code):
		return nil, usagef("--mfa-code: it is not a code of six digits")
	case code != "":
		o.MFACode = func(string) (string, error) { return code, nil }
	case len(set.MFACommand) > 0:
		o.MFACode = func(serial string) (string, error) { return e.codeFrom(c.Context, set.MFACommand, serial) }
	}
	return o, nil
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

// orList is names for a sentence: "a, b or c".
func orList(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
