package client

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/sorting"
)

// tally counts records as they come, in any order.
type tally struct {
	events, failed                               int
	first, last                                  time.Time
	addresses, agents, regions, services, called counts
	keycare                                      map[string]bool // addresses from which keycare called
	sessions                                     []facts.Session
	changes                                      map[facts.Change]*facts.Change // by what does not change with the time
}

type counts map[string]*facts.Seen

func newTally() *tally {
	return &tally{addresses: counts{}, agents: counts{}, regions: counts{}, services: counts{}, called: counts{}, keycare: map[string]bool{}, changes: map[facts.Change]*facts.Change{}}
}

func (t *tally) add(r record) {
	failed := r.error != ""
	t.events++
	if failed {
		t.failed++
	}
	t.first, t.last = earlier(t.first, r.at), later(t.last, r.at)
	t.addresses.add(r.address, r.at, failed)
	t.agents.add(r.agent, r.at, failed)
	if r.agent == facts.Keycare {
		t.keycare[r.address] = true
	}
	t.regions.add(r.region, r.at, failed)
	t.services.add(r.service, r.at, failed)
	t.called.add(r.call(), r.at, failed)
	if r.session != nil {
		t.sessions = append(t.sessions, *r.session)
	}
	if c := r.change; c != nil {
		same := *c
		same.First, same.Last, same.Count = time.Time{}, time.Time{}, 0
		if known := t.changes[same]; known != nil {
			known.First, known.Last = earlier(known.First, c.First), later(known.Last, c.Last)
			known.Count++
		} else {
			t.changes[same] = c
		}
	}
}

func (c counts) add(name string, at time.Time, failed bool) {
	s := c[name]
	if s == nil {
		s = &facts.Seen{Name: name}
		c[name] = s
	}
	s.Count++
	if failed {
		s.Failed++
	}
	s.First, s.Last = earlier(s.First, at), later(s.Last, at)
}

// seen are the counts, the most frequent first.
func (c counts) seen() []facts.Seen {
	all := make([]facts.Seen, 0, len(c))
	for _, s := range c {
		all = append(all, *s)
	}
	sorting.By(all, func(a, b facts.Seen) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last), strings.Compare(a.Name, b.Name))
	})
	if len(all) <= facts.MostSeen {
		return all
	}
	rest := facts.Seen{Name: facts.Rest}
	for _, s := range all[facts.MostSeen-1:] {
		rest.Count, rest.Failed = rest.Count+s.Count, rest.Failed+s.Failed
		rest.First, rest.Last = earlier(rest.First, s.First), later(rest.Last, s.Last)
	}
	return append(all[:facts.MostSeen-1], rest)
}

// activity is what was counted; the times that were looked at are not in it.
func (t *tally) activity() facts.Activity {
	f := facts.Activity{Events: t.events, Failed: t.failed, First: t.first, Last: t.last,
		Addresses: t.addresses.seen(), Agents: t.agents.seen(), Regions: t.regions.seen(), Services: t.services.seen(), Calls: t.called.seen(),
		Sessions: slices.Clone(t.sessions)}
	f.Keycare, _ = newest(slices.Sorted(maps.Keys(t.keycare)))
	for _, c := range t.changes {
		f.Changes = append(f.Changes, *c)
	}
	sorting.By(f.Sessions, func(a, b facts.Session) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.KeyID, b.KeyID))
	})
	sorting.By(f.Changes, func(a, b facts.Change) int {
		return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.Call, b.Call), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Address+a.Region, b.Address+b.Region))
	})
	f.Sessions, f.OldSessions = newest(f.Sessions)
	f.Changes, f.OldChanges = newest(f.Changes)
	return f
}

// newest are the first of a list as far as they fit, and how many do not.
func newest[T any](all []T) ([]T, int) {
	n := min(len(all), facts.MostSeen)
	return all[:n:n], len(all) - n
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
