package cli

import (
	"fmt"
	"io"
	"strings"

	"keycare/credfile/show"
	"keycare/rotate"
)

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

// writeResults writes what happened to each key.
func writeResults(e *env, asJSON bool, results []rotate.Result, failed error) error {
	if asJSON {
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
	case rotate.Watching:
		say("watching: profile %s: %s\n", r.Profile, r.Why)
	case rotate.KeyDeleted:
		say("deleted key %s, which a request whose reply was lost made\n", r.Orphan)
	case rotate.KeyLeft: // the error says all
	case rotate.KeptBoth:
		say("closed: %s\n", r.Why)
		for _, line := range r.Notes {
			say("  %s\n", line)
		}
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
