package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/report"
	"keycare/rotate/job"
)

// runFirst is keycare without a command: in at most ten lines, what it sees and
// the three commands that matter next. It makes no network call and writes
// nothing. The error is that of a file that could not be read.
func runFirst(*cli.Context) error {
	set, err := loadSettings()
	if err != nil {
		return err
	}
	in, asker, err := auditInput(auditOptions{offline: true, policy: policyOf(set)}, time.Now())
	if err != nil {
		return err
	}
	if asker != nil {
		in.Online = map[string]credfile.Online{}
		ownState().FactCache().Merge(asker.Set, in.Online, in.Now)
	}
	rep := report.Audit(in)
	lines := seen(rep, in)
	stamp, err := job.Load(ownState())
	late := stamp.Late(in.Now)
	if err != nil {
		late = err.Error()
	}
	if late != "" {
		lines = append(lines, sentence(late))
	}
	fmt.Print(strings.Join(lines, "\n"), "\n\n")
	steps := nextSteps(rep, in, late != "")
	width := 0
	for _, step := range steps {
		width = max(width, len(step.command))
	}
	for _, step := range steps {
		fmt.Printf("  %-*s  %s\n", width, step.command, step.why)
	}
	if len(in.ReadErrors) > 0 {
		return in.ReadErrors[0]
	}
	return nil
}

// seen says what is there, in at most six lines.
func seen(rep *report.Report, in report.Input) []string {
	var files, lines []string
	for _, f := range rep.Files {
		files = append(files, homely(f))
	}
	paths := credfile.Paths{}
	if in.Set != nil {
		paths = in.Set.Paths
	}
	switch {
	case in.Set == nil:
		lines = append(lines, "Your AWS files could not be read, so nothing is known about the keys in them.")
	case slices.Contains(in.Set.Missing, paths.Credentials) && rep.Keys == 0:
		lines = append(lines, "There is no credentials file yet: "+homely(paths.Credentials)+".")
		if len(files) > 0 {
			lines = append(lines, fmt.Sprintf("%s has %s and no keys, so there is nothing to rotate.", files[0], plural(rep.Profiles, "profile")))
		}
	default:
		lines = append(lines, fmt.Sprintf("%s, %s in %s.", plural(rep.Profiles, "profile"), plural(rep.Keys, "key"), strings.Join(files, " and ")))
	}
	if n := count(rep, report.Low); n > 0 && in.Set != nil {
		f := rep.Findings[0]
		lines = append(lines,
			fmt.Sprintf("%s without asking AWS, the worst is %s: %s.", plural(n, "finding"), f.Severity, titleOf(f.Rule)),
			"  "+placeOf(f))
	} else if rep.Keys > 0 {
		lines = append(lines, "Nothing is wrong in what shows without asking AWS.")
	}
	if rep.Unknown > 0 {
		lines = append(lines, fmt.Sprintf("Not known before AWS is asked: owner or age of %s.", plural(rep.Unknown, "key")))
	}
	return append(lines, flights(in.Rotations)...)
}

// count is the number of findings at or above a level.
func count(rep *report.Report, level report.Severity) (n int) {
	for s := level; s <= report.Critical; s++ {
		n += rep.Counts.Of(s)
	}
	return n
}

func titleOf(rule string) string {
	for _, r := range report.Rules {
		if r.ID == rule {
			return r.Title
		}
	}
	return rule
}

// placeOf says by which rule a finding is one, what it is about and where.
func placeOf(f report.Finding) string {
	about := []string{}
	if n := len(f.Profiles) - 1; n > 0 {
		about = append(about, fmt.Sprintf("profile %q and %d more", f.Profiles[0], n))
	} else if n == 0 {
		about = append(about, fmt.Sprintf("profile %q", f.Profiles[0]))
	}
	if f.File != "" && f.Line > 0 {
		about = append(about, fmt.Sprintf("%s:%d", homely(f.File), f.Line))
	} else if f.File != "" {
		about = append(about, homely(f.File))
	}
	return strings.TrimSuffix(f.Rule+": "+strings.Join(about, ", "), ": ")
}

// flights says what is in flight, in one line.
func flights(rotations []credfile.Rotation) []string {
	var unfinished, grace int
	for _, r := range rotations {
		switch r.Stage {
		case "grace":
			grace++
		case "watch":
		default:
			unfinished++
		}
	}
	switch {
	case unfinished > 0 && grace > 0:
		return []string{fmt.Sprintf("%s unfinished, %d in grace.", are(unfinished, "rotation"), grace)}
	case unfinished > 0:
		return []string{are(unfinished, "rotation") + " unfinished."}
	case grace > 0:
		return []string{are(grace, "rotation") + " in grace: the old key is active until its end."}
	}
	return nil
}

func are(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return plural(n, thing) + " are"
}

// homely is a path for people: the home folder as ~, and nothing that steers a
// terminal.
func homely(path string) string {
	home := homeDir()
	if rest, ok := strings.CutPrefix(path, home); ok && home != "" && strings.HasPrefix(filepath.ToSlash(rest), "/") {
		path = "~" + rest
	}
	if !shows(path) {
		return strconv.Quote(path)
	}
	return path
}

type step struct{ command, why string }

// nextSteps are the three commands that matter now: what is about the worst, a
// look at everything, and the help.
func nextSteps(rep *report.Report, in report.Input, late bool) []step {
	help := step{"keycare --help", "all that keycare can do"}
	audit := step{"keycare audit", "ask AWS as well, and see how to mend each finding"}
	urgent := cmp.Or(resuming(in.Rotations), mending(rep))
	if late {
		urgent = cmp.Or(urgent, step{"keycare schedule status", "what the timer does"})
	}
	if urgent == (step{}) && rep.Keys == 0 {
		demo := step{"keycare demo", "see keycare at work on a made-up machine"}
		if rep.Profiles > 0 {
			return []step{audit, demo, help}
		}
		return []step{{"aws configure sso", "sign in without a key that lasts: the best way"}, demo, help}
	}
	return []step{cmp.Or(urgent, rotating(in.Set), step{"keycare status", "the rotations, in flight and finished"}), audit, help}
}

// resuming is what is to be done about rotations that stopped half way.
func resuming(rotations []credfile.Rotation) step {
	for _, r := range rotations {
		if r.Stage != "grace" && r.Stage != "watch" {
			return step{"keycare resume", "finish or undo what an interrupted rotation left"}
		}
	}
	return step{}
}

// mending is the command for the worst finding. It changes nothing: that is for
// a person who has seen what would be done.
func mending(rep *report.Report) step {
	if count(rep, report.Low) == 0 {
		return step{}
	}
	f := rep.Findings[0]
	command, args, _ := strings.Cut(strings.TrimPrefix(f.Fix, "keycare "), " ")
	switch {
	case !strings.HasPrefix(f.Fix, "keycare "):
	case command == "rotate":
		return step{dryRun(f.Fix, args), "what a rotation would do"}
	case command == "replace-root":
		return step{dryRun(f.Fix, args), "what would take the place of the root key"}
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
func rotating(set *credfile.Set) step {
	if set == nil {
		return step{}
	}
	for _, f := range set.Files() {
		for _, s := range f.Sections {
			plain := strings.IndexFunc(s.Profile, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) < 0
			if s.Profile != "" && s.Profile[0] != '-' && plain && holdsKey(f, s) {
				return step{"keycare rotate " + s.Profile + " --dry-run", "what a rotation would do"}
			}
		}
	}
	return step{}
}
