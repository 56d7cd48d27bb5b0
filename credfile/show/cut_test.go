package show

import (
	"testing"
	"time"

	"keycare/credfile/facts"
)

// Nobody is told that there was no call where not all was read.
func TestCallsOfWhatWasRead(t *testing.T) {
	until := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a := facts.Activity{Since: until.AddDate(0, 0, -90), Until: until}
	for cut, want := range map[bool]string{false: "no call recorded in 90 days", true: "no call found in the part of 90 days that was read"} {
		if a.Cut = cut; Calls(a, Time) != want {
			t.Errorf("cut %v: %q", cut, Calls(a, Time))
		}
	}
}
