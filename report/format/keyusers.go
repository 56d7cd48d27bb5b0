package format

import (
	"cmp"
	"fmt"

	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/report"
)

// keyUsers are who uses the keys, as a deep audit has learned it.
type keyUsers struct {
	Days       string
	Rows, Rest []userRow
}

// mostOpen is how many keys a page shows at once; the rest unfold.
const mostOpen = 10

// userRow is a key, and what of its calls is most frequent.
type userRow struct {
	Key, Profiles, Calls, Last, Class string
	From                              []string
	With, For                         string
	Unread                            string
}

// users is nil where no key's calls are known.
func (v view) users() *keyUsers {
	u := &keyUsers{}
	for _, k := range v.Inventory {
		if c := k.Calls; c != nil {
			u.Days = show.Count(max(int(c.Until.Sub(c.Since)/day), 1), "day")
			u.Rows = append(u.Rows, v.userRow(k, c))
		}
	}
	if len(u.Rows) == 0 {
		return nil
	}
	// The keys that are used from the most places first.
	sorting.By(u.Rows, func(a, b userRow) int { return cmp.Compare(len(b.From), len(a.From)) })
	n := min(len(u.Rows), mostOpen)
	u.Rows, u.Rest = u.Rows[:n], u.Rows[n:]
	return u
}

func (v view) userRow(k report.Key, c *report.KeyCalls) userRow {
	row := userRow{Key: cmp.Or(k.ID, "(none that can be shown)"), Profiles: joined(k.Profiles), Calls: "none", With: mostCalls(c.Programs), For: mostCalls(c.Services)}
	if c.Calls > 0 {
		row.Calls = map[bool]string{true: "at least "}[c.More] + fmt.Sprint(c.Calls)
		if c.Refused > 0 {
			row.Calls += fmt.Sprintf(", %d refused", c.Refused)
		}
		if !c.Last.IsZero() {
			row.Last = v.time(c.Last)
		}
	}
	if c.Networks > 1 {
		row.Class = "medium"
	}
	shown := c.From[:min(len(c.From), mostUsers)]
	for _, s := range shown {
		last := ""
		if !s.Last.IsZero() {
			last = ", last on " + v.day(s.Last)
		}
		row.From = append(row.From, fmt.Sprintf("%s (%d%s)", s.Name, s.Calls, last))
	}
	if rest := c.Addresses - len(shown); rest > 0 {
		row.From = append(row.From, fmt.Sprintf("%d more", rest))
	}
	if n := len(c.Unread); n > 0 {
		row.Unread = "not known in " + show.Count(n, "region")
	}
	return row
}

// mostUsers bounds each list.
const mostUsers = 6

func mostCalls(all []report.KeySeen) string {
	var list []string
	shown := all[:min(len(all), mostUsers)]
	for _, s := range shown {
		list = append(list, fmt.Sprintf("%s (%d)", s.Name, s.Calls))
	}
	if rest := len(all) - len(shown); rest > 0 {
		list = append(list, fmt.Sprintf("%d more", rest))
	}
	return joined(list)
}
