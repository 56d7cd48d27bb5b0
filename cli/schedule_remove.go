package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

func scheduleRemoveCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "remove",
		Usage: "remove the timer",
		UsageText: usage.Examples(
			"keycare schedule status", "what is installed",
			"keycare schedule remove", "remove it"),
		Action: writing(e, runScheduleRemove),
	}
}

func runScheduleRemove(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	gone, err := h.Remove(c.Context)
	for _, t := range gone {
		fmt.Fprintf(e.Out, "removed: %s\n", t.Kind.Title())
		for _, w := range t.Where {
			fmt.Fprintf(e.Out, "  %s\n", w)
		}
	}
	if err == nil && len(gone) == 0 {
		fmt.Fprintln(e.Out, "no timer is installed, so there is nothing to remove")
	}
	return err
}
