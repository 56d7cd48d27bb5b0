package report

import (
	"fmt"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleRotationUnfinished = &Rule{
		ID: "rotation-unfinished", About: AboutKey, Severity: High, Because: "two keys are active, or the file holds one that is about to be deleted",
		Title:   "Rotation that stopped half way",
		Why:     "until it is finished, the user has an extra key, and both secrets are in a recovery file",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRecoveryLeft = &Rule{
		ID: "recovery-left", About: AboutFile, Severity: High, Because: "two secrets are in a file that nothing will ever remove",
		Title:   "Recovery file without its journal",
		Why:     "it holds the secrets of the old and the new key of a rotation that left no journal",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRotationWatched = &Rule{
		ID: "rotation-watched", About: AboutKey, Severity: Low, Because: "a key whose secret nobody has may turn up",
		Title:   "Lost reply, still being watched",
		Why:     "an unknown key may still appear; keycare watches for it",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleReportOwed = &Rule{
		ID: "leak-report-owed", About: AboutKey, Severity: High, Because: "what the leaked key gave out may still work, and the commands that end it are in the report",
		Title:   "Report on a leaked key that nobody has seen",
		Why:     "the key is inactive, but keycare was stopped, or AWS did not answer, before it said what the key did and how to end the sessions that it gave out",
		Sources: []string{"AWS IAM User Guide, Disabling permissions for temporary security credentials"},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRotationInGrace = &Rule{
		ID: "rotation-in-grace", About: AboutKey, Severity: Info, Because: "this is intended, for a while",
		Title:   "Old key in its grace period",
		Why:     "the old key works until keycare retires it, which gives its other users time to switch",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "nothing to do until the grace period ends; then", Command: "keycare resume"},
	}
)

var ruleStateFolder = &Rule{
	ID: "state-folder", About: AboutFile, Severity: High, Because: "anyone who can write there can have keys deleted and read new ones",
	Title:   "State folder open to others",
	Why:     "keycare acts on what its state folder says, so it refuses a folder that someone else may have changed",
	Sources: []string{"OpenSSH, StrictModes"},
	Repair:  Repair{Text: "find out who changed it, and make it yours again"},
}

// rotationRules are about rotations in flight.
var rotationRules = []*Rule{ruleRotationUnfinished, ruleRecoveryLeft, ruleRotationWatched, ruleReportOwed, ruleRotationInGrace, ruleStateFolder}

// lookAtRotations judges what the state folder holds.
func lookAtRotations(a *auditor) {
	if fault := a.in.StateFault; fault != nil {
		f := Finding{File: fault.Path, What: fmt.Sprintf("%s, where keycare keeps its rotation journals, %s; keycare does not use it", fault.Path, fault.Why)}
		if fault.Command != "" {
			f.Repair = Repair{Text: "check what is in it, then", Command: fault.Command}
		}
		a.add(ruleStateFolder, f, fault.Path)
	}
	for _, r := range a.in.Rotations {
		f := Finding{File: r.Path}
		if r.Profile != "" {
			f.Profiles = []string{r.Profile}
		}
		if show.IsKeyID(r.Old) {
			f.KeyID = r.Old
		}
		of := "a rotation"
		if f.KeyID != "" {
			of = fmt.Sprintf("the rotation of key %s of %s", f.KeyID, show.Names(f.Profiles))
		}
		if !r.Since.IsZero() {
			of += " (since " + r.Since.UTC().Format(time.DateOnly) + ")"
		}
		rule, says := ruleRotationUnfinished, of+" is not finished"
		switch {
		case !r.Journal:
			rule, says = ruleRecoveryLeft, "a recovery file with the secrets of "+of+" has no journal beside it"
		case r.Stage == "grace":
			rule, says = ruleRotationInGrace, of+" has switched to the new key; the old key is still active"
			f.Repair = a.graceRepair(r, &says)
		case r.Stage == "watch":
			rule, says = ruleRotationWatched, of+" is closed, but a request whose reply was lost may still create a key"
		case r.Stage == facts.StageOwed:
			rule, says = ruleReportOwed, of+" is done, but what the leaked key did was not told yet"
		case r.Stage == "damaged":
			says = "the journal of " + of + " cannot be read"
			f.Repair = Repair{Text: "look at the keys of the user in the AWS console, then", Command: show.Command(a.in.AWSFiles.GOOS, "keycare", "resume", "--forget", r.ID)}
		}
		f.What = says
		a.add(rule, f, r.ID)
	}
}

// graceRepair says until when the old key stays. Before that there is nothing to do.
func (a *auditor) graceRepair(r facts.Rotation, says *string) Repair {
	switch end := r.Until.In(a.in.Now.Location()).Format("2006-01-02 15:04 MST"); {
	case r.Until.IsZero():
	case a.in.Now.Before(r.Until):
		*says += " until " + end
		return say(`nothing to do until then; "keycare resume" retires the old key afterwards`)
	default:
		*says += "; its grace period ended " + end
	}
	return do("keycare resume")
}
