package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
)

func resumeCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Category:  "Rotate",
		ArgsUsage: "[PROFILE]...",
		Usage:     "finish or roll back an interrupted rotation",
		Description: "Every rotate does this first for the key that it is about. A rotation in grace\n" +
			"is finished when the grace has ended and nobody used the old key since.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Usage: "do not ask"},
			&cli.BoolFlag{Name: "undo", Usage: "go back to the old key"},
			&cli.StringFlag{Name: "delete-key", Usage: "delete the key with this `ID`, which a request whose reply was lost may have made"},
			&cli.BoolFlag{Name: "keep-both", Usage: "close rotations that have switched and leave the old key as it is"},
			&cli.StringFlag{Name: "forget", Usage: "set the notes of rotation `ID` aside, which cannot be read; deletes nothing"},
			dropACLFlag(), mfaCodeFlag(), timeoutFlag(), resultFormat(),
		},
		UsageText: usage.Examples(
			"keycare resume", "finish what is unfinished",
			"keycare resume --keep-both", "close it, and delete nothing",
			"keycare resume --forget 0123456789ab", "set damaged notes aside"),
		Action: writing(e, runResume),
	}
}

func runResume(e *env, c *cli.Context) error {
	// What was begun is finished on its own files, whatever the environment says.
	paths, err := e.Paths()
	if err != nil && !errors.Is(err, credfile.ErrNoHome) {
		return err
	}
	o, err := rotateOptionsFor(e, c, paths, e.SettingsOrDefaults())
	if err != nil {
		return err
	}
	if id := c.String("forget"); id != "" {
		return forget(e, c, o, id)
	}
	o.KeepBoth, o.Undo, o.DeleteKey = c.Bool("keep-both"), c.Bool("undo"), c.String("delete-key")
	switch {
	case o.KeepBoth && o.Undo:
		return usagef("--keep-both and --undo: give one of the two")
	case c.IsSet("delete-key") && !show.IsKeyID(o.DeleteKey):
		return usagef("--delete-key: must be a key ID, 20 characters that begin with AKIA")
	case o.DeleteKey != "" && (o.KeepBoth || o.Undo):
		return usagef("--delete-key goes with neither --keep-both nor --undo")
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress = line
	results, err := rotate.New(o).Resume(c.Context, c.Args().Slice()...)
	line.Done()
	if err == nil && len(results) == 0 && !asJSON(c) {
		what := "nothing to resume"
		if open, err := o.State.Journals(); err != nil || len(open) > 0 {
			what = "nothing to finish now; \"keycare status\" shows what is still open"
		}
		e.say("%s", what)
	}
	return errors.Join(err, writeResults(e, asJSON(c), results, err))
}

// forget sets the notes of one rotation aside.
func forget(e *env, c *cli.Context, o rotate.Options, id string) error {
	moved, err := rotate.New(o).Forget(c.Context, id)
	for _, name := range moved {
		e.say("set aside: %s", name)
	}
	return err
}
