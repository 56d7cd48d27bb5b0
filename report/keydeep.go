package report

import (
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// KeyCalls is what CloudTrail recorded of the calls that a key signed, as far as it was
// read: who uses the key. Each list has the most frequent first, and at most MostListed.
type KeyCalls struct {
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Calls   int       `json:"calls"`
	More    bool      `json:"more"` // than were read
	Refused int       `json:"refused"`
	Last    time.Time `json:"last,omitzero"`
	// Addresses and Networks count all that the calls came from, From lists addresses.
	Addresses int       `json:"addresses"`
	Networks  int       `json:"networks"`
	From      []KeySeen `json:"used_from"`
	Programs  []KeySeen `json:"programs"`
	Regions   []KeySeen `json:"regions"`
	Services  []KeySeen `json:"services"`
	// Unread are the regions of which not all is known.
	Unread []string `json:"regions_not_known"`
}

// MostListed bounds the lists of a KeyCalls.
const MostListed = 20

// KeySeen is how often something stood in calls, and when last.
type KeySeen struct {
	Name    string    `json:"name"`
	Calls   int       `json:"calls"`
	Refused int       `json:"refused"`
	Last    time.Time `json:"last,omitzero"`
}

// KeyPowers is what the user of a key may do.
type KeyPowers struct {
	Administrator bool     `json:"administrator"`
	Can           []string `json:"can"`         // in plain words
	Escalations   []string `json:"escalations"` // ways to more rights
}

// KeyServices counts the services that a user has permissions for, and those of them
// that it has not used within the limit of a key's age.
type KeyServices struct {
	Granted int `json:"granted"`
	Unused  int `json:"unused"`
}

// deep fills in what a deep audit has learned of a key.
func (l *Key) deep(o facts.Online, in *Input) {
	if o.Activity.Known() {
		l.Calls = callsOf(o.Activity.Value)
	}
	u := o.User
	if u == nil {
		return
	}
	if u.Powers.Known() {
		l.Powers = &KeyPowers{Administrator: administrator(u), Can: append([]string{}, deedsOf(u.Powers.Value.Allowed)...), Escalations: []string{}}
		for _, way := range u.Powers.Value.Escalations {
			l.Powers.Escalations = append(l.Powers.Escalations, show.Plain(way.Name))
		}
	}
	if access := u.Access.Value; u.Access.Known() {
		l.Services = &KeyServices{access.Granted, len(access.UnusedSince(in.Now.Add(-in.Policy.maxAge())))}
	}
}

func callsOf(a facts.Activity) *KeyCalls {
	c := &KeyCalls{Since: facts.Whole(a.Since), Until: facts.Whole(a.Until), Calls: a.Events, More: a.Cut, Refused: a.Failed, Last: facts.Whole(a.Last),
		Addresses: len(a.Addresses), Networks: len(facts.Networks(a.Addresses)),
		From: seenOf(a.Addresses), Programs: seenOf(a.Agents), Regions: seenOf(a.Regions), Services: seenOf(a.Services), Unread: []string{}}
	for _, u := range a.Unread {
		c.Unread = append(c.Unread, show.Plain(u.Region))
	}
	return c
}

func seenOf(all []facts.Seen) []KeySeen {
	list := []KeySeen{}
	for _, s := range all[:min(len(all), MostListed)] {
		list = append(list, KeySeen{show.Plain(s.Name), s.Count, s.Failed, facts.Whole(s.Last)})
	}
	return list
}
