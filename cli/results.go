package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

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
	return fmt.Sprintf("%d of %s failed", failed, show.Count(len(e.results), "rotation"))
}

// tellResults writes what happened to each key, and notes which reports on leaked keys
// were told by that. That nobody reads any more is no failure of the rotations, but then
// such a report is still owed.
func tellResults(ctx context.Context, e *env, asJSON bool, rot *rotate.Rotator, results []rotate.Result, failed error) error {
	err := writeResults(e, asJSON, results, failed)
	switch {
	case errors.Is(err, syscall.EPIPE):
		return nil
	case err != nil:
		return err
	}
	return rot.Told(ctx, results)
}

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
		if err := writeResult(e, r, len(results) > 1); err != nil {
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

func writeResult(e *env, r rotate.Result, several bool) (err error) {
	say := func(format string, args ...any) {
		err = cmp.Or(err, e.print(format, args...))
	}
	beside := func(lists ...[]string) { // paths and commands, which are not broken
		for _, line := range slices.Concat(lists...) {
			_, failed := fmt.Fprintf(e.Out, "  %s\n", line)
			err = cmp.Or(err, failed)
		}
	}
	until := func(t time.Time) string { return show.Time(t) + " (" + show.Until(t, e.Now()) + ")" }
	why := strings.ReplaceAll(r.Error, "\n", "\n  ")
	switch r.Outcome {
	case rotate.Rotated:
		say("rotated profile %s: key %s is replaced by %s, the old key is %s\n", r.Profile, r.Old, r.New, r.Retired)
		beside(r.Places, r.Copies, r.Notes)
	case rotate.Undone:
		say("rolled back: profile %s keeps key %s\n", r.Profile, r.Old)
		beside(r.Notes)
	case rotate.InGrace:
		if r.Rested {
			say("profile %s has the new key %s; the old key %s stays active until %s\n", r.Profile, r.New, r.Old, until(r.GraceEnds))
		} else {
			say("switched profile %s from key %s to %s; the old key stays active until %s\n", r.Profile, r.Old, r.New, until(r.GraceEnds))
		}
		for _, w := range r.Ways {
			say("  to %s: %s\n", w.Does, w.Command)
		}
	case rotate.Watching:
		say("watching: profile %s: %s\n", r.Profile, r.Why)
	case rotate.KeyDeleted:
		say("deleted key %s, which a lost request had created\n", r.Orphan)
	case rotate.KeyLeft: // the error says all
	case rotate.KeptBoth:
		say("closed: %s\n", r.Why)
		beside(r.Notes)
	case rotate.Skipped:
		say("skipped: %s\n", r.Why)
	case rotate.Failed:
		if !several {
			return nil // the error says all
		}
		if !strings.Contains(why, "profile "+show.Name(r.Profile)) {
			why = fmt.Sprintf("profile %s: %s", show.Name(r.Profile), why)
		}
		say("failed: %s\n", why)
		return err
	case rotate.Unfinished: // the error says all
	case rotate.Planned:
		say("would rotate key %s of %s (account %s):\n", r.Old, r.User, r.Account)
		if r.FreeSlot != "" {
			say("  delete the second key %s (%s) to make room\n", r.FreeSlot, r.SecondIs)
		}
		say("  create a new key and verify it with STS and IAM\n  write it to %s and verify it from there\n", rotate.CountPlaces(len(r.Places), len(r.Copies)))
		switch {
		case r.Grace != "":
			say("  keep key %s active for %s, then %s it unless it is in use\n", r.Old, span(r.Grace), r.Retired)
		case r.Leaked:
			say("  deactivate the leaked key %s at once\n", r.Old)
			if r.Retired == "delete" {
				say("  then delete it\n")
			}
		default:
			say("  then %s key %s\n", r.Retired, r.Old)
		}
		beside(r.Notes)
		err = cmp.Or(err, writeUse(e, r))
		if len(r.UsedBy) > 0 {
			say("  %s through source_profile\n", useThisKey(r.UsedBy))
		}
		_, failed := fmt.Fprintf(e.Out, "\n%s\n", r.Diff)
		err = cmp.Or(err, failed)
	}
	if several && why != "" {
		say("  %s\n", why)
	}
	if r.Leak != nil {
		err = cmp.Or(err, writeLeak(e, r.Old, r.Leak))
	}
	return err
}

// useThisKey says that profiles use the key that is about to be rotated.
func useThisKey(profiles []string) string {
	quoted := make([]string, len(profiles))
	for i, p := range profiles {
		quoted[i] = show.Name(p)
	}
	last := len(quoted) - 1
	if last == 0 {
		return "profile " + quoted[0] + " uses this key"
	}
	return "profiles " + strings.Join(quoted[:last], ", ") + " and " + quoted[last] + " use this key"
}

// span writes a duration of a document for people.
func span(text string) string {
	if d, err := time.ParseDuration(text); err == nil {
		return show.Duration(d)
	}
	return text
}
