package format

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/report"
)

// timeline is a bar for each key, from its creation to the audit.
type timeline struct {
	Height, Bottom, LabelY       int
	Ticks                        []tick
	ZoneX, ZoneWidth, ZoneHeight string
	Limit, Text, More            string
	Bars                         []bar
	Rows                         []keyRow
}

type tick struct{ X, LabelX, Label string }

type bar struct {
	Label, Note, Class, Tip, Age  string
	X, Width, AgeX, UsedX         string
	Y, LabelY, NoteY, AgeY, UsedY int
	AgeEnd                        bool
	Used, Rotated, Rotation       string
}

type keyRow struct{ ID, Profiles, Whose, Age, Due, Late, Status, Used string }

// The drawing, in its own units.
const (
	drawnLeft, drawnRight = 190.0, 904.0
	firstBar, barStep     = 44, 34
	mostBars              = 25
)

const day = 24 * time.Hour

// lives draws the keys.
func (v view) lives() timeline {
	t := timeline{Limit: show.Count(int(v.Policy.MaxAge), "day")}
	type life struct {
		key   report.Key
		other bool
	}
	var all []life
	drawn := map[string]bool{"": true}
	for _, k := range v.Inventory {
		drawn[k.ID] = true
		t.Rows = append(t.Rows, v.keyRow(k))
	}
	for _, k := range report.SortedByAge(v.Inventory) {
		if !k.Created.IsZero() && k.Created.Before(v.Time) {
			all = append(all, life{k, false})
		}
		for _, o := range k.Others {
			if !drawn[o.ID] && !o.Created.IsZero() && o.Created.Before(v.Time) {
				drawn[o.ID] = true
				all = append(all, life{report.Key{ID: o.ID, Profiles: nil, UserARN: k.UserARN, Account: k.Account, Kind: k.Kind, Created: o.Created, Status: o.Status, LastUsed: o.LastUsed}, true})
			}
		}
	}
	if more := len(all) - mostBars; more > 0 {
		t.More = show.Count(more, "key")
		all = all[:mostBars]
	}
	if len(all) == 0 {
		return t
	}
	limit := time.Duration(v.Policy.MaxAge * float64(day))
	start := v.Time.Add(-limit - limit/5 - day)
	for _, l := range all {
		if l.key.Created.Before(start) {
			start = l.key.Created
		}
	}
	at := func(when time.Time) float64 {
		part := float64(when.Sub(start)) / float64(v.Time.Sub(start))
		return drawnLeft + (drawnRight-drawnLeft)*min(max(part, 0), 1)
	}
	t.Bottom = firstBar + barStep*len(all)
	t.LabelY, t.Height = t.Bottom+14, t.Bottom+20
	zone := at(v.Time.Add(-limit))
	t.ZoneX, t.ZoneWidth, t.ZoneHeight = units(zone), units(drawnRight-zone), strconv.Itoa(t.Bottom-32)
	t.Ticks = v.ticks(start, at)
	for i, l := range all {
		t.Bars = append(t.Bars, v.bar(l.key, l.other, firstBar+barStep*i, at))
	}
	t.Text = fmt.Sprintf("%s, the oldest first. The table below has the same.", show.Count(len(all), "bar"))
	return t
}

func (v view) bar(k report.Key, other bool, y int, at func(time.Time) float64) bar {
	age := int(v.Time.Sub(k.Created) / day)
	x := at(k.Created)
	b := bar{
		Label: cut(joined(k.Profiles), 27), Note: cut(tail(k.ID)+" "+whose(k), 27), Class: ageClass(k, age, v.Policy.MaxAge), Age: show.Count(age, "day"),
		X: units(x), Width: units(max(drawnRight-x, 2)), Y: y, LabelY: y + 7, NoteY: y + 21, AgeY: y + 25, UsedY: y + 6, AgeX: units(x),
		Tip: fmt.Sprintf("%s, created %s, %s old", cmp.Or(k.ID, "a key"), v.day(k.Created), show.Count(age, "day")),
	}
	if other {
		b.Label, b.Class = "(not on this machine)", "past"
	}
	if says, late := v.due(k); !k.Due.IsZero() {
		b.Tip += ", rotation due " + says
		if b.Age += ", rotation due " + says; late {
			b.Age = show.Count(age, "day") + ", rotation overdue"
		}
	}
	if k.Status == report.KeyInactive {
		b.Class, b.Age = "past", b.Age+", inactive"
	}
	if x > 690 {
		b.AgeX, b.AgeEnd = units(drawnRight), true
	}
	if u := k.LastUsed; u != nil && !u.Never {
		b.Used, b.UsedX = "last used "+v.usedAt(u), units(at(u.At))
	}
	if k.Replaces != nil && !k.Replaces.At.IsZero() {
		b.Rotated = "replaced " + cmp.Or(k.Replaces.ID, "another key") + " on " + v.day(k.Replaces.At)
		b.Rotation = fmt.Sprintf("M%s %d v20", units(at(k.Replaces.At)), y-4)
	}
	return b
}

// ageClass is the colour of a key.
func ageClass(k report.Key, age int, limit float64) string {
	switch {
	case k.Kind == report.KindRoot:
		return "critical"
	case age > 365:
		return "high"
	case float64(age) > limit:
		return "medium"
	}
	return "ok"
}

