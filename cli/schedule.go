package cli

import (
	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

func scheduleCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "schedule",
		Category: "Automate",
		Usage:    "run audits and rotations on a schedule",
		Description: "The timer starts every four hours, also after the machine slept. It audits once a\n" +
			"day and retires old keys after their grace. It rotates nothing but the profiles\n" +
			"that are given to it by --rotate.",
		UsageText: usage.Examples(
			"keycare schedule install", "audit every day",
			"keycare schedule status", "is it there, and does it run?"),
		Action: onlySubcommands(e),
		Subcommands: []*cli.Command{
			scheduleInstallCommand(e),
			schedulePrintCommand(e),
			scheduleStatusCommand(e),
			scheduleRemoveCommand(e),
			scheduleRunCommand(e),
		},
	}
}
