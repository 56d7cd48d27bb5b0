package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/state"
)

func rotateCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "rotate",
		Usage:     "replace the keys of profiles by new ones",
		ArgsUsage: "[PROFILE]...",
		Description: "Makes a new key for the IAM user, puts it wherever the old one stands in both\n" +
			"files, verifies it from the file, and only then retires the old key. Without\n" +
			"PROFILE it takes AWS_PROFILE, else \"default\". Profiles that share a key are one\n" +
			"rotation; different keys are rotated at the same time.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "all profiles that have a key which can be rotated"},
			&cli.BoolFlag{Name: "due", Usage: "only keys that are older than --max-age; without PROFILE this means of all profiles"},
			&cli.StringFlag{Name: "max-age", Value: "90d", Usage: "the `AGE` above which a key is due"},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask; an active second key is never deleted this way"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done and show the change of the files, secrets redacted; change nothing"},
			&cli.StringFlag{Name: "retire", Value: string(state.Delete), Usage: "`WHAT` to do with the old key: delete or deactivate"},
			&cli.StringFlag{Name: "grace", Usage: "leave the old key active for this `TIME`, at least 1h; a later \"keycare resume\" retires it if nobody used it"},
			&cli.StringFlag{Name: "free-slot", Value: string(rotate.FreeInactive), Usage: "`WHICH` second key may be deleted to make room: never, inactive, or unused (an active one, asked for)"},
			&cli.StringFlag{Name: "auth-profile", Usage: "sign the calls to IAM with this other `PROFILE`"},
			&cli.StringFlag{Name: "mfa-serial", Usage: "sign the calls to IAM with a session of the MFA device with this `ARN`"},
		}, append(mfaAndTimeout(), formatFlag)...),
		Action: action(e, runRotate),
	}
}

func mfaAndTimeout() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "mfa-code", Usage: "the `CODE` that the MFA device shows now"},
		&cli.StringFlag{Name: "timeout", Value: "2m", Usage: "the `TIME` to wait for AWS to accept the new key"},
	}
}

