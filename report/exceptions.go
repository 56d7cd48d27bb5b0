package report

import (
	"fmt"
	"slices"
	"time"
)

var (
	ruleExceptionExpired = &Rule{
		ID: "exception-expired", About: AboutMachine, Severity: Low, Because: "what it covered is shown again by its own rule",
		Title:   "Exception that has ended",
		Why:     "somebody accepted a finding until that day",
		Sources: []string{"keycare settings"},
		Repair:  Repair{Text: "mend what it was about, then delete it from keycare.ini, or give it a new end", Command: "keycare settings"},
	}
)

// exceptionRules are about the exceptions themselves.
var exceptionRules = []*Rule{ruleExceptionExpired}

// accepted reports whether an exception that still holds covers f.
func (a *auditor) accepted(f *Finding) bool {
	for i := range a.in.Policy.Exceptions {
		if e := &a.in.Policy.Exceptions[i]; a.in.Now.Before(e.Until) && e.covers(f) {
			return true
		}
	}
	return false
}

// covers reports whether all that e names fits f. An exception that names
// nothing covers nothing. One for a profile covers a finding about several only
// where it is the only one. One for old-key goes on when the key gets older than
// a year.
func (e *Exception) covers(f *Finding) bool {
	if e.Rule == "" && e.Profile == "" && e.Account == "" && e.Key == "" {
		return false
	}
	return (e.Rule == "" || e.Rule == f.Rule || e.Rule == ruleOldKey.ID && f.Rule == ruleYearOldKey.ID) && (e.Key == "" || e.Key == f.KeyID) &&
		(e.Account == "" || e.Account == f.Account) &&
		(e.Profile == "" || slices.Equal(f.Profiles, []string{e.Profile}))
}

// lookAtExceptions judges the exceptions themselves.
func lookAtExceptions(a *auditor) {
	for _, e := range a.in.Policy.Exceptions {
		if a.in.Now.Before(e.Until) {
			continue
		}
		a.add(ruleExceptionExpired, Finding{What: fmt.Sprintf("the exception %q (%s) ended on %s: %s",
			e.Name, e.Where, e.Until.Add(-time.Second).Format(time.DateOnly), e.Reason)}, e.Name)
	}
}
