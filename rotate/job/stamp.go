package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"keycare/credfile/disk"
	"keycare/rotate/state"
)

// Stamp is what the last runs left behind: schedule.json in the state folder.
// Times are this machine's. It holds no secret.
type Stamp struct {
	Version int `json:"version"`
	// Started and Ended are of the last run. A run that was killed has begun
	// after it ended.
	Started time.Time `json:"started"`
	// Since is when the first run began.
	Since time.Time `json:"since,omitzero"`
	Ended time.Time `json:"ended"`
	// Outcome is how the last run went that had something to do, Did what it
	// did, a sentence each.
	Outcome Outcome   `json:"outcome"`
	Acted   time.Time `json:"acted,omitzero"`
	Did     []string  `json:"did,omitempty"`
	// Audited is when AWS was asked last, Summary what the audit found.
	Audited time.Time `json:"audited,omitzero"`
	Summary string    `json:"summary,omitempty"`
	// Dark counts the last runs that found no network.
	Dark int `json:"dark,omitempty"`
	// Told is when the user was told of something, by what it was about; Unshown is
	// what the desktop has not shown of that.
	Told    map[string]time.Time `json:"told,omitempty"`
	Unshown []Unshown            `json:"unshown,omitempty"`
}

// Outcome says how a run went.
type Outcome string

const (
	Well      Outcome = "all well"
	Findings  Outcome = "findings"   // at or above the limit of the settings
	NoNetwork Outcome = "no network" // left for the next run
	Failed    Outcome = "failed"
	HalfDone  Outcome = "half done" // the next run goes on
)

const stampVersion = 1

const (
	// late is how old a run or an audit may be before status says that the timer
	// does not work. A laptop may be off over a weekend and more.
	late = 7 * 24 * time.Hour
	// mostDark is how many runs in a row may find no network before the user is
	// told, if the last audit is late as well.
	mostDark = 6
)

func stampPath(s state.Folder) string { return filepath.Join(s.Dir, "schedule.json") }

// Load reads the stamp; nil if no run ever was.
func Load(s state.Folder) (*Stamp, error) {
	b, err := readPlain(s, stampPath(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read when the timer ran last: %w", err)
	}
	st := &Stamp{}
	if err := json.Unmarshal(b, st); err != nil || st.Version != stampVersion {
		return nil, fmt.Errorf("%s is damaged; the next run of the timer makes it anew", stampPath(s))
	}
	return st, nil
}

func (st *Stamp) save(s state.Folder) error {
	b, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	if err := disk.WriteAtomic(s.Disk, stampPath(s), stampPath(s)+".new", append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write down that the timer ran: %w", err)
	}
	return nil
}

// Killed reports whether the last run did not come to its end.
func (st *Stamp) Killed() bool { return st.Ended.Before(st.Started) }

// Late says that the timer has not run, or has not reached AWS, for long; empty
// if all is well.
func (st *Stamp) Late(now time.Time) string {
	days := func(t time.Time) int { return int(now.Sub(t) / (24 * time.Hour)) }
	switch {
	case st == nil:
		return ""
	case now.Sub(st.Started) > late:
		return fmt.Sprintf("the timer has not run for %d days", days(st.Started))
	case st.Audited.IsZero() && !st.Since.IsZero() && now.Sub(st.Since) > late:
		return fmt.Sprintf("the timer has run for %d days and has never got an answer from AWS", days(st.Since))
	case !st.Audited.IsZero() && now.Sub(st.Audited) > late:
		return fmt.Sprintf("the timer runs, but the last audit that could ask AWS was %d days ago", days(st.Audited))
	}
	return ""
}
