package state

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/disk/testrun"
)

// A line on which a later run depends is not dropped, however many come after it.
func TestHistoryKeepsWhatGuards(t *testing.T) {
	testrun.NotShort(t)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.Add(time.Duration(n) * 24 * time.Hour) }
	key := func(n int) string { return fmt.Sprintf("AKIA%016d", n) }
	s := Folder{Dir: filepath.Join(t.TempDir(), "state"), Disk: disk.OS{}}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	for _, h := range []History{
		{ID: "lost", Outcome: "key left", Old: key(1), Orphan: key(2), OrphanNow: "inactive"},
		{ID: "blind", Outcome: "key left", Old: key(1), Orphan: key(3), OrphanNow: "unknown"},
		{ID: "kept", Outcome: "both kept", Old: key(4), New: key(5), Kept: []string{key(4)}},
		{ID: "kept once more", Outcome: "both kept", Old: key(4), New: key(6), Kept: []string{key(4)}},
		{ID: "plain", Outcome: "rotated", Old: key(6), New: key(7), Retired: "deleted"},
		{ID: "lost, then deleted", Outcome: "key left", Old: key(7), Orphan: key(8), OrphanNow: "inactive"},
		{ID: "deleted", Outcome: "key deleted", Old: key(7), Orphan: key(8), OrphanNow: "deleted"},
		{ID: "kept, then freed", Outcome: "both kept", Old: key(9), New: key(10), Kept: []string{key(9)}},
		{ID: "freed", Outcome: "rotated", Old: key(10), New: key(11), Second: key(9), Retired: "deleted"},
	} {
		if err := s.AddHistory(h, now); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := s.historyLines()
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, `{"of":"a later version"}`)
	for n := range maxHistory {
		lines = trimmed(append(lines, fmt.Sprintf(`{"id":"x%d","time":%q,"outcome":"rotated","old_key":%q,"new_key":%q}`, n, day(n+3).Format(time.RFC3339), key(100+n), key(101+n))), day(n+3))
	}
	var got []string
	for _, text := range lines[:len(lines)-maxHistory] {
		h, _ := historyOf(text)
		got = append(got, h.ID)
	}
	if want := []string{"lost", "blind", "kept once more", ""}; !slices.Equal(got, want) {
		t.Errorf("before the last %d lines there are %q, want %q", maxHistory, got, want)
	}
	// Within a day a watch may take no key for a lost one that a line names.
	var crowd []string
	for n := range 2 * maxHistory {
		crowd = trimmed(append(crowd, fmt.Sprintf(`{"id":"y%d","time":%q,"outcome":"rotated","old_key":%q,"new_key":%q}`, n, now.Format(time.RFC3339), key(n), key(n+1))), now.Add(time.Hour))
	}
	if len(crowd) != 2*maxHistory {
		t.Errorf("%d lines of today are left of %d", len(crowd), 2*maxHistory)
	}
}
