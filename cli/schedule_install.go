package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/rotate/job"
	"keycare/rotate/schedule"
)

func scheduleInstallCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "install",
		Usage: "install or change the timer",
		Description: "A second install replaces the first. The timer keeps the proxies, certificates,\n" +
			"file locations and regions set in this shell, but never keys.",
		Flags: installFlags(e),
		UsageText: usage.Examples(
			"keycare schedule install", "audit every day",
			"keycare schedule install --rotate work", "rotate that key when due"),
		Action: writing(e, runScheduleInstall),
	}
}

func runScheduleInstall(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	k, j, err := timerJob(e, c, h)
	if err != nil {
		return err
	}
	state, err := e.State()
	if err != nil {
		return err
	}
	r, err := h.Install(c.Context, k, j)
	if err != nil {
		return err
	}
	if r.Same {
		fmt.Fprintf(e.Out, "already installed, nothing changed: %s\n", k.Title())
	} else {
		fmt.Fprintf(e.Out, "installed: %s\n", k.Title())
	}
	for _, w := range r.Timer.Where {
		fmt.Fprintf(e.Out, "  %s\n", w)
	}
	for _, t := range r.Removed {
		fmt.Fprintf(e.Out, "removed: %s, for one timer is enough\n", t.Kind.Title())
	}
	fmt.Fprintf(e.Out, "starts every four hours: %s\n", schedule.Line(e.Vars.GOOS, j.Argv))
	if len(j.Env) > 0 {
		fmt.Fprintf(e.Out, "with, from this shell: %s\n", strings.Join(varNames(j.Env), ", "))
	}
	if k.Traits().StartsNow && !r.Same {
		fmt.Fprintln(e.Out, "first run: now")
	} else if at := nextRun(r.Timer); at != "" {
		fmt.Fprintf(e.Out, "next run: %s\n", at)
	}
	for _, t := range r.Timer.Trouble {
		e.warn("%s", t)
	}
	also := k.Traits().Logs
	if also != "" {
		also = ", " + also
	}
	fmt.Fprintf(e.Out, "to see how it goes: keycare schedule status%s; its log is %s\n", also, job.LogPath(state))
	if len(c.StringSlice("rotate")) == 0 {
		fmt.Fprintln(e.Out, "it audits once a day and rotates nothing: give --rotate PROFILE to put a profile's key in its care")
	}
	return nil
}
