package rotate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"keycare/credfile/disk"
)

// Outcome says how a rotation ended.
type Outcome string

const (
	Rotated    Outcome = "rotated"
	Planned    Outcome = "planned"    // a dry run: nothing was changed
	InGrace    Outcome = "in grace"   // switched; the old key is still active
	KeptBoth   Outcome = "both kept"  // switched; the old key is left as it is for good
	Skipped    Outcome = "skipped"    // nothing to do for this key
	Failed     Outcome = "failed"     // before anything was done
	Undone     Outcome = "undone"     // all is as it was before
	Unfinished Outcome = "unfinished" // resume will go on
)

// Result is what happened to one key, for people and for JSON.
type Result struct {
	Outcome   Outcome   `json:"outcome"`
	Profile   string    `json:"profile"`
	User      string    `json:"user_arn,omitempty"`
	Account   string    `json:"account,omitempty"`
	Old       string    `json:"old_key,omitempty"`
	New       string    `json:"new_key,omitempty"`
	Retired   string    `json:"old_key_now,omitempty"` // "deleted", "inactive", "active", "kept"; in a plan "delete" or "deactivate"
	GraceEnds time.Time `json:"grace_ends,omitzero"`
	Grace     string    `json:"grace,omitempty"` // in a plan: how long the old key stays active, "24h0m0s"
	Places    []string  `json:"places"`
	UsedBy    []string  `json:"used_by,omitempty"` // profiles that name one of these as their source_profile
	Why       string    `json:"why,omitempty"`     // it was skipped
	Error     string    `json:"error,omitempty"`
	Diff      string    `json:"diff,omitempty"`                 // secrets redacted
	FreeSlot  string    `json:"second_key_to_delete,omitempty"` // in a plan
	SecondIs  string    `json:"second_key_is,omitempty"`        // its status, age and last use, in a plan
	Second    string    `json:"second_key,omitempty"`           // was deleted to make room
	RootKey   bool      `json:"root_key,omitempty"`             // the old key is a root user's
	Notes     []string  `json:"notes,omitempty"`                // what else changes, a sentence each
}

func (j *Journal) result(out Outcome) Result {
	r := Result{Outcome: out, Profile: j.Profile, User: j.User.ARN, Account: j.User.Account,
		Old: j.Old, New: j.New, RootKey: j.Root != nil, Places: []string{}}
	for _, p := range j.Places {
		path := j.Paths.Credentials
		if p.Kind != 0 {
			path = j.Paths.Config
		}
		r.Places = append(r.Places, fmt.Sprintf("%s [%s]", path, p.Profile))
	}
	switch {
	case out == Planned:
		r.Retired, r.FreeSlot = string(j.Retire), j.FreeSlot
		if j.Grace > 0 {
			r.Grace = j.Grace.String()
		}
	case out == Rotated && j.Retire == Deactivate:
		r.Retired = "inactive"
	case out == Rotated:
		r.Retired = "deleted"
	case out == KeptBoth:
		r.Retired = "kept"
	case out == InGrace:
		r.Retired, r.GraceEnds = "active", j.GraceEnds
	}
	if out == Rotated || out == InGrace || out == KeptBoth {
		r.Second = j.FreeSlot
	}
	return r
}

// History is one finished rotation.
type History struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"`
	Outcome Outcome   `json:"outcome"`
	Profile string    `json:"profile"`
	User    string    `json:"user_arn"`
	Old     string    `json:"old_key"`
	New     string    `json:"new_key,omitempty"`
	Retired string    `json:"old_key_now,omitempty"`
	Second  string    `json:"second_key,omitempty"` // was deleted to make room, or may have been
	RootKey bool      `json:"root_key,omitempty"`   // the old key was a root user's
}

// AddHistory adds one line for a finished rotation; a line that an interrupted
// run has written already is not written twice.
func (s State) AddHistory(j *Journal, out Outcome, now time.Time) error {
	unlock, err := s.lock() // another keycare may be adding a line
	if err != nil {
		return err
	}
	defer unlock()
	past, err := s.History()
	if err != nil {
		return err
	}
	for _, h := range past {
		if h.ID == j.ID {
			return nil
		}
	}
	res := j.result(out)
	past = append(past, History{now.UTC().Truncate(time.Second), j.ID, out, j.Profile, j.User.ARN, j.Old, j.New, res.Retired, j.FreeSlot, j.Root != nil})
	past = past[max(0, len(past)-maxHistory):]
	var b strings.Builder
	for _, h := range past {
		line, err := json.Marshal(h)
		if err != nil {
			return err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	name := s.historyPath()
	return disk.WriteAtomic(s.Disk, name, name+tempSuffix, []byte(b.String()), 0o600)
}

// maxHistory bounds the history, in rotations.
const maxHistory = 1000

// History returns the finished rotations, oldest first. Lines that cannot be
// read are left out: nothing depends on them.
func (s State) History() ([]History, error) {
	b, err := s.Disk.ReadFile(s.historyPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the history: %w", err)
	}
	var past []History
	for line := range strings.Lines(string(b)) {
		var h History
		if json.Unmarshal([]byte(line), &h) == nil && h.ID != "" {
			past = append(past, h)
		}
	}
	return past, nil
}
