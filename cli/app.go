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
func Run(ctx context.Context, args []string) int {
	app := newApp()
	if answerCompletion(os.Stdout, app, args) || answerHelp(os.Stdout, app, args) {
		return exitOK
	}
	err := app.RunContext(ctx, permute(app, args))
	return exitCode(ctx, err, os.Stderr)
}

func newApp() *cli.App {
	app := &cli.App{
		Name:                      "keycare",
		Usage:                     "keep the AWS keys on this machine in good health",
		Version:                   version(),
		Description:               appDescription,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,                         // a comma may stand in the name of a profile
		ExitErrHandler:            func(*cli.Context, error) {}, // exit codes are run's matter
		OnUsageError:              usageErrorOf,
		Action:                    noCommand,
		Commands: []*cli.Command{
			// in the order of helpGroups
			auditCommand(), explainCommand(), statusCommand(),
			fixCommand(), replaceRootCommand(),
			rotateCommand(), resumeCommand(), policyCommand(),
			scheduleCommand(), settingsCommand(),
			demoCommand(), completionCommand(), manCommand(),
		},
	}
	eachCommand(app.Commands, func(_ string, c *cli.Command) {
		c.OnUsageError = usageErrorOf
		c.HideHelpCommand = true
	})
	return app
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
