package format

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"time"

	"keycare/credfile/show"
	"keycare/report"
)

// The pages need no script and no network, and forbid themselves both. The style
// is named by its hash, so that not even a style of another's passes.
var (
	//go:embed page.css
	pageCSS string
	//go:embed page.tmpl
	pageTemplate string

	// Parsed when a page is written: most runs write none.
	pages = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("").Funcs(template.FuncMap{
			"css":    func() template.CSS { return template.CSS(pageCSS) },
			"policy": pagePolicy,
		}).Parse(pageTemplate))
	})
)

func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// writeHTML writes a page for the owner of the keys; of several reports one for
// the owner of the machines.
func writeHTML(w io.Writer, rs []*report.Report, o Options) error {
	if len(rs) != 1 {
		return writePage(w, "fleet", fleetPageOf(rs, o))
	}
	return writePage(w, "owner", ownerPageOf(rs[0], o))
}

// writePage writes a page. The door behind the template writes what does not show
// as itself as an escape.
func writePage(w io.Writer, name string, page any) error {
	safe := show.NewWriter(w, false)
	if err := pages().ExecuteTemplate(safe, name, page); err != nil {
		return err
	}
	return safe.Flush()
}

// ownerPage is what the page for an owner shows, in words.
type ownerPage struct {
	Title, When, Seen string
	Report            *report.Report
	Tiles             []tile
	First             []step
	Timeline          timeline
	Users             *keyUsers
	Changes           *changes
	Trend             *trend
	Groups            []ruleGroup
	Accepted          []acceptedRow
	Unknown           []string
	Timer             string
	Rotations, Due    []string
}

type tile struct {
	Count               int
	Name, Class, Change string
}

type step struct{ Title, What, Do, Command, Also string }

type changes struct {
	Since string
	Rows  []changeRow
}

// changeRow is a finding that has changed, or several of one rule.
type changeRow struct {
	Class, Change, Title, What, Since string
	more                              int
}

type ruleGroup struct {
	Rule, Title, Why, Sources string
	Severity, Class           string
	Open                      bool
	Findings                  []findingRow
}

type findingRow struct{ What, Where, State, Do, Command, Accept string }

type acceptedRow struct{ Title, What, Reason, Until, Left string }

// mostRows is how many findings of a rule a page shows one by one.
const mostRows = 50

func ownerPageOf(r *report.Report, o Options) ownerPage {
	v := view{r, o}
	p := ownerPage{
		Title: v.title(), When: v.longTime(r.Time), Report: r, Timeline: v.lives(), Users: v.users(), Changes: v.changed(), Trend: v.counted(),
		Due: v.dues(), Groups: v.groups(), Unknown: v.unknown(), Timer: "The timer has not run yet: keycare schedule install sets it up.",
		Seen: show.Count(r.Profiles, "profile") + ", " + show.Count(r.Keys, "key"),
	}
	for _, s := range report.Severities {
		p.Tiles = append(p.Tiles, tile{r.Counts.Of(s), s.String(), s.String(), v.change(s)})
	}
	for _, f := range report.FirstFixes(r) {
		p.First = append(p.First, v.step(f))
	}
	for _, a := range r.Accepted {
		p.Accepted = append(p.Accepted, acceptedRow{a.Title, v.path(a.What), a.Reason, a.Until, v.left(a.Until)})
	}
	if r.Timer != nil {
		p.Timer = fmt.Sprintf("The timer last ran %s: %s.", v.time(r.Timer.LastRun), r.Timer.Outcome)
	}
	for _, f := range r.Rotations {
		p.Rotations = append(p.Rotations, v.rotation(f))
	}
	return p
}

// view writes parts of a report for its reader.
type view struct {
	*report.Report
	o Options
}

func (v view) title() string {
	switch {
	case v.User.Name != "" && v.Host.Name != "":
		return "The AWS keys of " + v.User.Name + " on " + v.Host.Name
	case v.Host.Name != "":
		return "The AWS keys on " + v.Host.Name
	}
	return "The AWS keys of this machine"
}

func (v view) local(t time.Time) time.Time {
	if v.o.Zone == nil {
		return t.UTC()
	}
	return t.In(v.o.Zone)
}

func (v view) day(t time.Time) string { return v.local(t).Format("2 Jan 2006") }

func (v view) time(t time.Time) string { return v.local(t).Format("2 Jan 2006, 15:04 MST") }

// longTime names the weekday, and UTC beside another zone.
func (v view) longTime(t time.Time) string {
	says := v.local(t).Format("Mon 2 Jan 2006, 15:04 MST")
	if _, offset := v.local(t).Zone(); offset != 0 {
		says += t.UTC().Format(" (15:04 UTC)")
	}
	return says
}

func (v view) path(text string) string { return show.Paths(text, homeOf(v.Report, v.o)) }

// change says how the number of findings of a severity differs from the last
// audit's.
func (v view) change(s report.Severity) string {
	if v.Changes == nil || len(v.Report.Trend) == 0 {
		return ""
	}
	switch n := v.Counts.Of(s) - v.Report.Trend[len(v.Report.Trend)-1].Counts.Of(s); {
	case n > 0:
		return fmt.Sprintf("%d more", n)
	case n < 0:
		return fmt.Sprintf("%d fewer", -n)
	}
	return "as before"
}

// step is something to do first, named by the worst finding that it ends.
func (v view) step(f report.Fix) step {
	s := step{Do: v.todo(f.Repair), Command: show.Flow(f.Command)}
	if len(f.Ends) > 0 {
		s.Title, s.What = f.Ends[0].Title, show.Sentence(v.path(f.Ends[0].What))+"."
	}
	if n := len(f.Ends) - 1; n > 0 {
		s.Also = "This also ends " + show.Count(n, "other finding") + "."
	}
	return s
}

