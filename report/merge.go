package report

import (
	"cmp"
	"slices"
	"time"

	"keycare/credfile/sorting"
)

// MostPoints is how many earlier audits a report has in its Trend.
const MostPoints = 35

// Merge makes of reports of one or more machines the latest of each user of each
// machine, in the order of their names. What is new and gone in it is since the
// one before, if that is here too. Reports that do not say where they come from
// are all kept. One from the future, of a machine whose clock is wrong, counts only
// where there is no other.
func Merge(all []*Report, now time.Time) (latest []*Report) {
	type owner struct{ host, user string }
	by := map[owner][]*Report{}
	for _, r := range all {
		at := owner{cmp.Or(r.Host.ID, r.Host.Name), cmp.Or(r.User.UID, r.User.Name)}
		if at == (owner{}) {
			latest = append(latest, r)
			continue
		}
		by[at] = append(by[at], r)
	}
	for _, of := range by {
		ahead := func(r *Report) bool { return r.ahead(now) }
		if slices.ContainsFunc(of, func(r *Report) bool { return !ahead(r) }) {
			of = slices.DeleteFunc(of, ahead)
		}
		sorting.By(of, func(a, b *Report) int { return a.Time.Compare(b.Time) })
		of = slices.CompactFunc(of, func(a, b *Report) bool { return a.Time.Equal(b.Time) && a.Run == b.Run })
		last := of[len(of)-1]
		if len(of) > 1 {
			seen := Seen{}
			last.Trend = nil
			for _, r := range of[:len(of)-1] {
				last.Trend = append(last.Trend, r.Point())
				seen.see(r)
			}
			seen.see(last)
			last.Trend = last.Trend[max(0, len(last.Trend)-MostPoints):]
			last.Follow(of[len(of)-2], seen)
		}
		latest = append(latest, last)
	}
	sorting.By(latest, func(a, b *Report) int {
		return cmp.Or(cmp.Compare(a.Host.Name, b.Host.Name), cmp.Compare(a.User.Name, b.User.Name), a.Time.Compare(b.Time), cmp.Compare(a.Host.ID, b.Host.ID), cmp.Compare(a.User.UID, b.User.UID))
	})
	return latest
}

// ahead reports whether a report is from the future. A day is nothing: zones are
// mistaken for times.
func (r *Report) ahead(now time.Time) bool { return !now.IsZero() && r.Time.After(now.Add(day)) }

// see notes since when the findings of a report are known.
func (s Seen) see(r *Report) {
	for i := range r.Findings {
		s.Add(r.Findings[i].Fingerprint, r.Findings[i].FirstSeen)
	}
}
