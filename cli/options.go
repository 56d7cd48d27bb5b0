package cli

import (
	"errors"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/home"
	"keycare/rotate"
)

// rotateOptions are what every command about rotations shares, of its flags and
// the settings.
func rotateOptions(e *env, c *cli.Context) (rotate.Options, error) {
	paths, err := e.Paths()
	if err != nil {
		return rotate.Options{}, err
	}
	set, err := e.Settings()
	if err != nil {
		return rotate.Options{}, err
	}
	return rotateOptionsFor(e, c, paths, set)
}

// rotateOptionsFor are the same for paths and settings that the caller has.
func rotateOptionsFor(e *env, c *cli.Context, paths credfile.Paths, set *settings.Settings) (rotate.Options, error) {
	folder, err := e.State()
	if err != nil {
		return rotate.Options{}, err
	}
	// Where nobody reads any more what is said, a rotation goes on.
	signal.Ignore(syscall.SIGPIPE)
	o := rotate.Options{
		Paths:   paths,
		State:   folder,
		Disk:    e.Disk,
		Now:     e.Now,
		Wait:    e.Wait,
		Timeout: age(c, "timeout"),
		Barred:  set.NeverCall.Bars,
		Yes:     c.Bool("yes"),
		DropACL: c.Bool("drop-acl"),
		Say:     e.say,
		Running: func(id string) []home.Process {
			found, _ := home.ProcessesWith("/proc", id)
			return found
		},
	}
	o.Elsewhere = keptElsewhere(e)
	for _, path := range set.Copies {
		o.KnownCopies = append(o.KnownCopies, e.below(path))
	}
	o.After = func(profiles []string) (commands [][]string) {
		for _, p := range profiles {
			if argv := slices.Clone(set.After[p]); len(argv) > 0 {
				argv[0] = e.below(argv[0])
				if !slices.ContainsFunc(commands, func(c []string) bool { return slices.Equal(c, argv) }) {
					commands = append(commands, argv)
				}
			}
		}
		return commands
	}
	if e.canAsk() {
		o.Confirm = func(question string) (bool, error) { return e.confirm(c.Context, question) }
		o.AskLine = func(prompt string) (string, error) { return e.ask(c.Context, prompt) }
		o.MFACode = func(serial string) (string, error) {
			code, err := e.askCode(c.Context, "Code from MFA device "+serial+": ")
			if err == nil && code == "" {
				err = errors.New("no MFA code was typed")
			}
			return code, err
		}
	}
	if code := c.String("mfa-code"); code != "" {
		o.MFACode = onceThen(code, o.MFACode)
	} else if len(set.MFACommand) > 0 {
		o.MFACode = e.freshCode(c.Context, set.MFACommand)
	}
	return o, nil
}

// below is a path of the settings, with the home folder for ~.
func (e *env) below(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(e.Folders.Home, rest)
	}
	return path
}

// mfaCodeFlag is for the code of an MFA device.
func mfaCodeFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "mfa-code", Usage: "the `CODE` that the MFA device shows now",
		Action: func(_ *cli.Context, code string) error {
			if !isCode(code) {
				return usagef("--mfa-code: must be six digits")
			}
			return nil
		},
	}
}

func timeoutFlag() cli.Flag {
	return ageFlag("timeout", "2m", "how long to wait for AWS to accept the new key (`TIME`)", time.Second)
}

func dropACLFlag() cli.Flag {
	return &cli.BoolFlag{Name: "drop-acl", Usage: "go on even if the access list or attributes of a file cannot be kept"}
}

// maxAge is that of the flag, or else of the settings.
func maxAge(e *env, c *cli.Context) (time.Duration, error) {
	if c.IsSet("max-age") {
		return age(c, "max-age"), nil
	}
	set, err := e.Settings()
	if err != nil {
		return 0, err
	}
	return set.MaxAge, nil
}

// profileOf is the profile that is named, or else that of the environment.
func profileOf(e *env, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	name, err := e.Vars.Profile()
	if err != nil {
		return "", usageError{err}
	}
	return name, nil
}
