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
		Usage:     "rotate the keys of one or more profiles",
		ArgsUsage: "[PROFILE]...",
		Description: "Creates a new key for the IAM user, writes it wherever the old one is in the AWS\n" +
			"files, verifies it from there, and only then retires the old key. Without PROFILE\n" +
			"it takes AWS_PROFILE, or else \"default\". Profiles that share a key are rotated\n" +
			"together; different keys are rotated at the same time.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "all profiles with a key that can be rotated"},
			&cli.BoolFlag{Name: "due", Usage: "only keys older than --max-age; without PROFILE, of all profiles"},
			ageFlag("max-age", "90d", "the `AGE` at which a key is due", day),
			&cli.BoolFlag{Name: "yes", Usage: "do not prompt; never deletes an active second key"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be done and how the files would change (secrets redacted); change nothing"},
			retireFlag("`WHAT` to do with the old key"),
			ageFlag("grace", "", "keep the old key active for this `TIME`; a later \"keycare resume\" retires it unless it is in use", rotate.MinGrace),
			choice("free-slot", string(rotate.FreeInactive), "`WHICH` second key may be deleted to make room; with \"unused\" keycare also asks about an active one",
				string(rotate.FreeNever), string(rotate.FreeInactive), string(rotate.FreeUnused)),
			&cli.StringSliceFlag{Name: "copies", Usage: "also change this text `FILE`, which contains the key's ID and secret; can be given more than once"},
			&cli.BoolFlag{Name: "allow-tracked", Usage: "change copies that Git tracks, too"},
			&cli.BoolFlag{Name: "compromised", Usage: "the key leaked: deactivate it as soon as the new one is in place, and show what it did"},
			profile("auth-profile", "sign the calls to IAM with this other `PROFILE`", e.anyProfile),
			&cli.StringFlag{Name: "mfa-serial", Usage: "sign the calls to IAM with an MFA session; the `ARN` of the device"},
			dropACLFlag(), mfaCodeFlag(), timeoutFlag(), resultFormat(),
		},
		UsageText: usage.Examples(
			"keycare rotate work --dry-run", "what would be done",
			"keycare rotate work", "prompts first",
			"keycare rotate work --grace 24h", "retire the old key later",
			"keycare rotate work --compromised", "the key leaked",
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
		return usagef("--all and the profile %s: pass only one of them", show.Name(c.Args().First()))
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	if err := rotateFlags(e, c, &o); err != nil {
		return err
	}
	e.warnMisnamed(e.SettingsOrDefaults())
	profiles, left, err := chosen(e, c, o)
	if err != nil {
		return err
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress = line
	o.Tells = true
	rot := rotate.New(o)
	act := rot.Rotate
	if c.Bool("dry-run") {
		act = rot.Plan
	}
	results, err := act(c.Context, profiles...)
	line.Done()
	if len(profiles) == 0 {
		e.say("no key to rotate")
	}
	if failed := tellResults(c.Context, e, asJSON(c), rot, append(results, left...), err); failed != nil {
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
		return usagef("--auth-profile and --mfa-serial: pass only one of them")
	case o.Yes && o.FreeSlot == rotate.FreeUnused:
		return usagef("--free-slot unused prompts about the key, so it cannot be combined with --yes")
	case c.IsSet("max-age") && !c.Bool("due"):
		return usagef("--max-age needs --due")
	case c.Bool("compromised") && c.IsSet("grace"):
		return usagef("--compromised and --grace: a leaked key is deactivated at once, so there is no grace period")
	case c.Bool("compromised") && c.Bool("due"):
		return usagef("--compromised and --due: a leaked key is rotated whatever its age; name its profile, or pass --all")
	}
	if o.Compromised = c.Bool("compromised"); o.Compromised && !c.IsSet("retire") {
		o.Retire = state.Deactivate // it is still to be looked at
	}
	o.Copies, o.Tracked = c.StringSlice("copies"), c.Bool("allow-tracked")
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
