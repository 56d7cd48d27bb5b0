package format

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"keycare/credfile/show"
	"keycare/report"
)

// screen is how many lines fit a terminal of 24 lines beside the next prompt.
const screen = 23

// writeTable writes the report for people: a line for each finding, the worst
// first, then the summary and what to do first, where the eye is at the next
// prompt. A command has a line of its own and is never wrapped, so that it can be
// copied.
func writeTable(w io.Writer, r *report.Report, o Options) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	if r.Scan != nil {
		return writeScan(w, r, o)
	}
	t := &tableWriter{Options: o, dirs: map[string]bool{}}
	for _, f := range r.Files {
		t.dirs[folder(f)] = true
	}
	if o.Quiet {
		_, err := io.WriteString(w, show.Flow(summary(r, t.path))+"\n")
		return err
	}
	end := t.ending(r)
	switch {
	case o.ByProfile:
		t.byProfile(r)
	case o.Details:
		t.details(r.At(report.Info))
	default:
		t.list(r, screen-t.height(end))
	}
	if t.b.Len() > 0 {
		t.b.WriteByte('\n')
	}
	_, err := io.WriteString(w, t.b.String()+end)
	return err
}

// height is how many lines of the terminal a text takes.
func (t *tableWriter) height(text string) (n int) {
	for line := range strings.Lines(text) {
		n += max((runewidth.StringWidth(strings.TrimSuffix(line, "\n"))-1)/t.Width, 0) + 1
	}
	return n
}

// tableWriter writes for people.
type tableWriter struct {
	Options
	b    strings.Builder
	dirs map[string]bool // the folders of the AWS files
	long []string        // the long commands that were shown
}

var severityStyles = map[report.Severity]show.Style{
	report.Critical: show.Alarm, report.High: show.Red, report.Medium: show.Yellow, report.Low: show.Cyan, report.Info: show.Bold,
}

func (t *tableWriter) color(s string, c show.Style) string {
	if !t.Color || s == "" {
		return s
	}
	return show.Paint(s, c)
}

// level is the lowest severity that has lines of its own.
func (t *tableWriter) level() report.Severity {
	if t.All {
		return report.Info
	}
	return report.Medium
}

// list writes the findings, a line each, on room lines if they can be joined to
// that. What does not fit is the least severe, and it is counted.
func (t *tableWriter) list(r *report.Report, room int) {
	found := r.At(t.level())
	hidden := ""
	if n := len(r.Findings) - len(found); n > 0 {
		hidden = counted(r.Counts, report.Low) + ": --all"
		if len(found) > 0 {
			hidden += ". Reasons and every fix: --details"
		}
	} else if n := len(found); n > 0 {
		hidden = "Reasons and every fix: --details"
	}
	room -= 2 // that line, and the empty one behind it
	groups := report.Groups(found, false)
	if !t.All && len(groups) > room {
		groups = report.Groups(found, true)
	}
	lines := t.rows(groups, t.who)
	if joined := report.Groups(found, true); !t.All && len(lines) > room && len(joined) < len(groups) {
		lines = t.rows(joined, t.who)
	}
	left := report.Counts{}
	shown := len(lines)
	if !t.All && shown > room {
		shown = max(room-1, mostShown)
		// A row is shown whole, or counted.
		for shown > 0 && shown < len(lines) && lines[shown].of == nil {
			shown--
		}
		for _, l := range lines[min(shown, len(lines)):] {
			left = left.With(l.of)
		}
	}
	for _, l := range lines[:min(shown, len(lines))] {
		t.b.WriteString(l.text + "\n")
	}
	if says := counted(left, report.Critical); says != "" {
		t.wrapped("", "and "+says+" more: --details", show.Faint)
	}
	if hidden != "" {
		t.wrapped("", hidden, show.Faint)
	}
}

