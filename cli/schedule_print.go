package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/show"
	"keycare/rotate/schedule"
)

func schedulePrintCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "print",
		Usage: "show what install would write; write nothing",
		Flags: installFlags(e),
		UsageText: usage.Examples(
			"keycare schedule print", "the files of the best timer here",
			"keycare schedule print --kind cron", "a block for the crontab"),
		Action: action(e, runSchedulePrint),
	}
}

// runSchedulePrint writes exactly what install would. Where each file belongs is
// said on stderr, except that two units need a line between them, which to
// systemd is a comment.
func runSchedulePrint(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	k, j, err := timerJob(e, c, h)
	var passing *schedule.Passing
	if errors.As(err, &passing) {
		e.warn("%s is in a temporary folder and will not stay: write the path of an installed keycare in its place", e.homely(passing.Path))
	} else if err != nil {
		return err
	}
	files, err := h.Render(k, j)
	if err != nil {
		return err
	}
	for _, f := range files {
		if len(files) == 1 {
			fmt.Fprintf(e.Err, "# %s\n", f.Path)
		} else {
			fmt.Fprintf(e.Out, "# %s\n", f.Path)
		}
		// A file or a pipe gets the bytes as they are installed.
		data, to := f.Data, show.Under(e.Out)
		if e.Terminal.Out {
			data, to = []byte(f.Text()), e.Out
		}
		if _, err := to.Write(data); err != nil {
			return err
		}
	}
	return nil
}
