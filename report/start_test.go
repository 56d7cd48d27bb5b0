package report

import (
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

// started is what keycare without a command judges.
type started struct {
	rep   *Report
	in    Input
	timer Timer
}

const firstKey = "\naws_access_key_id = " + keyA + "\naws_secret_access_key = x\n"

// startOf is a credentials file with this text, on a day in 2026, with a timer
// that runs well.
func startOf(text string) *started {
	n := strings.Count(text, keyA)
	return &started{
		rep: &Report{Files: []string{"c"}, Keys: min(n, 1), Profiles: n},
		in: Input{
			Set: credfile.NewSet(credfile.Paths{Credentials: "c", Config: "d"}, text, ""),
			Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		},
		timer: Timer{Ran: true},
	}
}

func (p *started) with(f Finding) {
	p.rep.Findings = []Finding{f}
	*p.rep.Counts.at(f.Severity)++
}

func TestFirstSteps(t *testing.T) {
	type f = Finding
	const install, audit, status = "keycare schedule install", "keycare audit", "keycare status"
	grace := func(hours int) []facts.Rotation {
		p := startOf("")
		return []facts.Rotation{{Stage: "grace", Until: p.in.Now.Add(time.Duration(hours) * time.Hour)}}
	}
	never := func(profile, _ string) bool { return profile == "bait" }
	for name, tt := range map[string]struct {
		text      string
		finding   f
		open      bool // the file is open to others
		rotations []facts.Rotation
		change    func(p *started)
		want      string // the first two commands
	}{
		"nothing there":     {want: "aws configure sso|keycare demo"},
		"profiles, no keys": {change: func(p *started) { p.rep.Profiles = 1 }, want: audit + "|keycare demo"},
		"a key":             {text: "[work]" + firstKey, want: "keycare rotate work --dry-run|" + audit},
		"an odd name first": {text: "[a b]" + firstKey + "[-x]" + firstKey + "[työ]" + firstKey + "[$x]" + firstKey + "[b]" + firstKey,
			want: "keycare rotate b --dry-run|" + audit},
		"only odd names": {text: "[a b]" + firstKey, want: status + "|" + audit},
		"never called":   {text: "[bait]" + firstKey + "[b]" + firstKey, change: func(p *started) { p.in.NeverCall = never }, want: "keycare rotate b --dry-run|" + audit},
		"all never called, and unknown": {text: "[bait]" + firstKey, change: func(p *started) {
			p.in.NeverCall, p.rep.Unknown = func(_, id string) bool { return id == keyA }, 1
		}, want: status + "|" + audit},
		"an old key that is never called": {text: "[bait]" + firstKey, finding: f{Rule: "old-key", Profiles: []string{"bait"}, Repair: Repair{Command: "keycare rotate bait"}, Severity: Medium},
			change: func(p *started) { p.in.NeverCall = never }, want: "keycare explain old-key|" + audit},
		"a canary": {text: "[work]\naws_access_key_id = AKIASP2TPHJSQH3FJRUX\n" + "[b]" + firstKey, want: "keycare rotate b --dry-run|" + audit},
		"a root key": {text: "[work]" + firstKey, finding: f{Rule: "root-key", Repair: Repair{Command: "keycare replace-root --profile work"}, Severity: Critical},
			want: "keycare replace-root --profile work --dry-run|" + audit},
		"an old key":         {text: "[a b]" + firstKey, finding: f{Rule: "old-key", Repair: Repair{Command: `keycare rotate "a b"`}, Severity: Medium}, want: `keycare rotate "a b" --dry-run|` + audit},
		"a name like a flag": {text: "[-x]" + firstKey, finding: f{Rule: "old-key", Repair: Repair{Command: "keycare rotate -- -x"}, Severity: Medium}, want: "keycare rotate --dry-run -- -x|" + audit},
		"modes":              {text: "[work]" + firstKey, open: true, finding: f{Rule: "file-mode", File: "c", Repair: Repair{Command: "chmod 600 x"}, Severity: High}, want: "keycare fix --dry-run|" + audit},
		"modes of another's file": {text: "[work]" + firstKey, open: true, finding: f{Rule: "file-mode", File: "c", Severity: High}, change: func(p *started) {
			p.in.AWSFiles.Files[0].OwnedByOther = true
		}, want: "keycare explain file-mode|" + audit},
		"a name with dashes":    {text: "[a -- b]" + firstKey, finding: f{Rule: "old-key", Repair: Repair{Command: `keycare rotate "a -- b"`}, Severity: Medium}, want: `keycare rotate "a -- b" --dry-run|` + audit},
		"no command":            {text: "[work]" + firstKey, finding: f{Rule: "pair-split", Repair: Repair{Text: "join them"}, Severity: Medium}, want: "keycare explain pair-split|" + audit},
		"more than a command":   {text: "[work]" + firstKey, finding: f{Rule: "old-key", Repair: Repair{Text: "or else", Command: "keycare rotate work"}, Severity: Medium}, want: "keycare explain old-key|" + audit},
		"only to know":          {text: "[work]" + firstKey, finding: f{Rule: "static-key", Repair: Repair{Text: "x"}, Severity: Info}, want: "keycare rotate work --dry-run|" + audit},
		"in flight, before all": {text: "[work]" + firstKey, finding: f{Rule: "root-key", Severity: Critical}, rotations: []facts.Rotation{{Stage: "undo"}}, want: "keycare resume|" + audit},
		"a recovery file alone": {rotations: []facts.Rotation{{Recovery: true}}, want: "keycare resume|" + audit},
		"in grace":              {text: "[work]" + firstKey, rotations: grace(1), want: "keycare rotate work --dry-run|" + audit},
		"past the grace":        {text: "[work]" + firstKey, rotations: grace(0), want: "keycare resume|" + audit},
		"the timer is ill":      {text: "[work]" + firstKey, change: func(p *started) { p.timer.Trouble = "x" }, want: "keycare schedule status|" + audit},
		"ill, and worse": {text: "[work]" + firstKey, open: true, finding: f{Rule: "file-mode", File: "c", Repair: Repair{Text: "x"}, Severity: High}, change: func(p *started) { p.timer.Trouble = "x" },
			want: "keycare fix --dry-run|" + audit},
		"no timer": {text: "[work]" + firstKey, change: func(p *started) { p.timer = Timer{} }, want: install + "|" + audit},
		"no timer, and worse": {text: "[work]" + firstKey, open: true, finding: f{Rule: "file-mode", File: "c", Repair: Repair{Text: "x"}, Severity: High}, change: func(p *started) { p.timer = Timer{} },
			want: "keycare fix --dry-run|" + audit},
		"a timer whose stamp is damaged": {text: "[work]" + firstKey, change: func(p *started) { p.timer = Timer{Trouble: "x"} }, want: "keycare schedule status|" + audit},
		"a new machine":                  {text: "[work]" + firstKey, change: func(p *started) { p.timer, p.rep.Unknown = Timer{}, 1 }, want: audit + "|" + install},
		"a new machine with a timer":     {text: "[work]" + firstKey, change: func(p *started) { p.rep.Unknown = 1 }, want: audit + "|keycare rotate work --dry-run"},
		"a new machine with bad modes": {text: "[work]" + firstKey, open: true, finding: f{Rule: "file-mode", File: "c", Repair: Repair{Text: "x"}, Severity: High}, change: func(p *started) { p.rep.Unknown = 1 },
			want: audit + "|keycare fix --dry-run"},
		"in flight on a new machine": {text: "[work]" + firstKey, rotations: []facts.Rotation{{Stage: "undo"}}, change: func(p *started) { p.rep.Unknown = 1 }, want: "keycare resume|" + audit},
		"one of two is known": {text: "[work]" + firstKey, change: func(p *started) {
			p.rep.Unknown, p.in.Online = 1, map[string]facts.Online{"x": {Identity: facts.Unanswered[facts.Identity]("x"), Created: facts.Answered(time.Now())}}
		}, want: "keycare rotate work --dry-run|" + audit},
	} {
		t.Run(name, func(t *testing.T) {
			p := startOf(tt.text)
			if tt.finding.Rule != "" {
				p.with(tt.finding)
			}
			if tt.open {
				p.in.AWSFiles.Files = []home.FileFact{{Path: "c", Exists: true, Mode: 0o644, ModeKnown: true}}
			}
			p.in.Rotations = tt.rotations
			if tt.change != nil {
				tt.change(p)
			}
			steps := FirstSteps(p.in, p.rep, p.timer)
			if len(steps) != 3 || steps[0].Command+"|"+steps[1].Command != tt.want || steps[2].Command != "keycare --help" {
				t.Errorf("got %v, want first %s", steps, tt.want)
			}
			if p.rep.Profiles > 0 && p.rep.Keys == 0 && strings.Contains(steps[0].Why, "AWS") {
				t.Errorf("there is nothing to ask AWS about: %v", steps[0])
			}
		})
	}
}
