package format

import (
	"fmt"
	"io"
	"keycare/credfile/show"
	"keycare/report"
	"strings"

	"github.com/mattn/go-runewidth"
)

// mostShown is how many findings of one rule are shown one by one.
const mostShown = 5

// writeTable writes the report for people: a summary in the first line, then the
// findings, the worst first, those of one rule together. A command that mends
// something has a line of its own and is never wrapped, so that it can be
// copied.
func writeTable(w io.Writer, r *report.Report, o Options) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	t := &tableWriter{Options: o}
	t.summary(r)
	for _, s := range report.Severities {
		t.severity(r, s)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type tableWriter struct {
	Options
	b strings.Builder
}

var severityStyles = map[report.Severity]show.Style{
	report.Critical: show.Alarm, report.High: show.Red, report.Medium: show.Yellow, report.Low: show.Cyan, report.Info: show.Bold,
}

func (t *tableWriter) color(s string, c show.Style) string {
	if !t.Color {
		return s
	}
	return show.Paint(s, c)
}

func (t *tableWriter) summary(r *report.Report) {
	t.wrapped("", summary(r, t.path), show.Bold)
	if r.Excepted > 0 {
		t.wrapped("", fmt.Sprintf("Left out: %s that the settings accept for a time.", show.Count(r.Excepted, "finding")), show.Faint)
	}
	if r.Known > 0 {
		t.wrapped("", fmt.Sprintf("Left out: %s that the baseline has.", show.Count(r.Known, "finding")), show.Faint)
	}
	switch {
	case r.Unknown == 0:
	case r.Offline:
		t.wrapped("", fmt.Sprintf("Unknown offline for %s: the owner (perhaps root) or the age. Run it without --offline to ask AWS.",
			show.Count(r.Unknown, "key")), show.Faint)
	default:
		t.wrapped("", fmt.Sprintf("Unknown for %s: the owner (perhaps root) or the age.", show.Count(r.Unknown, "key")), show.Faint)
	}
}

func (t *tableWriter) severity(r *report.Report, s report.Severity) {
	var order []string
	groups := make(map[string][]*report.Finding)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity != s {
			continue
		}
		if groups[f.Rule] == nil {
			order = append(order, f.Rule)
		}
		groups[f.Rule] = append(groups[f.Rule], f)
	}
	if len(order) == 0 {
		return
	}
	fmt.Fprintf(&t.b, "\n%s\n", t.color(strings.ToUpper(s.String()), severityStyles[s]))
	for _, rule := range order {
		t.group(rule, groups[rule])
	}
}

func (t *tableWriter) group(rule string, fs []*report.Finding) {
	title := rule
	if r := report.RuleByID(rule); r != nil {
		title = fmt.Sprintf("%s (%s)", r.Title, r.ID)
	}
	t.b.WriteByte('\n')
	t.wrapped("  ", title, show.Bold)
	t.wrapped("  ", show.Sentence(fs[0].Why)+".", show.Faint)
	shown := fs[:min(len(fs), mostShown)]
	for i, f := range shown {
		t.finding(f)
		// One repair for several findings is said once, after the last of them.
		if i+1 == len(shown) || shown[i+1].Repair != f.Repair {
			t.repair(f.Repair)
		}
	}
	if n := len(fs) - len(shown); n > 0 {
		t.wrapped("    ", fmt.Sprintf("and %d more, see --format json", n), show.Faint)
	}
}

func (t *tableWriter) finding(f *report.Finding) {
	where := t.where(f)
	what := show.Flow(f.What)
	const mark, under = "  - ", "    "
	if where != "" && runewidth.StringWidth(mark+what+"  "+where) <= t.Width {
		fmt.Fprintf(&t.b, "%s%s  %s\n", mark, what, t.color(where, show.Faint))
		return
	}
	for i, line := range t.lines(under, what) {
		if i == 0 {
			line = mark + strings.TrimPrefix(line, under)
		}
		t.b.WriteString(line + "\n")
	}
	if where != "" {
		t.b.WriteString(under + t.color(where, show.Faint) + "\n")
	}
}

// repair writes a repair. In front of a command stand only spaces, also where it
// ends a sentence.
func (t *tableWriter) repair(r report.Repair) {
	const indent = "      "
	text := r.Text
	if text != "" && r.Command != "" {
		text += ":"
	}
	if text != "" {
		t.wrapped(indent, text, show.Green)
	}
	if r.Command != "" {
		t.b.WriteString(indent + t.color(show.Flow(r.Command), show.Green) + "\n")
	}
}

// where is path:line of a finding.
func (t *tableWriter) where(f *report.Finding) string {
	switch {
	case f.File == "":
		return ""
	case f.Line == 0:
		return t.path(f.File)
	}
	return fmt.Sprintf("%s:%d", t.path(f.File), f.Line)
}

func (t *tableWriter) path(p string) string { return show.Path(p, t.Home) }

// wrapped writes s in as many lines as it needs.
func (t *tableWriter) wrapped(indent, s string, c show.Style) {
	for _, line := range t.lines(indent, show.Flow(s)) {
		t.b.WriteString(indent + t.color(strings.TrimPrefix(line, indent), c) + "\n")
	}
}

// lines breaks s between words, each line with its indentation. A longer word,
// such as a path, stays whole: a terminal breaks it without adding anything, so
// it can still be copied.
func (t *tableWriter) lines(indent, s string) []string {
	var lines []string
	line, width := indent, len(indent)
	for word := range strings.SplitSeq(s, " ") {
		n := runewidth.StringWidth(word)
		if width > len(indent) && width+1+n > t.Width {
			lines = append(lines, line)
			line, width = indent, len(indent)
		}
		if width > len(indent) {
			line += " "
			width++
		}
		line += word
		width += n
	}
	return append(lines, line)
}
