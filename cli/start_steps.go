package cli

import (
	"cmp"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/report"
)

type step struct{ command, why string }

// steps are the three commands that matter now: what is about the worst, a look
// at everything, and the help.
func (p *first) steps() []step {
	help := step{"keycare --help", "all that keycare can do"}
	audit := step{"keycare audit", "ask AWS as well, and see how to mend"}
	resume := p.resuming()
	urgent := cmp.Or(resume, p.mending())
	if p.trouble != "" {
		urgent = cmp.Or(urgent, step{"keycare schedule status", "what the timer does"})
	}
	if urgent == (step{}) && p.rep.Keys == 0 {
		demo := step{"keycare demo", "see keycare at work on a made-up machine"}
		if p.rep.Profiles > 0 {
			return []step{{"keycare audit", "look for keys in other places"}, demo, help}
		}
		return []step{{"aws configure sso", "sign in without a key that lasts: the best way"}, demo, help}
	}
	next := cmp.Or(p.rotating(), step{"keycare status", "the rotations, in flight and finished"})
	if p.timer == nil && p.trouble == "" {
		next = step{"keycare schedule install", "let a timer look after the keys"}
	}
	if resume == (step{}) && p.allUnknown() {
		return []step{audit, cmp.Or(urgent, next), help}
	}
	return []step{cmp.Or(urgent, next), audit, help}
}

// allUnknown reports whether no audit has learned anything of a key yet, and one
// could.
func (p *first) allUnknown() bool {
	for _, o := range p.in.Online {
		if o.Identity.Known() || o.Created.Known() {
			return false
		}
	}
	return p.rep.Unknown > 0 && len(p.keys()) > 0
}

// resuming is what is to be done about rotations that stopped half way, or whose
// grace is over.
func (p *first) resuming() step {
	for _, r := range p.in.Rotations {
		if r.Stage != "grace" && r.Stage != "watch" {
			return step{"keycare resume", "finish or undo what an interrupted rotation left"}
		}
	}
	if over, _ := p.graces(); over > 0 {
		return step{"keycare resume", "retire the old key"}
	}
	return step{}
}

// mending is the command for the worst finding. It changes nothing: that is for
// a person who has seen what would be done.
func (p *first) mending() step {
	if count(p.rep, report.Low) == 0 {
		return step{}
	}
	f := p.rep.Findings[0]
	fix := f.Repair.Command
	command, args, _ := strings.Cut(strings.TrimPrefix(fix, "keycare "), " ")
	barred := slices.ContainsFunc(f.Profiles, func(profile string) bool { return p.never.Bars(profile, f.KeyID) })
	switch {
	case !strings.HasPrefix(fix, "keycare ") || f.Repair.Text != "" || barred:
	case command == "rotate":
		return step{dryRun(fix, args), "what a rotation would do"}
	case command == "replace-root":
		return step{dryRun(fix, args), "what would replace it"}
	}
	if f.Rule == "file-mode" || f.Rule == "folder-mode" {
		return step{"keycare fix --dry-run", "what would be mended in the files"}
	}
	return step{"keycare explain " + f.Rule, "what that means, and how to mend it"}
}

// dryRun adds the flag where it is one: not behind "--".
func dryRun(command, args string) string {
	if strings.HasPrefix(args, "-- ") {
		return strings.TrimSuffix(command, args) + "--dry-run " + args
	}
	return command + " --dry-run"
}

// rotating is a dry run for the first key that has a name without odd
// characters.
func (p *first) rotating() step {
	for _, name := range p.keys() {
		plain := strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) < 0
		if name[0] != '-' && plain {
			return step{"keycare rotate " + name + " --dry-run", "what a rotation would do"}
		}
	}
	return step{}
}

// keys are the profiles with a long-term key that AWS may be asked about, in the
// order of the files.
func (p *first) keys() (profiles []string) {
	if p.in.Set == nil {
		return nil
	}
	for _, f := range p.in.Set.Files() {
		for _, s := range f.Sections {
			id := keyIn(f, s)
			if s.Profile != "" && id != "" && !credfile.FactsOf(id).Canary && !p.never.Bars(s.Profile, id) {
				profiles = append(profiles, s.Profile)
			}
		}
	}
	return profiles
}
