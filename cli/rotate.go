package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/state"
)

func rotateCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "rotate",
		Category:  "Rotate",
		Usage:     "replace the keys of profiles by new ones",
		ArgsUsage: "[PROFILE]...",
		Description: "Makes a new key for the IAM user, puts it wherever the old one stands in both\n" +
			"files, verifies it from the file, and only then retires the old key. Without\n" +
			"PROFILE it takes AWS_PROFILE, else \"default\". Profiles that share a key are one\n" +
			"rotation; different keys are rotated at the same time.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "all profiles that have a key which can be rotated"},
			&cli.BoolFlag{Name: "due", Usage: "only keys that are older than --max-age; without PROFILE this means of all profiles"},
			ageFlag("max-age", "90d", "the `AGE` above which a key is due", day),
			&cli.BoolFlag{Name: "yes", Usage: "do not ask; an active second key is never deleted this way"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done and show the change of the files, secrets redacted; change nothing"},
			retireFlag("`WHAT` to do with the old key"),
			ageFlag("grace", "", "leave the old key active for this `TIME`; a later \"keycare resume\" retires it if nobody used it", rotate.MinGrace),
			choice("free-slot", string(rotate.FreeInactive), "`WHICH` second key may be deleted to make room, an active one only if it is \"unused\" and you agree",
				string(rotate.FreeNever), string(rotate.FreeInactive), string(rotate.FreeUnused)),
			profile("auth-profile", "sign the calls to IAM with this other `PROFILE`", e.anyProfile),
			&cli.StringFlag{Name: "mfa-serial", Usage: "sign the calls to IAM with a session of the MFA device with this `ARN`"},
			dropACLFlag(), mfaCodeFlag(), timeoutFlag(), resultFormat(),
		},
		UsageText: usage.Examples(
			"keycare rotate work --dry-run", "what would be done",
			"keycare rotate work", "ask first",
			"keycare rotate work --grace 24h", "retire the old key later",
			"keycare rotate --due --yes --grace 24h", "in a script"),
		BashComplete: complete.Arguments(e.keyProfile),
		Action:       writing(e, runRotate),
	}
}

// retireFlag says what becomes of the old key.
func retireFlag(usage string) cli.Flag {
	return choice("retire", string(state.Delete), usage, string(state.Delete), string(state.Deactivate))
}

func runRotate(e *env, c *cli.Context) error {
	if c.Bool("all") && c.NArg() > 0 {
		return usagef("--all and the profile %s: give one of the two", show.Name(c.Args().First()))
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	if err := rotateFlags(e, c, &o); err != nil {
		return err
	}
	profiles, left, err := chosen(e, c, o)
	if err != nil {
		return err
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress = line
	act := rotate.New(o).Rotate
	if c.Bool("dry-run") {
		act = rotate.New(o).Plan
	}
	results, err := act(c.Context, profiles...)
	line.Done()
	if len(profiles) == 0 {
		e.say("there is no key to rotate")
	}
	if failed := writeResults(e, asJSON(c), append(results, left...), err); failed != nil {
		return errors.Join(err, failed)
	}
	if len(results) > 1 && err != nil && !asJSON(c) {
		return shortError{err, results} // each has its line
	}
	if len(results) > 1 && err == nil && !asJSON(c) && !c.Bool("dry-run") {
		e.say("%s", totalOf(results))
	}
	return err
}

// rotateFlags puts the flags of rotate into o and refuses what contradicts.
func rotateFlags(e *env, c *cli.Context, o *rotate.Options) error {
	o.Retire, o.FreeSlot = state.Retirement(c.String("retire")), rotate.FreeSlot(c.String("free-slot"))
	o.Auth = state.Auth{Profile: c.String("auth-profile"), MFASerial: c.String("mfa-serial")}
	switch {
	case o.Auth.Profile != "" && o.Auth.MFASerial != "":
		return usagef("--auth-profile and --mfa-serial: give one of the two")
	case o.Yes && o.FreeSlot == rotate.FreeUnused:
		return usagef("--free-slot unused asks about the key, so it does not go with --yes")
	case c.IsSet("max-age") && !c.Bool("due"):
		return usagef("--max-age goes with --due")
	}
	o.Grace = age(c, "grace")
	if c.Bool("due") {
		var err error
		if o.OlderThan, err = maxAge(e, c); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the profiles to rotate and, for all of them, what is left out.
func chosen(e *env, c *cli.Context, o rotate.Options) (profiles []string, left []rotate.Result, err error) {
	switch {
	case c.NArg() > 0:
		return c.Args().Slice(), nil, nil
	case c.Bool("all"), c.Bool("due"):
		set, err := credfile.Load(o.Disk, o.Paths)
		if err != nil {
			return nil, nil, err
		}
		profiles, left = rotate.New(o).Rotatable(set)
		return profiles, left, nil
	}
	name, err := profileOf(e, "")
	return []string{name}, nil, err
}