// todo is what a repair says, before its command.
func (v view) todo(r report.Repair) string {
	if r.Text == "" {
		return ""
	}
	return show.Sentence(v.path(r.Text)) + map[bool]string{true: ".", false: ":"}[r.Command == ""]
}

func (v view) changed() *changes {
	c := v.Changes
	if c == nil {
		return nil
	}
	p := &changes{Since: "the audit of " + v.time(c.Since)}
	add := func(row changeRow, title, what string) {
		if n := len(p.Rows); n > 0 && p.Rows[n-1].Change == row.Change && p.Rows[n-1].Title == title {
			p.Rows[n-1].more++
			p.Rows[n-1].What = show.Count(p.Rows[n-1].more+1, "finding")
			return
		}
		row.Title, row.What = title, v.path(what)
		p.Rows = append(p.Rows, row)
	}
	for i := range v.Findings {
		switch f := &v.Findings[i]; {
		case f.State == report.StateNew:
			add(changeRow{Class: f.Severity.String(), Change: "new"}, f.Title, f.What)
		case f.Was != report.Clean:
			add(changeRow{Class: f.Severity.String(), Change: "worse", Since: v.day(f.FirstSeen)}, f.Title, f.What+", was "+f.Was.String())
		}
	}
	for _, g := range c.Gone {
		add(changeRow{Class: "ok", Change: "gone", Since: v.day(g.FirstSeen)}, g.Title, g.What)
	}
	if rest := len(p.Rows) - mostRows; rest > 0 {
		p.Rows = append(p.Rows[:mostRows], changeRow{Class: "dim", What: show.Count(rest, "more change")})
	}
	return p
}

func (v view) groups() (all []ruleGroup) {
	at := map[string]int{}
	for i := range v.Findings {
		f := &v.Findings[i]
		key := f.Severity.String() + " " + f.Rule
		n, ok := at[key]
		if !ok {
			n = len(all)
			at[key] = n
			all = append(all, ruleGroup{Rule: f.Rule, Title: f.Title, Why: show.Sentence(f.Why) + ".", Sources: sourcesOf(f), Severity: f.Severity.String(), Class: f.Severity.String(),
				Open: f.Severity >= report.High})
		}
		all[n].Findings = append(all[n].Findings, v.finding(f))
	}
	for i := range all {
		if n := len(all[i].Findings); n > mostRows {
			all[i].Findings = all[i].Findings[:mostRows]
			all[i].Sources += fmt.Sprintf(" %d more are left out here; the JSON report has them.", n-mostRows)
		}
	}
	return all
}

func sourcesOf(f *report.Finding) string {
	if len(f.Sources) == 0 {
		return ""
	}
	return "Sources: " + strings.Join(f.Sources, "; ") + "."
}

func (v view) finding(f *report.Finding) findingRow {
	row := findingRow{What: show.Sentence(v.path(f.What)) + ".", Do: v.todo(f.Repair), Command: show.Flow(f.Repair.Command)}
	if f.File != "" {
		row.Where = show.Path(f.File, homeOf(v.Report, v.o))
		if f.Line > 0 {
			row.Where += fmt.Sprintf(":%d", f.Line)
		}
	}
	row.State = "since " + v.day(f.FirstSeen)
	if f.State == report.StateNew && v.Report.Changes != nil {
		row.State = "new"
	}
	if f.Was != report.Clean {
		row.State += ", was " + f.Was.String()
	}
	row.Accept = fmt.Sprintf("keycare accept %.8s --for 90d --reason \"...\"%s%s", f.Fingerprint,
		map[bool]string{true: " --online"}[!v.Offline], map[bool]string{true: " --critical"}[f.Severity == report.Critical])
	return row
}

// left is how long an exception holds.
func (v view) left(until string) string {
	last, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return ""
	}
	days := int(last.AddDate(0, 0, 1).Sub(v.Time) / (24 * time.Hour))
	if days < 0 {
		return "(over)"
	}
	return "(" + show.Count(days, "day") + ")"
}

// factNames are the facts of keys that AWS may not have told.
var factNames = map[string]string{"owner": "whose it is", "created": "when it was created", "status": "whether it is active", "last_used": "when it was used last", "other_keys": "other keys of its user",
	"calls": "who uses it", "powers": "what its user may do", "services": "which services its user uses"}

func (v view) unknown() (all []string) {
	for _, k := range v.Inventory {
		by := map[string][]string{}
		var order []string
		for _, u := range k.Unknown {
			if by[u.Why] == nil {
				order = append(order, u.Why)
			}
			by[u.Why] = append(by[u.Why], cmp.Or(factNames[u.Fact], u.Fact))
		}
		for _, why := range order {
			all = append(all, fmt.Sprintf("%s of %s: %s (%s)", cmp.Or(k.ID, "A key"), show.Names(k.Profiles), strings.Join(by[why], ", "), why))
		}
	}
	return all
}

func (v view) rotation(f report.Flight) string {
	says := fmt.Sprintf("Profile %s: key %s is being replaced by %s", f.Profile, cmp.Or(f.Old, "unknown"), cmp.Or(f.New, "a new key"))
	if f.Stage == "grace" && !f.Until.IsZero() {
		return says + "; the old one stays active until " + v.time(f.Until) + "."
	}
	return says + " (" + f.Stage + "): keycare status says more."
}
