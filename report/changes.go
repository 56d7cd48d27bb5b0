package report

import (
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/sorting"
)

// State is what has become of a finding.
type State string

// The states of findings. With a baseline those that it has not are new.
const (
	StateNew      State = "new"      // the audit before does not have it
	StateOpen     State = "open"     // the audit before has it too
	StateKnown    State = "known"    // the baseline has it
	StateAccepted State = "accepted" // an exception covers it
)

// Changes is what differs from the audit before.
type Changes struct {
	Since time.Time `json:"since"` // when that was made
	New   int       `json:"new"`
	Worse int       `json:"worse"` // findings whose severity went up
	Gone  []Gone    `json:"gone"`
}

// Gone is a finding that only the audit before has.
type Gone struct {
	Rule        string    `json:"rule"`
	Severity    Severity  `json:"severity"`
	Title       string    `json:"title"`
	Profiles    []string  `json:"profiles"`
	KeyID       string    `json:"key_id"`
	Account     string    `json:"account"`
	File        string    `json:"file"`
	What        string    `json:"what"`
	Fingerprint string    `json:"fingerprint"`
	FirstSeen   time.Time `json:"first_seen"`
}

// Point is what one audit counted.
type Point struct {
	Time    time.Time `json:"time"`
	Keys    int       `json:"keys"`
	Unknown int       `json:"unknown"`
	Counts  Counts    `json:"counts"`
}

// Point is what this audit counted.
func (r *Report) Point() Point { return Point{r.Time, r.Keys, r.Unknown, r.Counts} }

// Seen are the times at which findings were seen first, by fingerprint.
type Seen map[string]time.Time

// Add notes that a finding was there at a time.
func (s Seen) Add(fingerprint string, at time.Time) {
	if old, ok := s[fingerprint]; !ok || at.Before(old) {
		s[fingerprint] = at
	}
}

// Follow says of each finding whether the audit before has it, and since when it
// is known. before may be nil. A report that says nothing of this has findings
// that are all new.
//
// What is gone is told only where both audits could see the same: not one of them
// was made without AWS, or deep, and what they could not learn is the same.
func (r *Report) Follow(before *Report, seen Seen) {
	had := make(map[string]*Finding)
	if before != nil {
		for i := range before.Accepted {
			had[before.Accepted[i].Fingerprint] = &before.Accepted[i].Finding
		}
		for _, list := range [][]Finding{before.KnownFindings, before.Findings} {
			for i := range list {
				had[list[i].Fingerprint] = &list[i]
			}
		}
	}
	follow := func(f *Finding) (old *Finding) {
		f.FirstSeen, f.Was = r.Time, Clean
		if at, ok := seen[f.Fingerprint]; ok && at.Before(f.FirstSeen) {
			f.FirstSeen = facts.Whole(at)
		}
		if old = had[f.Fingerprint]; old == nil {
			old = grownFrom(f, before)
		}
		if old != nil && !old.FirstSeen.IsZero() && old.FirstSeen.Before(f.FirstSeen) {
			f.FirstSeen = facts.Whole(old.FirstSeen)
		}
		return old
	}
	for i := range r.Accepted {
		follow(&r.Accepted[i].Finding)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		old := follow(f)
		if f.State = StateNew; old == nil {
			continue
		}
		if f.State = StateOpen; old.Severity < f.Severity {
			f.Was = old.Severity
		}
	}
	r.Changes = nil
	if before == nil || before.Offline != r.Offline || before.Deep != r.Deep || before.Complete != r.Complete || !slices.Equal(before.Incomplete, r.Incomplete) {
		return
	}
	r.Changes, r.looksFurther = &Changes{Since: before.Time, Gone: []Gone{}}, before.Partial && !r.Partial
	r.countChanges()
	has := make(map[string]bool)
	for i := range r.Findings {
		f := &r.Findings[i]
		has[f.Fingerprint] = true
		if old := grownFrom(f, before); old != nil {
			has[old.Fingerprint] = true
		}
	}
	for i := range r.Accepted {
		has[r.Accepted[i].Fingerprint] = true
	}
	for _, f := range before.Findings {
		if slices.Contains(r.RulesOff, f.Rule) { // it may be there still
			continue
		}
		if !has[f.Fingerprint] && !(r.Partial && !before.Partial && downloaded(f.Rule)) {
			r.Changes.Gone = append(r.Changes.Gone, Gone{f.Rule, f.Severity, f.Title, notNil(f.Profiles), f.KeyID, f.Account, f.File, f.What, f.Fingerprint, f.FirstSeen})
		}
	}
}

// grownFrom is the finding of the audit before that f has grown out of: of the
// rule that covers f's, about the same thing. nil if there is none.
func grownFrom(f *Finding, before *Report) *Finding {
	rule := RuleByID(f.Rule)
	if before == nil || rule == nil || rule.CoveredBy == "" {
		return nil
	}
	i := slices.IndexFunc(before.Findings, func(old Finding) bool {
		return old.Rule == rule.CoveredBy && old.Subject == f.Subject && old.Subject.ID != ""
	})
	if i < 0 {
		return nil
	}
	return &before.Findings[i]
}

// downloaded reports whether a rule is about files that a partial audit does not
// look for everywhere.
func downloaded(rule string) bool { return rule == ruleRootKeyFile.ID || rule == ruleKeyDownload.ID }

// countChanges counts the findings that are left.
func (r *Report) countChanges() {
	if r.Changes == nil {
		return
	}
	r.Changes.New, r.Changes.Worse = 0, 0
	for i := range r.Findings {
		switch f := &r.Findings[i]; {
		case f.State == StateNew && r.looksFurther && downloaded(f.Rule): // it may have been there
		case f.State == StateNew:
			r.Changes.New++
		case f.Was != Clean:
			r.Changes.Worse++
		}
	}
}

// SortedByAge are the keys, those that are oldest first; those whose age is not
// known last.
func SortedByAge(keys []Key) []Key {
	sorted := slices.Clone(keys)
	sorting.By(sorted, func(a, b Key) int {
		switch {
		case a.Created.IsZero() && b.Created.IsZero():
			return strings.Compare(a.ID, b.ID)
		case a.Created.IsZero():
			return 1
		case b.Created.IsZero():
			return -1
		}
		return a.Created.Compare(b.Created)
	})
	return sorted
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
