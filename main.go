// Command keycare keeps the AWS access keys on a developer's machine in good
// health: it audits the AWS shared files and rotates IAM users' keys.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args))
}

// run is main without the exit: it returns the exit code.
func run(ctx context.Context, args []string) int {
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
