package report

import (
	"time"
)

// Version is the version of the report's JSON form. It grows when a field
// changes its meaning or goes away; a new field does not change it.
const Version = 1

// Report is the result of an audit.
type Report struct {
	Version  int       `json:"version"`
	Time     time.Time `json:"time"`
	Files    []string  `json:"files"`    // that exist
	Profiles int       `json:"profiles"` // looked at
	Keys     int       `json:"keys"`     // distinct key IDs in these profiles
	Offline  bool      `json:"offline"`
	// Unknown counts the keys of which it is not known whether they are root
	// keys, or how old they are.
	Unknown int `json:"unknown"`
	// Excepted counts the findings that are left out because of an exception;
	// Known those that a baseline had.
	Excepted int       `json:"excepted"`
	Known    int       `json:"known"`
	Counts   Counts    `json:"counts"`
	Findings []Finding `json:"findings"` // the worst first
	// Unread names what could not be read, if nothing is known of the two files.
	Unread []string `json:"unread"`
}

// SubjectType is a kind of thing that a finding can be about.
type SubjectType string

// The kinds of things that findings are about. Their IDs are in this order: an
// account ID, the ARN of an IAM user, an access key ID, a path, a profile's name,
// and nothing for the machine that was audited.
const (
	AboutAccount SubjectType = "account"
	AboutUser    SubjectType = "user"
	AboutKey     SubjectType = "key"
	AboutFile    SubjectType = "file"
	AboutProfile SubjectType = "profile"
	AboutMachine SubjectType = "machine"
)

// Subject is what a finding is about.
type Subject struct {
	Type SubjectType `json:"type"`
	ID   string      `json:"id"`
}

// subject is what f is about: what its rule says, or where f does not have the
// ID of that, the next best that it has.
func (f *Finding) subject(want SubjectType) Subject {
	profile := ""
	if len(f.Profiles) > 0 {
		profile = f.Profiles[0]
	}
	has := map[SubjectType]string{AboutAccount: f.Account, AboutKey: f.KeyID, AboutFile: f.File, AboutProfile: profile}
	for _, t := range []SubjectType{want, AboutKey, AboutProfile, AboutFile} {
		if t == AboutMachine {
			break
		}
		if has[t] != "" {
			return Subject{t, has[t]}
		}
	}
	return Subject{Type: AboutMachine}
}

// Finding is one thing that is wrong, or good to know.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Subject  Subject  `json:"subject"`
	Profiles []string `json:"profiles"` // concerned; empty for a finding about a file
	// KeyID is the key concerned; empty if there is none, and if what stands in
	// the place of a key ID does not look like one.
	KeyID string `json:"key_id"`
	// Account is the account concerned, if it is known.
	Account string `json:"account"`
	File    string `json:"file"`
	Line    int    `json:"line"` // counted from 1; 0 for the whole file
	Col     int    `json:"col"`  // in bytes, counted from 1; 0 for the whole line
	What    string `json:"what"` // one sentence
	Why     string `json:"why"`
	// Sources are the published checks and documents behind the rule.
	Sources []string `json:"sources"`
	Repair  Repair   `json:"repair"`
	// Fingerprint stays the same while the finding does, wherever it moves in
	// its file; it is made of the rule and the subject.
	Fingerprint string `json:"fingerprint"`
}

// Worst returns the highest severity found, Clean if there are no findings.
func (r *Report) Worst() Severity {
	worst := Clean
	for i := range r.Findings {
		worst = max(worst, r.Findings[i].Severity)
	}
	return worst
}

// Fails reports whether there is a finding at or above level.
func (r *Report) Fails(level Severity) bool { return r.Worst() >= max(level, Info) }
