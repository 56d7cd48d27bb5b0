package cli

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
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
		Description: "Without PROFILE it takes all unfinished rotations. After a grace period it retires\n" +
			"the old key, unless that is still in use. \"rotate\" does this first for the key it\n" +
			"is given.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Usage: "do not prompt"},
			&cli.BoolFlag{Name: "undo", Usage: "go back to the old key"},
			&cli.StringFlag{Name: "delete-key", Usage: "delete the key with this `ID`, which a lost request may have created"},
			&cli.BoolFlag{Name: "keep-both", Usage: "close rotations that have switched, and leave the old key as it is"},
			&cli.StringFlag{Name: "drop-copy", Usage: "give up this `FILE`, a copy that two runs found missing, unreadable or with another key"},
			&cli.StringFlag{Name: "forget", Usage: "set the damaged notes of rotation `ID` aside; deletes nothing"},
			dropACLFlag(), mfaCodeFlag(), timeoutFlag(), resultFormat(),
		},
		UsageText: usage.Examples(
			"keycare resume", "finish what is unfinished",
			"keycare resume work", "only that of profile work",
			"keycare resume --keep-both", "close it, and delete nothing",
			"keycare resume --forget 0123456789ab", "set damaged notes aside"),
		BashComplete: complete.Arguments(e.keyProfile),
		Action:       writing(e, runResume),
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
	o.DropCopy = c.String("drop-copy")
	o.KeepBoth, o.Undo, o.DeleteKey = c.Bool("keep-both"), c.Bool("undo"), c.String("delete-key")
	switch {
	case o.KeepBoth && o.Undo:
		return usagef("--keep-both and --undo: pass only one of them")
	case c.IsSet("delete-key") && !show.IsKeyID(o.DeleteKey):
		return usagef("--delete-key: must be a key ID (AKIA and 16 more characters)")
	case o.DeleteKey != "" && (o.KeepBoth || o.Undo):
		return usagef("--delete-key cannot be combined with --keep-both or --undo")
	}
	if err := knownProfiles(e, o, c.Args().Slice()); err != nil {
		return err
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress = line
	o.Tells = true
	rot := rotate.New(o)
	results, err := rot.Resume(c.Context, c.Args().Slice()...)
	line.Done()
	if err == nil && len(results) == 0 && !asJSON(c) {
		what := "nothing to resume"
		if open, err := o.State.Journals(); err != nil || len(open) > 0 {
			what = "nothing to do now; for what is still open: keycare status"
		}
		e.say("%s", what)
	}
	return errors.Join(err, tellResults(c.Context, e, asJSON(c), rot, results, err))
}

// knownProfiles refuses a name that neither the AWS files nor an unfinished rotation
// has.
func knownProfiles(e *env, o rotate.Options, names []string) error {
	if len(names) == 0 {
		return nil
	}
	var known []string
	js, damaged := o.State.Journals()
	for _, j := range js {
		known = append(known, j.Profile)
		for _, pl := range j.Places {
			known = append(known, pl.Profile)
		}
	}
	set, err := credfile.Load(e.Disk, o.Paths)
	if err != nil || damaged != nil { // what they would name is not known
		return nil
	}
	known = append(known, set.Profiles()...)
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		if near := credfile.Nearest(name, known); near != "" {
			return usagef("no such profile %s; did you mean %s?", show.Name(name), show.Name(near))
		}
		return usagef("no such profile %s; for the unfinished rotations: keycare status", show.Name(name))
	}
	return nil
}

// forget sets the notes of one rotation aside.
func forget(e *env, c *cli.Context, o rotate.Options, id string) error {
	moved, err := rotate.New(o).Forget(c.Context, id)
	for _, name := range moved {
		e.say("set aside: %s", name)
	}
	return err
}
