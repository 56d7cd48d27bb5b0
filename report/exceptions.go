package report

import (
	"fmt"
	"slices"
	"time"

	"keycare/credfile/show"
)

var (
	ruleExceptionExpired = &Rule{
		ID: "exception-expired", About: AboutMachine, Severity: Low, Because: "what it covered is reported again by its own rule",
		Title:   "Expired exception",
		Why:     "a finding was accepted until that day",
		Sources: []string{"keycare settings"},
		Repair:  Repair{Text: "accept it again, or remove the exception", Command: "keycare accept --list"},
	}
	ruleExceptionUnused = &Rule{
		ID: "exception-unused", About: AboutMachine, Severity: Info, Because: "it hides nothing today",
		Title:   "Exception that matches nothing",
		Why:     "what it accepted is gone, or it names the wrong thing",
		Sources: []string{"keycare settings"},
		Repair:  Repair{Text: "remove it if it is no longer needed", Command: "keycare accept --list"},
	}
)

// exceptionRules are about the exceptions themselves.
var exceptionRules = []*Rule{ruleExceptionExpired, ruleExceptionUnused}

// lookAtExceptions judges the exceptions themselves, after all that they may
// cover. Whether one matches nothing only an audit of everything knows.
func lookAtExceptions(a *auditor) {
	whole := a.in.Set != nil && len(a.in.ReadErrors) == 0 && !a.in.Offline && !a.in.Partial && len(a.in.Profiles) == 0 && a.unknown == 0 && len(a.incomplete) == 0
	for i, e := range a.in.Policy.Exceptions {
		ended := !a.in.Now.Before(e.Until)
		name := fmt.Sprintf("the exception %s (%s)", show.Name(e.Name), e.Where)
		repair := Repair{}
		if !show.SecretLike(e.Name) {
			repair = Repair{"if it is no longer needed", show.Command(a.goos, "keycare", "accept", "--remove", e.Name)}
		}
		switch {
		case ended:
			a.add(ruleExceptionExpired, Finding{What: fmt.Sprintf("%s ended on %s: %s", name, lastDay(e.Until), show.Plain(e.Reason)), Repair: repair}, e.Name)
		case whole && !a.matched[i] && (a.in.Deep || !e.deep()):
			a.add(ruleExceptionUnused, Finding{What: name + " matches no finding", Repair: repair}, e.Name)
		}
	}
}

// deep reports whether an exception is for a rule that only a deep audit looks for.
func (e *Exception) deep() bool {
	return slices.ContainsFunc(deepRules, func(r *Rule) bool { return r.ID == e.Rule })
}

// lastDay is the last day of an exception that ends before a moment.
func lastDay(end time.Time) string { return end.Add(-time.Second).Format(time.DateOnly) }
