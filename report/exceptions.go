package report

import (
	"fmt"
	"keycare/credfile/show"
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

// lookAtExceptions judges the exceptions themselves.
func lookAtExceptions(a *auditor) {
	for _, e := range a.in.Policy.Exceptions {
		if a.in.Now.Before(e.Until) {
			continue
		}
		a.add(ruleExceptionExpired, Finding{What: fmt.Sprintf("the exception %s (%s) ended on %s: %s",
			show.Name(e.Name), e.Where, e.Until.Add(-time.Second).Format(time.DateOnly), show.Plain(e.Reason))}, e.Name)
	}
}
