package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/cli/progress"
	"keycare/cli/usage"
	"keycare/credfile/show"
	"keycare/rotate"
)

// progress shows on standard error, where a person looks at it, that work lives
// which may take over a second: "asking AWS: 12 of 18 keys" for the unit "key".
// Who calls it defers Done, and writes no standard output before that: both may be
// the same screen. What is said on standard error comes to stand above the line.
func (e *env) progress(text, unit string, total int) *progress.Line {
	w, ok := e.Err.(*show.Writer)
	if !ok || !e.Terminal.Lively {
		return nil
	}
	after := func(d time.Duration, f func()) { time.AfterFunc(d, f) }
	return progress.Start(w, cmp.Or(e.Terminal.ErrWidth, usage.Width), after, text, unit, total)
}

// totalOf is the closing line of several rotations: "12 keys: 11 rotated, 1 skipped".
func totalOf(results []rotate.Result) string {
	outcomes := []rotate.Outcome{rotate.Rotated, rotate.InGrace}
	counts := map[rotate.Outcome]int{}
	for _, r := range results {
		if counts[r.Outcome]++; !slices.Contains(outcomes, r.Outcome) {
			outcomes = append(outcomes, r.Outcome)
		}
	}
	var parts []string
	for _, o := range outcomes {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[o], o))
		}
	}
	return show.Count(len(results), "key") + ": " + strings.Join(parts, ", ")
}
