package report

import (
	"strconv"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

// Input is all that an audit judges.
type Input struct {
	// Set is the two files; nil where they could not be read.
	Set   *credfile.Set
	Local home.Local
	// Beside is what else in the home folder concerns keys.
	Beside home.Beside
	// ReadErrors are the failures to read a file. Their texts are shown.
	ReadErrors []error
	// Online holds what AWS said, by key ID. An Offline audit may have facts
	// that never change from an earlier one.
	Online  map[string]facts.Online
	Offline bool
	// Never says which keys are not asked about on purpose. May be nil.
	Never func(profile, keyID string) bool
	// Rotations is what the state folder holds of rotations in flight.
	Rotations []facts.Rotation
	// StateFault says why that folder is not read; nil where it is.
	StateFault *facts.StateFault
	// Profiles limits the audit to these profiles and to the files themselves;
	// empty means all. A name that no file has is the caller's to refuse.
	Profiles []string
	Now      time.Time
	Policy   Policy
}

// Policy is what a user or a company decides.
type Policy struct {
	// MaxAge is how old a key may get; 0 means DefaultMaxAge. If it is a number
	// of days, ages count in whole days, and a key of exactly this age passes, as
	// with the auditors in the AWS console.
	MaxAge time.Duration
	// MaxUnused is how long a key may go unused, counted in the same way, from
	// its creation if it never was used; 0 means DefaultMaxUnused.
	MaxUnused time.Duration
	// Accounts, if there are any, are those whose keys may be on this machine.
	Accounts []string
	// Off names rules that are switched off.
	Off []string
	// Exceptions are findings that are accepted for a time.
	Exceptions []Exception
}

// Exception accepts findings until a date. An empty field means any; one of
// Rule, Profile, Account and Key has to be set.
type Exception struct {
	Name                        string // what it is called where it was written
	Rule, Profile, Account, Key string
	Reason                      string
	Until                       time.Time // the first moment in which it no longer holds
	Where                       string    // file:line, for people
}

// DefaultMaxAge is 90 days (CIS AWS Foundations 7.0.0 2.12; Security Hub IAM.3).
const DefaultMaxAge = 90 * day

// DefaultMaxUnused is 45 days (CIS AWS Foundations 7.0.0 2.11; Security Hub
// IAM.22). A key unused for exactly as long passes, as with Prowler.
const DefaultMaxUnused = 45 * day

const day = 24 * time.Hour

func (p Policy) maxAge() time.Duration {
	if p.MaxAge <= 0 {
		return DefaultMaxAge
	}
	return p.MaxAge
}

func (p Policy) maxUnused() time.Duration {
	if p.MaxUnused <= 0 {
		return DefaultMaxUnused
	}
	return p.MaxUnused
}

// beyond reports whether d is above a limit; in whole days if the limit is.
func beyond(d, limit time.Duration) bool {
	if limit%day == 0 {
		return d/day > limit/day
	}
	return d > limit
}

// days is d in days: whole if the limit is, or else with one decimal.
func days(d, limit time.Duration) string {
	if limit%day == 0 {
		return strconv.Itoa(int(d / day))
	}
	return strconv.FormatFloat(float64(d)/float64(day), 'f', 1, 64)
}

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
