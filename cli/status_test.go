package cli

import (
	"slices"
	"testing"
	"time"

	"keycare/credfile/show"
	"keycare/rotate/job"
)

// The timer's runs as status tells them: what the audit found is said once, the
// home folder is ~, and times have their zone.
func TestTimerLines(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	e := &env{Folders: folders{Home: "/home/ann"}, Now: func() time.Time { return at.Add(2 * time.Hour) }}
	now := show.Time(at)
	const audit = "1 profile, 1 key in /home/ann/.aws/credentials: all is well"
	const told = "1 profile, 1 key in ~/.aws/credentials: all is well"
	for name, tt := range map[string]struct {
		stamp job.Stamp
		want  []string
	}{
		"well": {job.Stamp{Started: at, Ended: at, Acted: at, Outcome: job.Well, Audited: at, Summary: audit, Did: []string{"profile a keeps key X", "audit: " + audit}},
			[]string{"last run: " + now + ", 2h ago", "last result: " + now + ", all well", "  profile a keeps key X", "last audit: " + now + ", " + told}},
		"an audit that is not the last": {job.Stamp{Started: at, Ended: at, Acted: at, Outcome: job.Well, Audited: at, Summary: "other", Did: []string{"audit: " + audit}},
			[]string{"last run: " + now + ", 2h ago", "last result: " + now + ", all well", "  audit: " + told, "last audit: " + now + ", other"}},
		"killed": {job.Stamp{Started: at, Ended: at.Add(-time.Hour)},
			[]string{"last run: " + now + ", 2h ago; it did not finish"}},
	} {
		if got := e.timerLines(&tt.stamp); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	if zone := at.Local().Format("MST"); now[len(now)-len(zone):] != zone {
		t.Errorf("%s has no zone", now)
	}
}