func runRotate(e *env, c *cli.Context) error {
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	if c.Bool("all") && c.NArg() > 0 {
		return usagef("--all and the profile %q: give one of the two", c.Args().First())
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	if err := rotateFlags(e, c, o); err != nil {
		return err
	}
	profiles, left, err := chosen(e, c, o)
	if err != nil {
		return err
	}
	act := rotate.New(*o).Rotate
	if c.Bool("dry-run") {
		act = rotate.New(*o).Plan
	}
	results, err := act(c.Context, profiles...)
	if len(profiles) == 0 {
		e.say("there is no key to rotate")
	}
	if failed := writeResults(e, format, append(results, left...), err); failed != nil {
		return errors.Join(err, failed)
	}
	if len(results) > 1 && err != nil && format == "text" {
		return shortError{err, results} // each has its line
	}
	return err
}

// shortError says how many of several rotations failed, for each has said why.
type shortError struct {
	error
	results []rotate.Result
}

func (e shortError) Unwrap() error { return e.error }

func (e shortError) Error() string {
	failed := 0
	for _, r := range e.results {
		if r.Error != "" {
			failed++
		}
	}
	return fmt.Sprintf("%d of %s did not come to an end", failed, show.Count(len(e.results), "rotation"))
}

// rotateFlags puts the flags of rotate into o and refuses what contradicts.
func rotateFlags(e *env, c *cli.Context, o *rotate.Options) error {
	retire, err := oneOf(c, "retire", string(state.Delete), string(state.Deactivate))
	if err != nil {
		return err
	}
	free, err := oneOf(c, "free-slot", string(rotate.FreeNever), string(rotate.FreeInactive), string(rotate.FreeUnused))
	if err != nil {
		return err
	}
	o.Retire, o.FreeSlot = state.Retirement(retire), rotate.FreeSlot(free)
	o.Auth = state.Auth{Profile: c.String("auth-profile"), MFASerial: c.String("mfa-serial")}
	switch {
	case o.Auth.Profile != "" && o.Auth.MFASerial != "":
		return usagef("--auth-profile and --mfa-serial: give one of the two")
	case o.Yes && o.FreeSlot == rotate.FreeUnused:
		return usagef("--free-slot unused asks about the key, so it does not go with --yes")
	case c.IsSet("max-age") && !c.Bool("due"):
		return usagef("--max-age goes with --due")
	}
	if grace := c.String("grace"); grace != "" {
		if o.Grace, err = parseAge(grace); err != nil || o.Grace < rotate.MinGrace {
			return usagef("--grace %q: must be a duration of at least 1h, such as 24h or 7d", grace)
		}
	}
	if c.Bool("due") && !c.IsSet("max-age") {
		set, err := e.Settings()
		if err != nil {
			return err
		}
		o.OlderThan = set.MaxAge
	} else if c.Bool("due") {
		if o.OlderThan, err = parseAge(c.String("max-age")); err != nil || o.OlderThan < 24*time.Hour {
			return usagef("--max-age %q: must be a duration of at least a day, such as 90d", c.String("max-age"))
		}
	}
	return nil
}

// chosen returns the profiles to rotate and, for all of them, what is left out.
func chosen(e *env, c *cli.Context, o *rotate.Options) (profiles []string, left []rotate.Result, err error) {
	switch {
	case c.NArg() > 0:
		return c.Args().Slice(), nil, nil
	case c.Bool("all"), c.Bool("due"):
		set, err := credfile.Load(o.Disk, o.Paths)
		if err != nil {
			return nil, nil, err
		}
		profiles, left = rotate.New(*o).Rotatable(set)
		return profiles, left, nil
	}
	profile, err := e.Vars.Profile()
	if err != nil {
		return nil, nil, usagef("%w", err)
	}
	return []string{profile}, nil, nil
}

// writeResults writes what happened to each key.
func writeResults(e *env, format string, results []rotate.Result, failed error) error {
	if format == "json" {
		type document struct {
			Version int             `json:"version"`
			Results []rotate.Result `json:"results"`
			Error   string          `json:"error,omitempty"`
		}
		d := document{Version: 1, Results: []rotate.Result{}}
		for _, r := range results {
			if r.Outcome != "" {
				d.Results = append(d.Results, r)
			}
		}
		if failed != nil {
			d.Error = failed.Error()
		}
		return e.writeJSON(d)
	}
	planned, root := false, false
	for _, r := range results {
		if err := writeResult(e.Out, r, len(results) > 1); err != nil {
			return err
		}
		planned = planned || r.Outcome == rotate.Planned
		root = root || r.Outcome == rotate.Rotated && r.RootKey
	}
	if root {
		fmt.Fprint(e.Err, afterRoot)
	}
	if planned {
		_, err := fmt.Fprintln(e.Out, "nothing was changed")
		return err
	}
	return nil
}

func writeResult(w io.Writer, r rotate.Result, several bool) (err error) {
	say := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	why := strings.ReplaceAll(r.Error, "\n", "\n  ")
	switch r.Outcome {
	case rotate.Rotated:
		say("rotated profile %s: key %s is replaced by %s, the old key is %s\n", r.Profile, r.Old, r.New, r.Retired)
		for _, line := range append(r.Places, r.Notes...) {
			say("  %s\n", line)
		}
	case rotate.Undone:
		say("undone: profile %s keeps key %s\n", r.Profile, r.Old)
	case rotate.InGrace:
		say("switched profile %s from key %s to %s; the old key stays active until %s\n", r.Profile, r.Old, r.New, r.GraceEnds.Local().Format("2006-01-02 15:04 MST"))
	case rotate.KeptBoth:
		say("closed: profile %s has key %s; the old key %s is left as it is\n", r.Profile, r.New, r.Old)
	case rotate.Skipped:
		say("skipped: %s\n", r.Why)
	case rotate.Failed:
		if !several {
			return nil // the error says all
		}
		say("failed: profile %s, nothing was changed for it: %s\n", r.Profile, why)
		return err
	case rotate.Unfinished: // the error says all
	case rotate.Planned:
		say("would rotate key %s of %s (account %s):\n", r.Old, r.User, r.Account)
		if r.FreeSlot != "" {
			say("  delete the second key %s (%s) to make room\n", r.FreeSlot, r.SecondIs)
		}
		say("  create a new key and prove it at STS and IAM\n  put it into %s and verify it from there\n", show.Count(len(r.Places), "place"))
		if r.Grace != "" {
			say("  leave key %s active for %s, then %s it if nobody used it\n", r.Old, r.Grace, r.Retired)
		} else {
			say("  then %s key %s\n", r.Retired, r.Old)
		}
		for _, note := range r.Notes {
			say("  %s\n", note)
		}
		if len(r.UsedBy) > 0 {
			say("  profiles that take a role with it: %s\n", strings.Join(r.UsedBy, ", "))
		}
		say("\n%s\n", r.Diff)
	}
	if several && why != "" {
		say("  %s: %s\n", r.Outcome, why)
	}
	return err
}

func resumeCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "resume",
		Usage: "finish or undo what an interrupted rotation left",
		Description: "Every rotate does this first for the key that it is about. A rotation in grace\n" +
			"is finished when the grace has ended and nobody used the old key since.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "yes", Usage: "do not ask"},
			&cli.BoolFlag{Name: "keep-both", Usage: "close rotations that have switched and leave the old key as it is"},
		}, append(mfaAndTimeout(), formatFlag)...),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			format, err := oneOf(c, "format", "text", "json")
			if err != nil {
				return err
			}
			return runResume(e, c, format)
		},
	}
}

func runResume(e *env, c *cli.Context, format string) error {
	// What was begun is finished on its own files, whatever the environment says.
	paths, err := e.Paths()
	if err != nil && !errors.Is(err, credfile.ErrNoHome) {
		return err
	}
	o, err := rotateOptionsWith(e, c, paths, e.SettingsOrDefaults())
	if err != nil {
		return err
	}
	o.KeepBoth = c.Bool("keep-both")
	results, err := rotate.New(*o).Resume(c.Context)
	if err == nil && len(results) == 0 && format == "text" {
		what := "nothing to resume"
		if open, err := o.State.Journals(); err != nil || len(open) > 0 {
			what = "nothing to finish now; \"keycare status\" shows what is still open"
		}
		e.say("%s", what)
	}
	return errors.Join(err, writeResults(e, format, results, err))
}
