package report

import (
	"fmt"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleRotationUnfinished = &Rule{
		ID: "rotation-unfinished", About: AboutKey, Severity: High, Because: "two keys are alive, or the file holds one that is about to be deleted",
		Title:   "Rotation that stopped half way",
		Why:     "until it is finished the user has an extra key and its secrets lie in a recovery file",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRecoveryLeft = &Rule{
		ID: "recovery-left", About: AboutFile, Severity: High, Because: "two secrets lie in a file that nothing will ever remove",
		Title:   "Recovery file without its journal",
		Why:     "it holds the secrets of the old and the new key of a rotation that nobody remembers",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRotationWatched = &Rule{
		ID: "rotation-watched", About: AboutKey, Severity: Low, Because: "a key may turn up that nobody holds the secret of",
		Title:   "Lost reply that is still watched",
		Why:     "a key that nobody knows may still appear; keycare looks for it and deletes it",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleRotationInGrace = &Rule{
		ID: "rotation-in-grace", About: AboutKey, Severity: Info, Because: "it is meant to be so, for a while",
		Title:   "Old key in its time of grace",
		Why:     "the old key works until keycare retires it, so that other users of it can change over",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "nothing to do before the end of the grace; then", Command: "keycare resume"},
	}
)

var ruleStateFolder = &Rule{
	ID: "state-folder", About: AboutFile, Severity: High, Because: "whoever can write it can have keys deleted and read new ones",
	Title:   "State folder open to others",
	Why:     "keycare deletes keys and writes the AWS files by what its state folder says, so it does nothing with one that someone else may have written",
	Sources: []string{"OpenSSH, StrictModes"},
	Repair:  Repair{Text: "find out who changed it, and put it back in your own hands"},
}

// rotationRules are about rotations in flight.
var rotationRules = []*Rule{ruleRotationUnfinished, ruleRecoveryLeft, ruleRotationWatched, ruleRotationInGrace, ruleStateFolder}

// lookAtRotations judges what the state folder holds.
func lookAtRotations(a *auditor) {
	if fault := a.in.StateFault; fault != nil {
		f := Finding{File: fault.Path, What: fmt.Sprintf("%s, where keycare keeps its notes of rotations, %s: nothing in it is read or written", fault.Path, fault.Why)}
		if fault.Command != "" {
			f.Repair = Repair{Text: "look at what is in it, then", Command: fault.Command}
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
			rule, says = ruleRotationInGrace, of+" is done but for the old key, which is still active"
			f.Repair = a.graceRepair(r, &says)
		case r.Stage == "watch":
			rule, says = ruleRotationWatched, of+" is closed, but a request whose reply was lost may still make a key"
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
		return say(`nothing to do before that; then "keycare resume" retires the old key`)
	default:
		*says += "; its grace ended on " + end
	}
	return do("keycare resume")
}
