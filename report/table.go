package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"keycare/credfile/show"
)

// TableOptions says how the report is shown to people.
type TableOptions struct {
	Width int // columns; 0 means 80
	Color bool
	Home  string // shown as ~; empty to show whole paths
}

// mostShown is how many findings of one rule are shown one by one.
const mostShown = 5

// Table writes the report for people: a summary in the first line, then the
// findings, the worst first, those of one rule together. A command that mends
// something has a line of its own and is never wrapped, so that it can be
// copied.
func Table(w io.Writer, r *Report, o TableOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	t := &tableWriter{TableOptions: o}
	t.summary(r)
	for _, s := range severities {
		t.severity(r, s)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type tableWriter struct {
	TableOptions
	b strings.Builder
}

var severityStyles = map[Severity]show.Style{
	Critical: show.Alarm, High: show.Red, Medium: show.Yellow, Low: show.Cyan, Info: show.Bold,
}

func (t *tableWriter) color(s string, c show.Style) string {
	if !t.Color {
		return s
	}
	return show.Paint(s, c)
}

func (t *tableWriter) summary(r *Report) {
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

// Summary is the report in one sentence.
func Summary(r *Report) string { return summary(r, show.Flow) }

func summary(r *Report, path func(string) string) string {
	list := func(paths []string) string {
		shown := make([]string, len(paths))
		for i, f := range paths {
			shown[i] = path(f)
		}
		return strings.Join(shown, " and ")
	}
	seen := fmt.Sprintf("%s, %s in %s", show.Count(r.Profiles, "profile"), show.Count(r.Keys, "key"), list(r.Files))
	switch {
	case len(r.unread) > 0:
		seen = show.Sentence(list(r.unread)) + " could not be read"
	case len(r.Files) == 0:
		seen = "No AWS files here"
	}
	var parts []string
	for _, s := range severities {
		if n := r.Counts.Of(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	found := strings.Join(parts, ", ")
	verdict := ""
	switch {
	case r.Worst() > Info:
	case r.Known > 0:
		verdict = "nothing new"
	case r.Excepted > 0:
		verdict = "nothing that is not accepted"
	case len(r.unread) > 0:
		verdict = "nothing is known about the keys there"
	case len(r.Files) == 0:
		verdict = "nothing to audit"
	case r.Keys == 0:
		verdict = "no keys, nothing to mend"
	case r.Unknown > 0:
		verdict = "nothing wrong in what can be seen"
	default:
		verdict = "all is well"
	}
	if verdict != "" && found != "" {
		verdict += ", "
	}
	return seen + ": " + verdict + found
}

func (t *tableWriter) severity(r *Report, s Severity) {
	var order []string
	groups := make(map[string][]*Finding)
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

func (t *tableWriter) group(rule string, fs []*Finding) {
	title := rule
	if r := ruleByID[rule]; r != nil {
		title = fmt.Sprintf("%s (%s)", r.Title, r.ID)
	}
	t.b.WriteByte('\n')
	t.wrapped("  ", title, show.Bold)
	t.wrapped("  ", show.Sentence(fs[0].Why)+".", show.Faint)
	shown := fs[:min(len(fs), mostShown)]
	for i, f := range shown {
		t.finding(f)
		// One repair for several findings is said once, after the last of them.
		if i+1 == len(shown) || shown[i+1].Fix != f.Fix {
			t.fix(f.Fix)
		}
	}
	if n := len(fs) - len(shown); n > 0 {
		t.wrapped("    ", fmt.Sprintf("and %d more, see --format json", n), show.Faint)
	}
}

func (t *tableWriter) finding(f *Finding) {
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

// fix writes a repair. In front of a command stand only spaces, also where it
// ends a sentence.
func (t *tableWriter) fix(s string) {
	const indent = "      "
	says, command := splitFix(s)
	if says != "" {
		t.wrapped(indent, says, show.Green)
	}
	if command != "" {
		t.b.WriteString(indent + t.color(show.Flow(command), show.Green) + "\n")
	}
}

// where is path:line of a finding.
func (t *tableWriter) where(f *Finding) string {
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
