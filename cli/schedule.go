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
		Description: "The timer runs every four hours, and after the machine was asleep. It audits once\n" +
			"a day and retires old keys after their grace period. It rotates only the profiles\n" +
			"given with --rotate.",
		UsageText: usage.Examples(
			"keycare schedule install", "audit every day",
			"keycare schedule status", "is it installed, and does it run?"),
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
