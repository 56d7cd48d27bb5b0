package rotate

import (
	"fmt"
	"time"

	"keycare/credfile/show"
	"keycare/rotate/state"
)

// Outcome says how a rotation ended.
type Outcome string

const (
	Rotated    Outcome = "rotated"
	Planned    Outcome = "planned"     // a dry run: nothing was changed
	InGrace    Outcome = "in grace"    // switched; the old key is still active
	KeptBoth   Outcome = "both kept"   // switched; the old key is left as it is for good
	Skipped    Outcome = "skipped"     // nothing to do for this key
	Failed     Outcome = "failed"      // before anything was done
	Undone     Outcome = "undone"      // all is as it was before
	Unfinished Outcome = "unfinished"  // resume will go on
	Watching   Outcome = "watching"    // closed, and a key that a lost request may have made is waited for
	KeyLeft    Outcome = "key left"    // the watch is over, and such a key is left
	KeyDeleted Outcome = "key deleted" // such a key was deleted, on proof or because a person typed its ID
)

// Result is what happened to one key, for people and for JSON.
type Result struct {
	Outcome   Outcome        `json:"outcome"`
	Profile   string         `json:"profile"`
	User      string         `json:"user_arn,omitempty"`
	Account   string         `json:"account,omitempty"`
	Old       string         `json:"old_key,omitempty"`
	New       string         `json:"new_key,omitempty"`
	Retired   string         `json:"old_key_now,omitempty"` // "deleted", "inactive", "active", "kept"; in a plan "delete" or "deactivate"
	GraceEnds time.Time      `json:"grace_ends,omitzero"`
	Grace     string         `json:"grace,omitempty"` // in a plan: how long the old key stays active, "24h0m0s"
	Places    []string       `json:"places"`
	Copies    []string       `json:"copies,omitempty"`   // files beside the AWS files that are changed along
	UsedBy    []string       `json:"used_by,omitempty"`  // profiles that name one of these as their source_profile
	Why       string         `json:"why,omitempty"`      // it was skipped, or is watched
	Orphan    string         `json:"lost_key,omitempty"` // a key that a request without an answer made, or may have made
	Error     string         `json:"error,omitempty"`
	Diff      string         `json:"diff,omitempty"`                 // secrets redacted
	FreeSlot  string         `json:"second_key_to_delete,omitempty"` // in a plan
	SecondIs  string         `json:"second_key_is,omitempty"`        // its status, age and last use, in a plan
	Second    string         `json:"second_key,omitempty"`           // was deleted to make room
	Leaked    bool           `json:"compromised,omitempty"`          // a person says that the old key leaked
	Leak      *Leak          `json:"leak,omitempty"`                 // it is inactive; what to know of it
	Calls     *Calls         `json:"calls,omitempty"`                // who uses the old key, in a plan
	NoCalls   string         `json:"calls_not_known,omitempty"`      // why that is not known
	RootKey   bool           `json:"root_key,omitempty"`             // the old key is a root user's
	Notes     []string       `json:"notes,omitempty"`                // what else changes, a sentence each
	Rested    bool           `json:"-"`                              // it was in its grace before, and still is
	Ways      []Way          `json:"-"`                              // then: commands that would end the grace now
	told      *state.Journal // the report that Told is about
}

func resultOf(j *state.Journal, out Outcome) Result {
	r := Result{Outcome: out, Profile: j.Profile, User: j.User.ARN, Account: j.User.Account,
		Old: j.Old, New: j.New, RootKey: j.Root != nil, Leaked: j.Compromised, Places: []string{}}
	for _, p := range j.Places {
		path := j.Paths.Credentials
		if p.Kind != 0 {
			path = j.Paths.Config
		}
		r.Places = append(r.Places, fmt.Sprintf("%s [%s]", path, p.Profile))
	}
	r.Copies = j.Paths.Copies
	for _, path := range j.Dropped {
		r.Notes = append(r.Notes, fmt.Sprintf("the copy %s was given up: look whether it holds the old key", path))
	}
	switch {
	case out == Planned:
		r.Retired, r.FreeSlot = string(j.Retire), j.FreeSlot
		if j.Grace > 0 {
			r.Grace = j.Grace.String()
		}
	case out == Rotated && j.Retire == state.Deactivate, out == Unfinished && j.Compromised && j.Off == state.OffDone:
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

// historyOf is the line of the history for a rotation that has ended.
func historyOf(j *state.Journal, out Outcome) state.History {
	return state.History{ID: j.ID, Outcome: string(out), Profile: j.Profile, User: j.User.ARN, UserID: j.User.UserID, Old: j.Old, New: j.New,
		Retired: resultOf(j, out).Retired, Second: j.FreeSlot, RootKey: j.Root != nil, Leaked: j.Compromised, Kept: keptBy(j, out)}
}

// keptBy names the keys that a person, or a use of them, kept: only a typed ID
// frees them.
func keptBy(j *state.Journal, out Outcome) []string {
	switch {
	case out == KeptBoth:
		return []string{j.Old}
	case out == Undone && j.UndoAsked && j.NewOff:
		return []string{j.New}
	}
	return nil
}

// CountPlaces says to how many places and copies a key goes.
func CountPlaces(places, copies int) string {
	says := show.Count(places, "place")
	switch copies {
	case 0:
		return says
	case 1:
		return says + " and 1 copy"
	}
	return fmt.Sprintf("%s and %d copies", says, copies)
}
