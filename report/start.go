package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// Timer is what is known of the timer that looks after the keys.
type Timer struct {
	Ran     bool   // it ran once, as far as is known
	Trouble string // what is wrong with it, in a few words; empty if nothing is
}

// Step is a command to run next, and the reason in a few words.
type Step struct{ Command, Why string }

// Steps that stand for themselves.
var (
	stepAudit     = Step{"keycare audit", "check with AWS too, and see the fixes"}
	stepHelp      = Step{"keycare --help", "list all commands"}
	stepStatus    = Step{"keycare status", "unfinished and finished rotations"}
	stepTimer     = Step{"keycare schedule install", "run audits and rotations on a schedule"}
	stepTrouble   = Step{"keycare schedule status", "show the timer and its last run"}
	stepFix       = Step{"keycare fix --dry-run", "show what would be fixed in the files"}
	stepUndo      = Step{"keycare resume", "finish or roll back an interrupted rotation"}
	stepRetire    = Step{"keycare resume", "retire the old key"}
	stepTell      = Step{"keycare resume", "see what the leaked key did"}
	stepDemo      = Step{"keycare demo", "see keycare at work on a made-up machine"}
	stepSignIn    = Step{"aws configure sso", "recommended: sign in without a long-lived key"}
	stepElsewhere = Step{"keycare audit", "look for keys in other places"}
)

// StepsWithoutFiles are for a machine without AWS files.
var StepsWithoutFiles = []Step{stepSignIn, stepDemo}

// FirstSteps are the three commands that matter now, after an audit of in gave
// r: what is about the worst, a look at everything, and the help.
func FirstSteps(in Input, r *Report, t Timer) []Step {
	resume := resuming(in)
	urgent := cmp.Or(resume, mending(in, r))
	if t.Trouble != "" {
		urgent = cmp.Or(urgent, stepTrouble)
	}
	if urgent == (Step{}) && r.Keys == 0 {
		if r.Profiles > 0 {
			return []Step{stepElsewhere, stepDemo, stepHelp}
		}
		return []Step{stepSignIn, stepDemo, stepHelp}
	}
	keys := askable(in)
	next := cmp.Or(rotating(keys, in.AWSFiles.GOOS), stepStatus)
	if !t.Ran && t.Trouble == "" {
		next = stepTimer
	}
	if resume == (Step{}) && r.Unknown > 0 && len(keys) > 0 && !anyAnswer(in) {
		return []Step{stepAudit, cmp.Or(urgent, next), stepHelp}
	}
	return []Step{cmp.Or(urgent, next), stepAudit, stepHelp}
}

// anyAnswer reports whether an audit has learned anything of a key yet.
func anyAnswer(in Input) bool {
	for _, o := range in.Online {
		if o.Identity.Known() || o.Created.Known() {
			return true
		}
	}
	return false
}

// resuming is what is to be done about rotations that stopped half way, or whose
// grace is over.
func resuming(in Input) Step {
	switch n := CountRotations(in.Rotations, in.Now); {
	case n.Unfinished > 0:
		return stepUndo
	case n.GraceOver > 0:
		return stepRetire
	case n.Owed > 0:
		return stepTell
	}
	return Step{}
}

// mending is the command for the worst finding. It changes nothing: that is for
// a person who has seen what would be done.
func mending(in Input, r *Report) Step {
	if r.Counts.AtLeast(Low) == 0 {
		return Step{}
	}
	f := &r.Findings[0]
	barred := in.NeverCall != nil && slices.ContainsFunc(f.Profiles, func(profile string) bool { return in.NeverCall(profile, f.KeyID) })
	switch command := f.Repair.Command; {
	case f.Repair.Text != "" || barred:
	case strings.HasPrefix(command, "keycare rotate "):
		return Step{dryRun(command), "show what a rotation would do"}
	case strings.HasPrefix(command, "keycare replace-root "):
		return Step{dryRun(command), "show what would replace it"}
	}
	if slices.ContainsFunc(TooOpenIn(in), func(t TooOpen) bool { return t.Path == f.File && t.rule.ID == f.Rule && !t.OwnedByOther }) {
		return stepFix
	}
	return Step{"keycare explain " + f.Rule, "what it means, and how to fix it"}
}

// dryRun adds the flag where it is one: not behind "--".
func dryRun(command string) string {
	const rotate = "keycare rotate "
	if name, ok := strings.CutPrefix(command, rotate+"-- "); ok {
		return rotate + "--dry-run -- " + name
	}
	return command + " --dry-run"
}

// rotating is a dry run for the first profile that has a name without odd
// characters.
func rotating(profiles []string, goos string) Step {
	for _, name := range profiles {
		if show.Arg(name, goos) == name {
			return Step{"keycare rotate " + name + " --dry-run", "show what a rotation would do"}
		}
	}
	return Step{}
}

// askable are the profiles with a long-term key that AWS may be asked about, in
// the order of the files.
func askable(in Input) (profiles []string) {
	if in.Set == nil {
		return nil
	}
	for _, s := range takeInventory(in.Set, nil).profiles {
		for _, h := range s.in {
			if h == nil || s.name == "" {
				continue
			}
			f := credfile.FactsOf(h.id.value)
			if f.Kind == credfile.LongTerm && !f.Canary && (in.NeverCall == nil || !in.NeverCall(s.name, f.ID)) && !slices.Contains(profiles, s.name) {
				profiles = append(profiles, s.name)
			}
		}
	}
	return profiles
}

// RotationCounts are the rotations that are not closed, by what they need.
type RotationCounts struct {
	Unfinished int       // stopped half way
	Owed       int       // closed, but what a leaked key did is still to be told
	GraceOver  int       // the old key is to be retired
	InGrace    int       // nothing yet
	NextEnd    time.Time // of the first grace that ends; zero if none does
}

// CountRotations counts what the state folder holds. Watches need nothing.
func CountRotations(all []facts.Rotation, now time.Time) (n RotationCounts) {
	for _, r := range all {
		switch {
		case r.Stage == "watch":
		case r.Stage == facts.StageOwed:
			n.Owed++
		case r.Stage != "grace":
			n.Unfinished++
		case !r.Until.After(now):
			n.GraceOver++
		default:
			n.InGrace++
			if n.NextEnd.IsZero() || r.Until.Before(n.NextEnd) {
				n.NextEnd = r.Until
			}
		}
	}
	return n
}
