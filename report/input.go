package report

import (
	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"strconv"
	"time"
)

// Input is all that an audit judges.
type Input struct {
	// Set is the two files; nil where they could not be read.
	Set      *credfile.Set
	AWSFiles home.AWSFiles
	// OtherFiles is what else in the home folder concerns keys.
	OtherFiles home.OtherFiles
	// KeyFiles are the files that an audit looks into for their names, and that hold
	// keys, or may.
	KeyFiles []home.KeyFile
	// OwnKeys are the user's keys, present and past, if one of these files was there.
	OwnKeys []copies.Key
	// ReadErrors are the failures to read a file. Their texts are shown.
	ReadErrors []error
	// Online holds what AWS said, by key ID. An Offline audit may have facts
	// that never change from an earlier one.
	Online  map[string]facts.Online
	Offline bool
	Deep    bool // who uses the keys, and what their users may do, was asked
	// NeverCall says which keys are not asked about on purpose. May be nil.
	NeverCall func(profile, keyID string) bool
	// Rotations is what the state folder holds of rotations in flight.
	Rotations []facts.Rotation
	// Replaced are the keys that keycare's history says it replaced.
	Replaced []facts.Replacement
	// Found is what a scan for copies of keys found; nil where none was made.
	Found *Found
	// StateFault says why that folder is not read; nil where it is.
	StateFault *facts.StateFault
	// Profiles limits the audit to these profiles and to the files themselves;
	// empty means all. A name that no file has is the caller's to refuse.
	Profiles []string
	// Partial says that not all places were looked at where keys may be.
	Partial bool
	Now     time.Time
	Policy  Policy
	Origin  Origin
	Timer   *TimerRun // nil if it has not run
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
	// Severity are the severities that the findings of some rules get instead of
	// their own.
	Severity map[string]Severity
	// Exceptions are findings that are accepted for a time.
	Exceptions []Exception
}

// Exception accepts findings until a date. An empty field means any; one of the
// first two lines has to be set.
type Exception struct {
	Rule, Profile, Account, Key string
	File, Fingerprint           string
	Name                        string // what it is called where it was written
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

// due is the first moment in which a key of such a creation is beyond the limit.
func (p Policy) due(created time.Time) time.Time {
	limit := p.maxAge()
	if created.IsZero() {
		return created
	}
	if limit%day == 0 {
		limit += day
	}
	return created.Add(limit)
}

// days is d in days: whole if the limit is, or else with one decimal.
func days(d, limit time.Duration) string {
	if limit%day == 0 {
		return strconv.Itoa(int(d / day))
	}
	return strconv.FormatFloat(float64(d)/float64(day), 'f', 1, 64)
}
