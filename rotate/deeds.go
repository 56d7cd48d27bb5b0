package rotate

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/rotate/client"
)

// This file is about what was done with the credentials that a leaked key gave out: a
// thief takes them first, for they outlive the key.

// mostDeeds bounds of how many sessions CloudTrail is asked, and deedsWithin for how
// long: it answers two questions a second in a region, and is asked in each.
const (
	mostDeeds   = 10
	deedsWithin = 30 * time.Second
)

// deeds asks what the sessions did that the key gave out, and those that these gave out
// in turn: those that have not expired first, then the newest. What they made is added
// to the changes, and what has not expired to the live sessions.
func (r *cycle) deeds(ctx context.Context, l *Leak, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, deedsWithin)
	defer cancel()
	todo := slices.Clone(l.Calls.Sessions)
	known := map[string]bool{"": true}
	for len(todo) > 0 {
		sorting.By(todo, func(a, b Session) int {
			if x, y := a.lives(now), b.lives(now); x != y {
				return map[bool]int{true: -1, false: 1}[x]
			}
			return b.At.Compare(a.At)
		})
		s := todo[0]
		todo = todo[1:]
		switch {
		case known[s.KeyID]:
			continue
		case r.elsewhere(s): // its account's CloudTrail has that
			continue
		case len(l.Did) >= mostDeeds || ctx.Err() != nil:
			l.Unasked++
			continue
		}
		known[s.KeyID] = true
		r.Progress.Next(fmt.Sprintf("asking CloudTrail what session %d of the leaked key did", len(l.Did)+1), "", 0)
		since := s.At
		if !since.IsZero() {
			since = since.Add(-time.Minute)
		}
		var lost bool
		if s.Calls, s.Unknown, lost = r.callsOf(ctx, r.aws, r.by(r.back), r.j.User, s.KeyID, since); s.Calls == nil && lost {
			l.Unasked++ // nor would others be told
			cancel()
			continue
		}
		l.Did = append(l.Did, s)
		if s.Calls == nil {
			continue
		}
		for _, next := range s.Calls.Sessions {
			next.From = s.KeyID
			if l.note(next, now); !slices.ContainsFunc(todo, func(t Session) bool { return t.KeyID == next.KeyID }) {
				todo = append(todo, next)
			}
		}
		for _, c := range s.Calls.Changes {
			c.Session = s.KeyID
			r.noteChange(l, c)
		}
	}
	l.Unasked += l.Calls.facts.OldSessions
	sorting.By(l.Changes, func(a, b Change) int { return b.Last.Compare(a.Last) })
}

// lives reports whether a session may not have expired.
func (s Session) lives(now time.Time) bool { return s.Until.IsZero() || s.Until.After(now) }

// note adds a session to those that have not expired.
func (l *Leak) note(s Session, now time.Time) {
	if s.lives(now) {
		l.Live = append(l.Live, s)
	}
}

// noteChange adds a call to those to look at, unless this rotation made it.
func (r *cycle) noteChange(l *Leak, c Change) {
	if id := r.newID(); id == "" || !strings.Contains(c.Subject, id) {
		l.Changes = append(l.Changes, c)
	}
}

// elsewhere reports whether a session is one of another account.
func (r *cycle) elsewhere(s Session) bool {
	if s.Kind == "AssumeRoot" {
		return true
	}
	if s.Kind != "AssumeRole" || s.Role == "" {
		return false
	}
	_, here := roleIn(s.Role, r.j.User.Account)
	return !here
}

// lookup is the command that asks CloudTrail what a key did, in the region that has what
// it did to users and keys.
func (r *cycle) lookup(key string, since time.Time) string {
	argv := []string{"aws", "cloudtrail", "lookup-events", "--region", client.TrailRegion(r.j.User), "--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + key}
	if !since.IsZero() {
		argv = append(argv, "--start-time", since.UTC().Format(time.RFC3339))
	}
	return show.Command(runtime.GOOS, argv...)
}
