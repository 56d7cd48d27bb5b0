// Package cli is the command line of keycare: the commands, their flags and
// exit codes, and what they print.
package cli

import (
	"context"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// Run carries out the command line args, the program's name first, and returns
// the exit code.
func Run(ctx context.Context, args []string, in, out, err *os.File) int {
	e := osEnv(args[0], in, out, err)
	defer e.flush()
	return run(ctx, e, args)
}

func run(ctx context.Context, e *env, args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = e.crashed()
		}
	}()
	app := newApp(e)
	if answerCompletion(e, app, args) || answerHelp(e.Out, app, args) {
		return exitOK
	}
	err := app.RunContext(ctx, permute(app, args))
	return exitCode(ctx, err, e.Err)
}

func newApp(e *env) *cli.App {
	app := &cli.App{
		Name:                      "keycare",
		Usage:                     "keep the AWS keys on this machine in good health",
		Version:                   version(),
		Description:               appDescription,
		Reader:                    e.In,
		Writer:                    e.Out,
		ErrWriter:                 e.Err,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,                         // a comma may stand in the name of a profile
		ExitErrHandler:            func(*cli.Context, error) {}, // exit codes are run's matter
		OnUsageError:              usageErrorOf,
		Action:                    action(e, noCommand),
		Commands: []*cli.Command{
			// in the order of helpGroups
			auditCommand(e), explainCommand(e), statusCommand(e),
			fixCommand(e), replaceRootCommand(e),
			rotateCommand(e), resumeCommand(e), policyCommand(e),
			scheduleCommand(e), settingsCommand(e),
			demoCommand(e), completionCommand(e), manCommand(e),
		},
	}
	eachCommand(app.Commands, func(_ string, c *cli.Command) {
		c.OnUsageError = usageErrorOf
		c.HideHelpCommand = true
	})
	return app
}

// action gives a command its environment.
func action(e *env, run func(*env, *cli.Context) error) cli.ActionFunc {
	return func(c *cli.Context) error { return run(e, c) }
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is the module's version, or the commit that a source tree was at,
// with its day.
func versionOf(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	vcs := map[string]string{}
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	version := "development"
	if revision := vcs["vcs.revision"]; revision != "" {
		version += "-" + revision[:min(12, len(revision))]
	}
	if vcs["vcs.modified"] == "true" {
		version += "+changes"
	}
	if day, _, _ := strings.Cut(vcs["vcs.time"], "T"); day != "" {
		version += " of " + day
	}
	return version
}
