package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
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

// style is the parameters of an ANSI SGR sequence.
type style string

const (
	bold  style = "1"
	faint style = "2"
	green style = "32"
)

var severityStyles = map[Severity]style{
	Critical: "97;41;1", High: "31;1", Medium: "33;1", Low: "36;1", Info: bold,
}

func (t *tableWriter) color(s string, c style) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

func (t *tableWriter) summary(r *Report) {
	t.wrapped("", summary(r, t.path), bold)
	if r.Excepted > 0 {
		t.wrapped("", fmt.Sprintf("Left out: %s that the settings accept for a time.", count(r.Excepted, "finding")), faint)
	}
	if r.Known > 0 {
		t.wrapped("", fmt.Sprintf("Left out: %s that the baseline has.", count(r.Known, "finding")), faint)
	}
	switch {
	case r.Unknown == 0:
	case r.Offline:
		t.wrapped("", fmt.Sprintf("Unknown offline for %s: the owner (perhaps root) or the age. Run it without --offline to ask AWS.",
			count(r.Unknown, "key")), faint)
	default:
		t.wrapped("", fmt.Sprintf("Unknown for %s: the owner (perhaps root) or the age.", count(r.Unknown, "key")), faint)
	}
}

// Summary is the report in one sentence.
func Summary(r *Report) string { return summary(r, clean) }

func summary(r *Report, path func(string) string) string {
	list := func(paths []string) string {
		shown := make([]string, len(paths))
		for i, f := range paths {
			shown[i] = path(f)
		}
		return strings.Join(shown, " and ")
	}
	seen := fmt.Sprintf("%s, %s in %s", count(r.Profiles, "profile"), count(r.Keys, "key"), list(r.Files))
	switch {
	case len(r.unread) > 0:
		seen = sentence(list(r.unread)) + " could not be read"
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
	t.wrapped("  ", title, bold)
	t.wrapped("  ", sentence(fs[0].Why)+".", faint)
	shown := fs[:min(len(fs), mostShown)]
	for i, f := range shown {
		t.finding(f)
		// One repair for several findings is said once, after the last of them.
		if i+1 == len(shown) || shown[i+1].Fix != f.Fix {
			t.fix(f.Fix)
		}
	}
	if n := len(fs) - len(shown); n > 0 {
		t.wrapped("    ", fmt.Sprintf("and %d more, see --format json", n), faint)
	}
}

func (t *tableWriter) finding(f *Finding) {
	where := t.where(f)
	what := clean(f.What)
	const mark, under = "  - ", "    "
	if where != "" && runewidth.StringWidth(mark+what+"  "+where) <= t.Width {
		fmt.Fprintf(&t.b, "%s%s  %s\n", mark, what, t.color(where, faint))
		return
	}
	for i, line := range t.lines(under, what) {
		if i == 0 {
			line = mark + strings.TrimPrefix(line, under)
		}
		t.b.WriteString(line + "\n")
	}
	if where != "" {
		t.b.WriteString(under + t.color(where, faint) + "\n")
	}
}

// fix writes a repair. In front of a command stand only spaces, also where it
// ends a sentence.
func (t *tableWriter) fix(s string) {
	const indent = "      "
	says, command := splitFix(s)
	if says != "" {
		t.wrapped(indent, says, green)
	}
	if command != "" {
		t.b.WriteString(indent + t.color(clean(command), green) + "\n")
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

// path shows the home folder as ~.
func (t *tableWriter) path(p string) string {
	if rest, ok := strings.CutPrefix(p, t.Home); ok && t.Home != "" && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		p = "~" + rest
	}
	return clean(p)
}

// wrapped writes s in as many lines as it needs.
func (t *tableWriter) wrapped(indent, s string, c style) {
	for _, line := range t.lines(indent, clean(s)) {
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

// clean writes what would not show as itself as an escape sequence in Go's
// notation, as %q does, so that a name in a file cannot steer the terminal.
func clean(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		one := s[:n]
		s = s[n:]
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case printable(one):
			b.WriteString(one)
		default:
			b.WriteString(strings.Trim(strconv.Quote(one), `"`))
		}
	}
	return b.String()
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
