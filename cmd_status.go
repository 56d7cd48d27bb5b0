package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/rotate"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:   "status",
		Usage:  "show the rotations in flight and the last finished ones",
		Flags:  []cli.Flag{formatFlag},
		Action: runStatus,
	}
}

func runStatus(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	o, err := rotateOptions(c)
	if err != nil {
		return err
	}
	open, err := o.State.Journals()
	if err != nil {
		return err
	}
	past, err := o.State.History()
	if err != nil {
		return err
	}
	if format == "json" {
		if open == nil {
			open = []*rotate.Journal{}
		}
		if past == nil {
			past = []rotate.History{}
		}
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"version": 1, "in_flight": open, "history": past})
	}
	for _, j := range open {
		what := "unfinished; run \"keycare resume\""
		if j.Direction == rotate.Watch {
			what = "closed, but a lost request may still make a key; \"keycare resume\" looks after it"
		}
		fmt.Printf("%s  user %s  key %s -> %s  %s\n", j.Started.UTC().Format(time.DateTime), j.UserName, j.Old, orDash(j.New), what)
	}
	if len(open) == 0 {
		fmt.Println("no rotation in flight")
	}
	const show = 10
	for _, h := range past[max(0, len(past)-show):] {
		fmt.Printf("%s  %s  profile %s  key %s -> %s\n", h.Time.Format(time.DateTime), h.Outcome, h.Profile, h.Old, orDash(h.New))
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
