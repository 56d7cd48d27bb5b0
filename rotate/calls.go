package rotate

import (
	"context"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
)

// This file is about who uses a key, as CloudTrail recorded it. No rotation waits for
// that or depends on it: it is asked for a plan, where the old key is still in use at
// the end of a grace, and once a leaked key is Inactive.

// callsWithin bounds how long CloudTrail is asked about one key.
const callsWithin = 30 * time.Second

// Calls is what CloudTrail recorded of the calls that a key signed.
type Calls struct {
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Events    int       `json:"events"`
	AtLeast   bool      `json:"at_least,omitempty"` // there are more
	Refused   int       `json:"refused,omitempty"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Addresses []Seen    `json:"addresses,omitempty"`
	Agents    []Seen    `json:"agents,omitempty"`
	Regions   []Seen    `json:"regions,omitempty"`
	Services  []Seen    `json:"services,omitempty"`
	Actions   []Seen    `json:"actions,omitempty"`
	Sessions  []Session `json:"sessions,omitempty"`
	Changes   []Change  `json:"changes,omitempty"`
	Older     int       `json:"older_sessions_and_changes,omitempty"` // that are not listed
	Unread    []string  `json:"not_known,omitempty"`                  // regions of which not all is known, and why

	facts facts.Activity
}

// Seen is how often, and when, something stood in calls.
type Seen struct {
	Name    string    `json:"name"`
	Count   int       `json:"count"`
	Refused int       `json:"refused,omitempty"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// Session is short-term credentials that the key was given: they outlive it.
type Session struct {
	Kind    string    `json:"kind"`
	Role    string    `json:"role,omitempty"`
	KeyID   string    `json:"key,omitempty"`
	Address string    `json:"address,omitempty"`
	Region  string    `json:"region,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	From    string    `json:"given_by,omitempty"`        // the session that gave it out; empty: the key
	Calls   *Calls    `json:"calls,omitempty"`           // what was done with it, where that was asked
	Unknown string    `json:"calls_not_known,omitempty"` // why that is not known
}

// Change is a call to look at first when a key was stolen, or several alike.
type Change struct {
	Action  string    `json:"action"`
	Subject string    `json:"subject,omitempty"`
	Address string    `json:"address,omitempty"`
	Region  string    `json:"region,omitempty"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Count   int       `json:"count"`
	Refused bool      `json:"refused,omitempty"`
	Session string    `json:"session,omitempty"` // the session that made it; empty: the key
}

// Lines says the same for people.
func (c *Calls) Lines(now time.Time) []string { return show.Activity(c.facts, now) }

// callsOf asks CloudTrail who used a key since a time; the zero one is as long as it
// knows. Where it does not tell, why says so in a few words, and lost whether it may
// tell another time.
func (rot *Rotator) callsOf(ctx context.Context, a *client.AWS, by client.Signer, user facts.Identity, id string, since time.Time) (c *Calls, why string, lost bool) {
	ctx, cancel := context.WithTimeout(ctx, callsWithin)
	defer cancel()
	got, err := a.Activity(ctx, by, user, id, since)
	if err != nil {
		why, lost = client.WhyUnknown(err, "cloudtrail:LookupEvents")
		return nil, why, lost
	}
	return callsFrom(got), "", false
}

func callsFrom(a facts.Activity) *Calls {
	c := &Calls{Since: facts.Whole(a.Since), Until: facts.Whole(a.Until), Events: a.Events, AtLeast: a.Cut, Refused: a.Failed, First: facts.Whole(a.First), Last: facts.Whole(a.Last),
		Addresses: seenOf(a.Addresses), Agents: seenOf(a.Agents), Regions: seenOf(a.Regions), Services: seenOf(a.Services), Actions: seenOf(a.Calls),
		Older: a.OldSessions + a.OldChanges, Unread: show.Unread(a), facts: a}
	for _, s := range a.Sessions {
		c.Sessions = append(c.Sessions, Session{Kind: s.Kind, Role: s.Role, KeyID: s.KeyID, Address: s.Address, Region: s.Region, At: facts.Whole(s.At), Until: facts.Whole(s.Until)})
	}
	for _, g := range a.Changes {
		c.Changes = append(c.Changes, Change{Action: g.Call, Subject: g.Subject, Address: g.Address, Region: g.Region, First: facts.Whole(g.First), Last: facts.Whole(g.Last), Count: g.Count, Refused: g.Failed})
	}
	return c
}

func seenOf(all []facts.Seen) (list []Seen) {
	for _, s := range all {
		list = append(list, Seen{s.Name, s.Count, s.Failed, facts.Whole(s.First), facts.Whole(s.Last)})
	}
	return list
}

// usedBy says in one line who used a key.
func (c *Calls) usedBy(now time.Time) string {
	return "CloudTrail, since the switch: " + strings.Join(c.Lines(now), ", ")
}