// ticks are at the beginnings of months, so many that their names have room.
func (v view) ticks(start time.Time, at func(time.Time) float64) (all []tick) {
	months := 1
	for _, m := range []int{1, 3, 6, 12, 24, 60, 120} {
		if months = m; v.Time.Sub(start) < time.Duration(m)*10*30*day {
			break
		}
	}
	first := start.UTC()
	for t := time.Date(first.Year(), time.January, 1, 0, 0, 0, 0, time.UTC); t.Before(v.Time) && len(all) < 40; t = t.AddDate(0, months, 0) {
		if t.Before(start) {
			continue
		}
		label := t.Format("Jan 2006")
		if months >= 12 {
			label = t.Format("2006")
		}
		if x := at(t); x < drawnRight-55 {
			all = append(all, tick{units(x), units(x + 3), label})
		}
	}
	return all
}

func (v view) keyRow(k report.Key) keyRow {
	row := keyRow{ID: cmp.Or(k.ID, "(none that can be shown)"), Profiles: joined(k.Profiles), Whose: whose(k), Age: "not known", Status: cmp.Or(k.Status, "not known"), Used: "not known", Due: "not known"}
	if !k.Created.IsZero() {
		row.Age = show.Count(int(v.Time.Sub(k.Created)/day), "day")
	}
	if says, late := v.due(k); says != "" {
		row.Due = says
		if late {
			row.Late = "medium"
		}
	}
	if k.LastUsed != nil {
		row.Used = v.usedAt(k.LastUsed)
	}
	return row
}

// due says when a key is to be rotated, and whether that is over; empty where it is
// not known.
func (v view) due(k report.Key) (says string, late bool) {
	switch {
	case k.Kind == report.KindRoot:
		return "replace it", true
	case slices.Contains([]string{report.KindSession, report.KindCanary, report.KindExample, report.KindOther}, k.Kind), k.Status == report.KeyInactive, k.Status == report.KeyRejected:
		return "none", false
	case k.Due.IsZero():
		return "", false
	case k.Due.After(v.Time):
		return v.day(k.Due), false
	}
	return "since " + v.day(k.Due), true
}

// mostDue is how many keys that are due next a page names beside the timer.
const mostDue = 5

// dues are the keys in the order in which they are to be rotated.
func (v view) dues() (all []string) {
	keys := slices.DeleteFunc(slices.Clone(v.Inventory), func(k report.Key) bool { return k.Due.IsZero() })
	sorting.By(keys, func(a, b report.Key) int { return a.Due.Compare(b.Due) })
	for _, k := range keys[:min(len(keys), mostDue)] {
		says := "due on " + v.day(k.Due) + " (in " + show.Count(max(int(k.Due.Sub(v.Time)/day), 0), "day") + ")"
		if !k.Due.After(v.Time) {
			says = "due since " + v.day(k.Due)
		}
		all = append(all, fmt.Sprintf("Key %s of %s: %s.", cmp.Or(k.ID, "without an ID that can be shown"), show.Names(k.Profiles), says))
	}
	if rest := len(keys) - len(all); rest > 0 {
		all = append(all, show.Count(rest, "more key")+": see the table of the keys.")
	}
	return all
}

func (v view) usedAt(u *report.KeyUse) string {
	if u.Never {
		return "never"
	}
	says := v.day(u.At)
	if u.Service != "" {
		says += ", " + u.Service
	}
	if u.Region != "" {
		says += ", " + u.Region
	}
	return says
}

// whose is the owner of a key, in short.
func whose(k report.Key) string {
	switch {
	case k.Kind == report.KindRoot:
		return "root of " + k.Account
	case k.UserARN != "":
		return k.UserARN[strings.LastIndexByte(k.UserARN, '/')+1:]
	case k.Account != "":
		return k.Kind + " key of " + k.Account
	}
	return k.Kind + " key"
}

// units is a place or a length in a drawing.
func units(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// tail is the end of a key's ID, by which a person tells keys apart.
func tail(id string) string {
	if len(id) < 8 {
		return ""
	}
	return "…" + id[len(id)-4:]
}

// cut is a text of at most so many characters, for a place with room for no more.
func cut(s string, most int) string { return clipped(show.Flow(s), most) }

// trend is a column for each of the last audits.
type trend struct {
	Count, Top int
	Text       string
	Bars       []column
}

type column struct {
	Tip, Label, X string
	Parts         []part
}

type part struct{ Class, X, Y, Width, Height string }

// counted draws how many findings the last audits had, and this one.
func (v view) counted() *trend {
	points := append(append([]report.Point{}, v.Report.Trend...), v.Report.Point())
	points = points[max(0, len(points)-report.MostPoints):]
	if len(points) < 2 {
		return nil
	}
	t := &trend{Count: len(points), Top: 1}
	for _, p := range points {
		t.Top = max(t.Top, p.Counts.AtLeast(report.Medium))
	}
	const left, right, bottom, height = 31.0, 919.0, 90.0, 76.0
	step := (right - left) / float64(max(len(points), 7))
	for i, p := range points {
		x, y := left+step*float64(i), bottom
		c := column{Tip: v.day(p.Time) + ":", X: units(x)}
		for _, s := range []report.Severity{report.Critical, report.High, report.Medium} {
			n := p.Counts.Of(s)
			c.Tip += fmt.Sprintf(" %d %s", n, s)
			if h := height * float64(n) / float64(t.Top); n > 0 {
				y -= h
				c.Parts = append(c.Parts, part{s.String(), units(x), units(y), units(step - 2), units(h)})
			}
		}
		if i%7 == 0 && x < right-50 {
			c.Label = v.local(p.Time).Format("2 Jan")
		}
		t.Bars = append(t.Bars, c)
	}
	first, last := points[0], points[len(points)-1]
	t.Text = fmt.Sprintf("Findings of medium and above: %d on %s, %d on %s, at most %d", first.Counts.AtLeast(report.Medium), v.day(first.Time),
		last.Counts.AtLeast(report.Medium), v.day(last.Time), t.Top)
	return t
}

func joined(names []string) string { return strings.Join(names, ", ") }
