package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/rotate"
	"keycare/rotate/state"
)

// The exit codes. exitTable says what they mean, for help and README.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitFailed      = 3
	exitHalf        = 4
	exitInterrupted = 130
)

var exitTable = []struct {
	code int
	text string
}{
	{exitOK, "all well"},
	{exitFindings, "the audit found something at or above --fail-on"},
	{exitUsage, "wrong usage; nothing was done"},
	{exitFailed, "failed or refused; nothing is left half done"},
	{exitHalf, "stopped half way; \"keycare resume\" will finish"},
	{exitInterrupted, "interrupted; nothing is left half done"},
}

const appDescription = `Reads the AWS shared files (~/.aws/credentials and ~/.aws/config), says what is
wrong with the keys in them, and rotates the keys of IAM users: create, update
file, verify, then delete old. Whatever fails, a working key stays in the file.

Without a command it says what it sees and what to do next, and asks nobody. The
exit code is then 0, or 3 if a file could not be read.`

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// badValue refuses a value that is not one of values.
func badValue(what, value string, values []string) error {
	if near := credfile.Nearest(value, values); near != "" {
		return usagef("%s %q: must be one of %s; did you mean %q?", what, value, strings.Join(values, ", "), near)
	}
	return usagef("%s %q: must be one of %s", what, value, strings.Join(values, ", "))
}

func usageErrorOf(c *cli.Context, err error, _ bool) error {
	name := "keycare"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	if flag, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok && c.Command != nil {
		var known []string
		for _, f := range c.Command.Flags {
			known = append(known, f.Names()...)
		}
		if near := credfile.Nearest(strings.TrimLeft(flag, "-"), known); near != "" {
			return usagef("no such flag --%s; did you mean --%s?", strings.TrimLeft(flag, "-"), near)
		}
	}
	return usagef("%w; see \"%s --help\"", err, name)
}

// errFindings ends an audit that found something at or above the limit.
var errFindings = errors.New("findings")

// noCommand runs where no command, an unknown one, or help is named.
func noCommand(e *env, c *cli.Context) error {
	if !c.Args().Present() {
		return runFirst(e)
	}
	name, about := c.Args().First(), c.Args().Tail()
	if name == "version" {
		return usagef("no such command \"keycare version\"; did you mean \"keycare --version\"?")
	}
	if name != "help" {
		return unknownCommand("keycare", name, c.App.VisibleCommands())
	}
	if len(about) == 0 {
		fmt.Fprint(e.Out, appHelp(c.App))
		return nil
	}
	command, known := commandOf(c.App, append([]string{c.App.Name}, about...))
	if command == nil || known <= len(about) {
		return unknownCommand("keycare", strings.Join(about, " "), c.App.Commands)
	}
	fmt.Fprint(e.Out, commandHelp(strings.Join(about, " "), command))
	return nil
}

// noSubcommand is the action of a command that has sub-commands only.
func noSubcommand(e *env, c *cli.Context) error {
	if c.Args().Present() {
		return unknownCommand(c.Command.HelpName, c.Args().First(), c.Command.Subcommands)
	}
	fmt.Fprint(e.Out, commandHelp(strings.TrimPrefix(c.Command.HelpName, c.App.Name+" "), c.Command))
	return nil
}

func unknownCommand(parent, name string, among []*cli.Command) error {
	var names []string
	for _, known := range among {
		if !known.Hidden {
			names = append(names, known.Name)
		}
	}
	if near := credfile.Nearest(name, names); near != "" {
		return usagef("no such command %q; did you mean \"%s %s\"?", parent+" "+name, parent, near)
	}
	return usagef("no such command %q; see \"%s --help\"", parent+" "+name, parent)
}

// exitCode tells the error to a person and returns its exit code.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var half *rotate.HalfDone
	var untrusted *state.Untrusted
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	}
	var told toldError
	if !errors.As(err, &told) {
		fmt.Fprintf(stderr, "keycare: %v\n", err)
	}
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &half), errors.As(err, &untrusted) && untrusted.Open:
		return exitHalf
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitFailed
}

// crashed tells of a bug, without what was at hand, which may be a secret, and
// returns the exit code.
func (e *env) crashed() int {
	code, left := exitFailed, "no rotation is in flight"
	folder, err := e.State()
	if err == nil && unfinished(folder, e.Now()) {
		code, left = exitHalf, "a rotation is not finished: run \"keycare resume\""
	}
	e.say("keycare: this is a bug in keycare, which stopped in the middle of its work; %s", left)
	return code
}

// unfinished reports whether a rotation has to be gone on with, or whether that
// cannot be known.
func unfinished(folder state.Folder, now time.Time) bool {
	open, err := rotate.InFlight(folder)
	return err != nil || slices.ContainsFunc(open, func(j *state.Journal) bool { return !j.Resting(now) })
}