// counted says how many findings there are of each severity from worst on down:
// "4 low, 5 info".
func counted(c report.Counts, worst report.Severity) string {
	var parts []string
	for _, s := range report.Severities {
		if n := c.Of(s); n > 0 && s <= worst {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// line is one of the screen. of are the findings that begin on it; nil where it
// goes on with those of the line before.
type line struct {
	text string
	of   report.Group
}

// row is what is shown of a group.
type row struct {
	severity         report.Severity
	who, what, where string
	of               report.Group
}

// Widths of the columns: that of the severity, the most for who is concerned, and
// the least for what is wrong.
const (
	severityWidth = len("CRITICAL")
	mostWho       = 24
	leastWhat     = 20
)

// rows are the lines for groups. Paths are whole, and rules named, where the
// width lets them; else what is wrong is wrapped in its column.
func (t *tableWriter) rows(groups []report.Group, whoOf func(g report.Group, account bool) string) (lines []line) {
	const gap = 2
	var rows []row
	var who, what, where int
	for _, look := range []struct{ rule, account, path bool }{{true, true, true}, {false, true, true}, {false, false, true}, {false, true, false}, {}} {
		rows, who, what, where = nil, 0, 0, 0
		for _, g := range groups {
			r := row{g[0].Severity, whoOf(g, look.account), titleOf(g[0].Rule, look.rule), t.places(g, look.path), g}
			rows = append(rows, r)
			who, what, where = max(who, runewidth.StringWidth(r.who)), max(what, runewidth.StringWidth(r.what)), max(where, runewidth.StringWidth(r.where))
		}
		if severityWidth+who+what+where+3*gap <= t.Width {
			break
		}
	}
	if who = min(who, mostWho); who == 0 {
		who = -gap // no column
	}
	if room := t.Width - severityWidth - who - where - 3*gap; what > room {
		what = room
	}
	for _, r := range rows {
		text := fmt.Sprintf("%-*s  ", severityWidth, strings.ToUpper(r.severity.String()))
		sev := t.color(strings.TrimSpace(text), severityStyles[r.severity]) + text[len(strings.TrimSpace(text)):]
		if what < min(leastWhat, runewidth.StringWidth(r.what)) || runewidth.StringWidth(r.who) > max(who, 0) {
			indent := strings.Repeat(" ", len(text))
			flow := strings.Join(slices.DeleteFunc([]string{r.who, r.what, r.where}, func(s string) bool { return s == "" }), "  ")
			for i, l := range t.lines(indent, flow) {
				if i == 0 {
					lines = append(lines, line{sev + strings.TrimPrefix(l, indent), r.of})
				} else {
					lines = append(lines, line{l, nil})
				}
			}
			continue
		}
		under := strings.Repeat(" ", len(text)+who+gap)
		narrow := *t
		narrow.Width = len(under) + what
		for i, l := range narrow.lines(under, r.what) {
			if i > 0 {
				lines = append(lines, line{l, nil})
				continue
			}
			l = strings.TrimPrefix(l, under)
			one := sev + padded(r.who, who+gap) + l
			if r.where != "" {
				one = sev + padded(r.who, who+gap) + padded(l, what+gap) + t.color(r.where, show.Faint)
			}
			lines = append(lines, line{one, r.of})
		}
	}
	return lines
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(width-runewidth.StringWidth(s), 0))
}

// titleOf is what a rule says in a few words.
func titleOf(id string, withID bool) string {
	r := report.RuleByID(id)
	switch {
	case r == nil:
		return id
	case withID:
		return fmt.Sprintf("%s (%s)", r.Title, r.ID)
	}
	return r.Title
}

// things are what findings are about, as counted.
var things = map[report.SubjectType]string{
	report.AboutAccount: "account", report.AboutUser: "user", report.AboutKey: "key", report.AboutFile: "file",
	report.AboutProfile: "profile", report.AboutMachine: "finding",
}

// who says in a few words whom findings are about: the account, the profiles, or
// how many there are.
func (t *tableWriter) who(g report.Group, account bool) string {
	about := g.Subjects()
	switch of := about[0]; {
	case of.Type != report.AboutAccount:
	case len(about) > 1:
		return show.Count(len(about), "account")
	case account:
		return "account " + of.ID
	default:
		return of.ID
	}
	names := g.Profiles()
	all := strings.Repeat("x", mostWho+1) // too long to be listed
	if len(names) < mostWho {
		for i, name := range names {
			names[i] = show.Plain(name)
		}
		all = strings.Join(names, ", ")
	}
	switch n := len(names) - 1; {
	case runewidth.StringWidth(all) <= mostWho || n == 0 && len(about) == 1:
		return all
	case len(about) > 1:
		return show.Count(len(about), things[about[0].Type])
	default:
		return fmt.Sprintf("%s and %d more", show.Plain(names[0]), n)
	}
}

// others says which profiles beside that of a list findings are about.
func (t *tableWriter) others(g report.Group, list string) string {
	var names []string
	for _, name := range g.Profiles() {
		if name = show.Plain(name); "profile "+name != list {
			names = append(names, name)
		}
	}
	switch n := len(names); {
	case n == 0 || !strings.HasPrefix(list, "profile "):
		return ""
	case n == 1 && runewidth.StringWidth(names[0]) < mostWho-len("with "):
		return "with " + names[0]
	default:
		return "with " + show.Count(n, "other profile")
	}
}

// places says where findings are: the first place, and how many more.
func (t *tableWriter) places(g report.Group, whole bool) string {
	var places []string
	seen := map[string]bool{"": true}
	for _, f := range g {
		if p := t.place(f, whole); !seen[p] {
			seen[p] = true
			places = append(places, p)
		}
	}
	switch len(places) {
	case 0:
		return ""
	case 1:
		return places[0]
	}
	return fmt.Sprintf("%s +%d", places[0], len(places)-1)
}

// place is path:line of a finding. In the folders of the AWS files, which the
// summary names, the file's name is enough.
func (t *tableWriter) place(f *report.Finding, whole bool) string {
	path := t.path(f.File)
	if dir := folder(f.File); !whole && t.dirs[dir] {
		path = t.path(strings.TrimLeft(strings.TrimPrefix(f.File, dir), `/\`))
	}
	switch {
	case f.File == "":
		return ""
	case f.Line == 0:
		return path
	}
	return fmt.Sprintf("%s:%d", path, f.Line)
}

// folder is that of a path of any system.
func folder(path string) string { return path[:max(strings.LastIndexAny(path, `/\`), 0)] }

// byProfile writes the findings of each profile, then those of accounts and of
// the files.
func (t *tableWriter) byProfile(r *report.Report) {
	found := r.At(t.level())
	if t.Details {
		found = r.At(report.Info)
	}
	var order []string
	of := map[string][]*report.Finding{}
	add := func(to string, f *report.Finding) {
		if of[to] == nil {
			order = append(order, to)
		}
		of[to] = append(of[to], f)
	}
	for _, f := range found {
		if f.Subject.Type == report.AboutAccount {
			add("account "+f.Subject.ID, f)
			continue
		}
		for _, name := range f.Profiles {
			add("profile "+show.Plain(name), f)
		}
		if len(f.Profiles) == 0 {
			add("files", f)
		}
	}
	for i, name := range order {
		if i > 0 {
			t.b.WriteByte('\n')
		}
		t.wrapped("", name, show.Bold)
		if t.Details {
			t.details(of[name])
			continue
		}
		others := func(g report.Group, _ bool) string { return t.others(g, name) }
		for _, l := range t.rows(report.Groups(of[name], false), others) {
			t.b.WriteString(l.text + "\n")
		}
	}
	if n := len(r.Findings) - len(found); n > 0 {
		if t.b.Len() > 0 {
			t.b.WriteByte('\n')
		}
		t.wrapped("", counted(r.Counts, report.Low)+": --all", show.Faint)
	}
}

func (t *tableWriter) path(p string) string { return show.Path(p, t.Home) }
