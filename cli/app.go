// Package cli is the command line of keycare: the commands, their flags and
// exit codes, and what they print.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/notice"
	"keycare/cli/usage"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// Signals are those that stop a command: the context of Run ends with them. Go
// itself would die of the last two with exit code 2, which means wrong usage.
var Signals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT}

// Run carries out the command line args, the program's name first, and returns
// the exit code.
func Run(ctx context.Context, args []string, in, out, err *os.File) int {
	noCore()
	if notice.Asked(args[1:]) {
		return notice.Answer(in, err)
	}
	e := osEnv(args[0], in, out, err)
	defer e.leave()
	code := execute(ctx, e, args[1:])
	e.flush()
	return e.written(code)
}

// written is the exit code once the output is written: what is lost was not done.
// That nobody reads any more is no failure.
func (e *env) written(code int) int {
	w, ok := e.Out.(*show.Writer)
	if !ok || code != exitOK && code != exitFindings {
		return code
	}
	if err := w.Err(); err != nil && !errors.Is(err, syscall.EPIPE) {
		e.say("keycare: cannot write the output: %v", err)
		return exitFailed
	}
	return code
}

// execute is Run for words without the program's name.
func execute(ctx context.Context, e *env, words []string) (code int) {
	defer func() {
		if recover() != nil { // what it is may hold a secret
			code = crashed(e)
		}
	}()
	e.hideGiven(words)
	app := newApp(e)
	if complete.Answer(e.Out, app, words) {
		return exitOK
	}
	if words, e.debug = takeDebug(words); answerFlag(e, app, words) {
		return exitOK
	}
	if err := missingValue(usage.Read(app, words)); err != nil {
		return exitCode(ctx, e, err)
	}
	err := app.RunContext(ctx, append([]string{app.Name}, usage.FlagsFirst(app, words)...))
	return exitCode(ctx, e, err)
}

// missingValue refuses a flag without its value, for which the parser would take
// what follows it, and what is empty: most often a variable of a script that is not
// set. As if it had not been given, something else would be done.
func missingValue(l usage.Line) error {
	name := strings.TrimSpace("keycare " + l.Name)
	switch {
	case l.Open != "" || l.Without != "":
		return usagef("%s needs a value; for the flags: %s --help", dashed(cmp.Or(l.Without, l.Open)), name)
	case l.Command != nil && slices.Contains(l.Given, ""):
		return usagef("an argument of \"%s\" is empty: leave it out, or say what is meant", name)
	}
	return nil
}

// takeDebug takes --debug out of the words, wherever it stands.
func takeDebug(words []string) (rest []string, debug bool) {
	for i, w := range words {
		switch w {
		case "--":
			return append(rest, words[i:]...), debug
		case "--debug":
			debug = true
		default:
			rest = append(rest, w)
		}
	}
	return rest, debug
}

// newApp is the command tree. A command more is a file, as explain.go is, and a
// line here; the order is that of the help and of the man page, where those with
// the same Category stand together.
func newApp(e *env) *cli.App {
	app := &cli.App{
		Name:                      "keycare",
		Usage:                     "audit and rotate the AWS access keys on this machine",
		Version:                   version(),
		Description:               appDescription,
		Reader:                    e.In,
		Writer:                    e.Out,
		ErrWriter:                 e.Err,
		HideHelp:                  true, // answerFlag answers: the library's own flags are one for all trees
		HideVersion:               true,
		DisableSliceFlagSeparator: true,                         // a comma may stand in the name of a profile
		ExitErrHandler:            func(*cli.Context, error) {}, // exit codes are Run's matter
		OnUsageError:              usageErrorOf,
		Action:                    func(c *cli.Context) error { return noCommand(e, c) },
		UsageText: usage.Examples(
			"keycare", "what it sees, and what to do next",
			"keycare audit", "what is wrong; changes nothing",
			"keycare rotate work --dry-run", "what a rotation would do",
			"keycare rotate work", "rotate the key of profile work",
			"keycare demo", "see it work without keys of your own"),
		Commands: []*cli.Command{
			auditCommand(e),
			reportCommand(e),
			explainCommand(e),
			scanCommand(e),
			guardCommand(e),
			statusCommand(e),
			fixCommand(e),
			replaceRootCommand(e),
			rotateCommand(e),
			resumeCommand(e),
			policyCommand(e),
			scheduleCommand(e),
			settingsCommand(e),
			acceptCommand(e),
			demoCommand(e),
			completionCommand(e),
			manCommand(e),
		},
	}
	usage.Each(app.Commands, func(_ string, c *cli.Command) {
		c.OnUsageError = usageErrorOf
		c.HideHelp = true
	})
	return app
}

