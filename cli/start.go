package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/rotate/job"
	"keycare/rotate/state"
)

// startPage is what keycare without a command knows. It comes from this machine
// alone.
type startPage struct {
	rep   *report.Report
	in    report.Input
	home  string // shown as ~
	timer report.Timer
	last  *state.LastAudit // nil where there was none
}

// runStart is keycare without a command: in at most ten lines, what it sees and
// the three commands that matter next. It makes no network call and writes
// nothing. The error is that of a file that could not be read.
func runStart(e *env) error {
	set, err := e.Settings()
	if err != nil {
		return err
	}
	s := scopeOf(set)
	s.offline = true
	in, asker, err := gather(e, s)
	if err != nil {
		return err
	}
	if asker != nil {
		in.Online = map[string]facts.Online{}
		if folder, err := e.State(); err == nil {
			folder.FactCache().Merge(asker.Set, in.Online, in.Now)
		}
	}
	p := &startPage{rep: report.Audit(in), in: in, home: e.Folders.Home}
	if folder, err := e.State(); err == nil {
		last, err := job.Load(folder)
		p.timer = report.Timer{Ran: last != nil, Trouble: timerTrouble(last, err, in.Now)}
		p.last = folder.LastAudit()
	}
	fmt.Fprint(e.Out, p.page(e.Width()))
	if len(in.ReadErrors) > 0 {
		return toldError{in.ReadErrors[0]}
	}
	return nil
}

// timerTrouble says in a few words what is wrong with the timer.
func timerTrouble(last *job.Stamp, err error, now time.Time) string {
	switch late := last.Late(now); {
	case err != nil:
		return err.Error()
	case late != "":
		return late
	case last == nil:
		return ""
	case last.Outcome == job.Failed:
		return "the last run of the timer, " + show.Time(last.Acted) + ", failed"
	case last.Outcome == job.HalfDone:
		return "the last run of the timer, " + show.Time(last.Acted) + ", stopped half way"
	}
	return ""
}

