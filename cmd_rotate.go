package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/rotate"
)

func rotateCommand() *cli.Command {
	return &cli.Command{
		Name:      "rotate",
		Usage:     "replace the key of a profile by a new one",
		ArgsUsage: "[PROFILE]",
		Description: "Makes a new key for the IAM user, puts it wherever the old one stands in both\n" +
			"files, verifies it from the file, and only then deletes the old key. Without\n" +
			"PROFILE it takes AWS_PROFILE, else \"default\".",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Usage: "do not ask; an active second key is never deleted this way"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done and show the change of the files, secrets redacted; change nothing"},
			&cli.StringFlag{Name: "retire", Value: string(rotate.Delete), Usage: "what becomes of the old key: `HOW` is delete or deactivate"},
			&cli.DurationFlag{Name: "timeout", Value: rotate.DefaultTimeout, Usage: "how long to wait for AWS to accept the new key: `DURATION`"},
			formatFlag,
		},
		Action: runRotate,
	}
}

func runRotate(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("rotate takes one profile, not %d", c.NArg())
	}
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	retire, err := oneOf(c, "retire", string(rotate.Delete), string(rotate.Deactivate))
	if err != nil {
		return err
	}
	if c.Duration("timeout") <= 0 {
		return usagef("--timeout must be more than 0")
	}
	o, err := rotateOptions(c)
	if err != nil {
		return err
	}
	o.Retire = rotate.Retirement(retire)
	profile := credfile.OSEnv().Profile()
	if c.NArg() == 1 {
		profile = c.Args().First()
	}
	act := o.Rotate
	if c.Bool("dry-run") {
		act = o.Plan
	}
	res, err := act(c.Context, profile)
	return errors.Join(err, writeResults(os.Stdout, format, []rotate.Result{res}, err))
}

// writeResults writes what happened to each key.
func writeResults(w io.Writer, format string, results []rotate.Result, failed error) error {
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
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(d)
	}
	for _, r := range results {
		if err := writeResult(w, r); err != nil {
			return err
		}
	}
	return nil
}

func writeResult(w io.Writer, r rotate.Result) (err error) {
	say := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	switch r.Outcome {
	case rotate.Rotated:
		say("rotated profile %s: key %s is replaced by %s, the old key is %s\n", r.Profile, r.Old, r.New, r.Retired)
		for _, p := range r.Places {
			say("  %s\n", p)
		}
	case rotate.Undone:
		say("undone: profile %s keeps key %s\n", r.Profile, r.Old)
	case rotate.Planned:
		say("would rotate key %s of %s (account %s):\n", r.Old, r.User, r.Account)
		if r.FreeSlot != "" {
			say("  delete the inactive key %s to make room\n", r.FreeSlot)
		}
		say("  create a new key, prove it at STS and IAM\n  put it into %d place(s), verify it from the file\n  then retire key %s\n", len(r.Places), r.Old)
		say("\n%s\nnothing was changed\n", r.Diff)
	}
	return err
}

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:        "resume",
		Usage:       "finish or undo what an interrupted rotation left",
		Description: "Every rotate does this first for the key that it is about.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Usage: "do not ask"},
			&cli.DurationFlag{Name: "timeout", Value: rotate.DefaultTimeout, Usage: "how long to wait for AWS: `DURATION`"},
			formatFlag,
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			format, err := oneOf(c, "format", "text", "json")
			if err != nil {
				return err
			}
			return runResume(c.Context, c, format)
		},
	}
}

func runResume(ctx context.Context, c *cli.Context, format string) error {
	o, err := rotateOptions(c)
	if err != nil {
		return err
	}
	results, err := o.Resume(ctx)
	if err == nil && len(results) == 0 && format == "text" {
		fmt.Fprintln(os.Stderr, "nothing to resume")
	}
	return errors.Join(err, writeResults(os.Stdout, format, results, err))
}