const appDescription = `Reads ~/.aws/credentials and ~/.aws/config, reports what is wrong with the keys in
them, and rotates the keys of IAM users: create, update file, verify, then delete
old. Whatever fails, a working key stays in the file.

Without a command it says what it sees and what to do first, and never prompts. The
exit code is then 0, or 3 if a file could not be read.`

// answerFlag writes what --help or --version asks for, whatever else stands
// there. It reports false if words have neither.
func answerFlag(e *env, app *cli.App, words []string) bool {
	l := usage.Read(app, words)
	asked := func(name, short string) bool { return slices.Contains(l.Used, name) || slices.Contains(l.Used, short) }
	switch {
	case asked("help", "h") && l.Command != nil:
		fmt.Fprint(e.Out, usage.Page(l.Name, l.Command))
	case asked("help", "h"):
		fmt.Fprint(e.Out, manual(app).Page())
	case asked("version", "v") && l.Command == nil:
		fmt.Fprintln(e.Out, app.Name, "version", app.Version)
	default:
		return false
	}
	return true
}

// noCommand runs where no command, an unknown one, or help is named.
func noCommand(e *env, c *cli.Context) error {
	if !c.Args().Present() {
		return runStart(e)
	}
	name, about := c.Args().First(), c.Args().Tail()
	switch {
	case name == "version":
		return usagef("no such command \"keycare version\"; did you mean \"keycare --version\"?")
	case name != "help":
		return unknownCommand("keycare", name, c.App.VisibleCommands())
	case len(about) == 0:
		fmt.Fprint(e.Out, manual(c.App).Page())
		return nil
	}
	l := usage.Read(c.App, about)
	if l.Command == nil || l.First < len(about) {
		return unknownCommand("keycare", strings.Join(about, " "), c.App.Commands)
	}
	fmt.Fprint(e.Out, usage.Page(l.Name, l.Command))
	return nil
}

// crashed tells of a bug and returns the exit code.
func crashed(e *env) int {
	code, left := exitFailed, "no rotation is unfinished"
	if folder, err := e.State(); err != nil {
		left = "nothing was begun"
	} else if open, err := unfinished(folder); open != "" || err != nil {
		code, left = exitHalf, "a rotation is unfinished: run \"keycare resume\""
	}
	e.say("keycare: this is a bug in keycare, which stopped in the middle of its work; %s", left)
	return code
}

// usageErrorOf makes a sentence of what the flags' parser says.
func usageErrorOf(c *cli.Context, err error, _ bool) error {
	name := "keycare"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	known := []string{"help", "debug"}
	if c.Command != nil {
		for _, f := range c.Command.Flags {
			known = append(known, f.Names()...)
		}
	}
	for _, form := range flagErrors {
		m := form.said().FindStringSubmatch(err.Error())
		if m == nil {
			continue
		}
		if form.unknown && m[1] == "profile" && strings.Contains(c.Command.ArgsUsage, "PROFILE") {
			return usagef("no such flag --profile: the profiles are arguments, as in: %s work", name)
		}
		if near := nearest(m[1], known, 1); form.unknown && near != "" {
			return usagef("no such flag %s; did you mean --%s?", dashed(m[1]), near)
		}
		return usagef(form.says+"; for the flags: %s --help", dashed(m[1]), name)
	}
	return usagef("%w; for the flags: %s --help", err, name)
}

// flagErrors are what the flags' parser says, and what keycare says for it.
var flagErrors = []struct {
	said    func() *regexp.Regexp
	says    string
	unknown bool
}{
	{pattern.Of(`^flag provided but not defined: -+(.*)$`), "no such flag %s", true},
	{pattern.Of(`^flag needs an argument: -+(.*)$`), "%s needs a value", false},
	{pattern.Of(`^invalid boolean value ".*" for -+([^:]*):`), "%s takes no value", false},
	{pattern.Of(`^bad flag syntax: (.*)$`), "no such flag %s", false},
}

// dashed is a flag's name as it is typed.
func dashed(name string) string {
	switch name = show.Plain(name); {
	case strings.HasPrefix(name, "-"):
		return name
	case len(name) == 1:
		return "-" + name
	}
	return "--" + name
}
