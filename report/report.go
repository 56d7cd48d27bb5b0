package report

import (
	"time"
)

// Version is the version of the report's JSON form. It grows when a field
// changes its meaning or goes away; a new field does not change it.
const Version = 1

// Report is the result of an audit.
type Report struct {
	Version int `json:"version"`
	Origin
	Time     time.Time `json:"time"` // in whole seconds
	Policy   Limits    `json:"policy"`
	Files    []string  `json:"files"`    // that exist
	Profiles int       `json:"profiles"` // looked at
	Keys     int       `json:"keys"`     // distinct key IDs in these profiles
	Offline  bool      `json:"offline"`
	Deep     bool      `json:"deep"` // the rules that are Deep were looked for
	// Unknown counts the keys of which it is not known whether they are root
	// keys, or how old they are.
	Unknown int `json:"unknown"`
	// Complete says that the audit learned all that it was allowed to ask. Where it
	// did not, Incomplete says so for people, a sentence for each reason.
	Complete   bool     `json:"complete"`
	Incomplete []string `json:"incomplete"`
	// undecided is the highest severity of a finding that may be missing for it.
	undecided Severity
	// Excepted counts the findings that an exception accepts (Accepted); Known
	// those that a baseline had (KnownFindings). Neither are in Counts and Findings.
	Excepted int    `json:"excepted"`
	Known    int    `json:"known"`
	Counts   Counts `json:"counts"`
	// Findings are the worst first. In JSON the known ones stand among them, so
	// that a report can be the baseline of the next one.
	Findings      []Finding  `json:"findings"`
	KnownFindings []Finding  `json:"-"`
	Accepted      []Accepted `json:"accepted"`
	// RulesOff are the rules that the settings switch off, SeveritySet those whose
	// severity they set: what a reader has to know of what is not here.
	RulesOff    []string            `json:"rules_off"`
	SeveritySet map[string]Severity `json:"severity_set"`
	// Unread names what could not be read, if nothing is known of the two files.
	Unread []string `json:"unread"`
	// Partial says that the downloads and the desktop were not looked at.
	Partial bool `json:"partial"`
	// Inventory is every key that was looked at, in the order of the files.
	Inventory []Key `json:"inventory"`
	// Rotations are those that are not closed.
	Rotations []Flight `json:"rotations"`
	// Timer is nil if it has not run.
	Timer *TimerRun `json:"timer,omitempty"`
	// Changes is nil where there is no audit before to compare with.
	Changes *Changes `json:"changes,omitempty"`
	// Trend is what the audits before this one counted, the latest last.
	Trend []Point `json:"trend,omitempty"`

	// Scan is nil but in the report of a scan for copies of keys.
	Scan *Scan `json:"scan,omitempty"`

	looksFurther bool // than the audit before, which was Partial
	// Missing names the two files if neither exists.
	Missing []string `json:"-"`
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
	Title    string   `json:"title"` // of the rule
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
	State       State  `json:"state"`
	// FirstSeen is when an audit found it first.
	FirstSeen time.Time `json:"first_seen"`
	// Was is the severity at the audit before, where it was lower; else Clean.
	Was Severity `json:"was,omitzero"`
}

// ShortID is the beginning of a fingerprint, enough to name a finding by.
func ShortID(fingerprint string) string { return fingerprint[:min(8, len(fingerprint))] }

// Accepted is a finding that an exception of the settings covers.
type Accepted struct {
	Finding
	Exception string `json:"exception"` // its name
	Reason    string `json:"reason"`
	Until     string `json:"until"` // its last day
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