// page is what is shown, with lines of at most width columns where paths allow
// it.
func (p *startPage) page(width int) string {
	b := &strings.Builder{}
	for _, line := range p.seen(width) {
		text := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(text)]
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line + "\n")
			continue
		}
		for _, part := range usage.Lines(text, width-len(indent)) {
			b.WriteString(indent + part + "\n")
		}
	}
	b.WriteByte('\n')
	steps := report.FirstSteps(p.in, p.rep, p.timer)
	longest := 0
	for _, s := range steps {
		longest = max(longest, len(s.Why))
	}
	column := 0
	for _, s := range steps {
		if n := utf8.RuneCountInString(s.Command); n+longest+4 <= width {
			column = max(column, n)
		}
	}
	for _, s := range steps {
		line := fmt.Sprintf("  %-*s  %s", column, s.Command, s.Why)
		if utf8.RuneCountInString(line) > width {
			line = "  " + s.Command
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// seen says what is there, in at most six lines of 80 columns.
func (p *startPage) seen(width int) (out []string) {
	rep, set := p.rep, p.in.Set
	if set == nil {
		out = append(out, "The AWS files could not be read, so their keys were not checked:")
	}
	for _, err := range p.in.ReadErrors {
		out = append(out, "  "+show.Paths(err.Error(), p.home)+".")
	}
	if set != nil {
		out = append(out, p.inFiles(rep, set)...)
	}
	n := rep.Counts.AtLeast(report.Low)
	if n > 0 && set != nil {
		f := rep.Findings[0]
		findings, title := show.Count(n, "finding"), titleOf(f.Rule)
		out = append(out, shorter(width,
			fmt.Sprintf("%s without asking AWS. Worst: %s, %s.", findings, f.Severity, title),
			fmt.Sprintf("%s offline. Worst: %s, %s.", findings, f.Severity, title),
			fmt.Sprintf("%s. Worst: %s.", findings, title)), "  "+p.placeOf(f, width-2))
	}
	switch audited := p.audited(n == 0); {
	case audited != "":
		out = append(out, audited)
	case n == 0 && rep.Keys > 0:
		out = append(out, "Offline, nothing looks wrong.")
	}
	if p.last == nil && rep.Unknown > 0 {
		out = append(out, fmt.Sprintf("Owner or age of %s is not known yet: AWS was not asked.", show.Count(rep.Unknown, "key")))
	}
	out = append(out, p.flights()...)
	if p.timer.Trouble != "" {
		out = append(out, show.Sentence(show.Paths(p.timer.Trouble, p.home))+".")
	}
	return out
}

// audited says what the last audit found, and when; nothing where there was none.
func (p *startPage) audited(worst bool) string {
	if p.last == nil || p.in.Set == nil || p.rep.Keys == 0 {
		return ""
	}
	var parts []string
	for _, s := range report.Severities {
		if n := p.last.Counts[s.String()]; n > 0 && s > report.Info {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	says := "The audit of " + show.Time(p.last.Time) + " found "
	if len(parts) == 0 {
		return says + "nothing wrong."
	}
	says += strings.Join(parts, ", ") + "."
	if worst {
		says += " Worst: " + show.Text(p.last.Worst) + "."
	}
	return says
}

// inFiles says which files there are and what is in them.
func (p *startPage) inFiles(rep *report.Report, set *credfile.Set) (out []string) {
	var files []string
	for _, f := range rep.Files {
		files = append(files, show.Path(f, p.home))
	}
	all := strings.Join(files, " and ")
	none := slices.Contains(set.Missing, set.Paths.Credentials) && rep.Keys == 0
	if none {
		out = append(out, "No credentials file yet: "+show.Path(set.Paths.Credentials, p.home)+".")
	}
	switch {
	case len(files) == 0:
	case rep.Profiles == 0 && strings.TrimSpace(set.Credentials.Text+set.Config.Text) != "":
		out = append(out, "No profiles in "+all+".")
	case rep.Profiles == 0 && len(files) == 1:
		out = append(out, all+" is empty.")
	case rep.Profiles == 0:
		out = append(out, all+" are empty.")
	case none:
		out = append(out, fmt.Sprintf("%s has %s and no keys, so there is nothing to rotate.", all, show.Count(rep.Profiles, "profile")))
	default:
		out = append(out, fmt.Sprintf("%s, %s in %s.", show.Count(rep.Profiles, "profile"), show.Count(rep.Keys, "key"), all))
	}
	return out
}

func titleOf(rule string) string {
	if r := report.RuleByID(rule); r != nil {
		return r.Title
	}
	return rule
}

// placeOf says by which rule a finding is one, what it is about and where; less
// of that where there is no room.
func (p *startPage) placeOf(f report.Finding, width int) string {
	var about []string
	switch n := len(f.Profiles) - 1; {
	case n == 0:
		about = append(about, fmt.Sprintf("profile %s", show.Name(f.Profiles[0])))
	case n > 0:
		about = append(about, fmt.Sprintf("profile %s and %d more", show.Name(f.Profiles[0]), n))
	}
	where := ""
	if f.File != "" {
		where = show.Path(f.File, p.home)
		if f.Line > 0 {
			where += fmt.Sprintf(":%d", f.Line)
		}
		about = append(about, where)
	}
	return shorter(width, strings.TrimSuffix(f.Rule+": "+strings.Join(about, ", "), ": "), strings.TrimSuffix(f.Rule+": "+where, ": "))
}

// shorter is the first of texts that has at most width columns, or the last.
func shorter(width int, texts ...string) string {
	i := slices.IndexFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) <= width })
	if i < 0 {
		i = len(texts) - 1
	}
	return texts[i]
}

// flights says what is in flight, in one line.
func (p *startPage) flights() []string {
	n := report.CountRotations(p.in.Rotations, p.in.Now)
	var parts []string
	add := func(n int, what string) {
		switch {
		case n > 0 && len(parts) == 0:
			parts = append(parts, show.Are(n, "rotation")+" "+what)
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(n.Unfinished, "unfinished")
	add(n.GraceOver, "past the grace period")
	add(n.Owed, "waiting to tell what a leaked key did")
	until := show.Time(n.NextEnd)
	switch {
	case n.GraceOver > 0 || n.Unfinished > 0 && n.InGrace > 1:
		add(n.InGrace, "in the grace period")
	case n.InGrace > 1:
		add(n.InGrace, "in the grace period, the first until "+until)
	case n.Unfinished > 0:
		add(n.InGrace, "in the grace period until "+until)
	default:
		add(n.InGrace, "in its grace period until "+until)
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{strings.Join(parts, ", ") + "."}
}
