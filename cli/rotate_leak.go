package cli

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/rotate"
)

// Of each list so many are named; JSON has all.
const (
	mostLeakLive    = 5
	mostLeakChanges = 10
)

// writeLeak says what a person needs to know of a key that leaked: what it did, how its
// sessions are ended, and what to look at.
func writeLeak(e *env, key string, l *rotate.Leak) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("\nWhat the leaked key %s did (CloudTrail, up to 15 minutes late):", key)
	if l.Calls == nil {
		line("  not known: %s", show.Denied(l.Unknown))
		if l.Again != "" {
			line("  to ask again: %s", l.Again)
		}
	} else {
		for _, says := range l.Calls.Lines(e.Now()) {
			line("  %s", says)
		}
	}
	if l.Calls == nil {
		line("  to ask CloudTrail as someone who may, in each region: %s", l.Lookup)
	}
	if len(l.Changes) > 0 {
		line("Look at these calls first:")
		b.WriteString(some(l.Changes, mostLeakChanges, changed))
	}
	if len(l.Live) > 0 {
		line("It gave out credentials that have not expired:")
		b.WriteString(some(l.Live, mostLeakLive, stillLive))
	}
	line("To end the sessions that it may have given out (they last up to 36 hours):")
	if err := e.print("%s", b.String()); err != nil {
		return err
	}
	b.Reset()
	if strings.Contains(strings.Join(l.Commands, ""), "file://") {
		line("  save as policy.json: %s", l.Policy)
	}
	for _, command := range l.Commands {
		line("  %s", command) // not broken: it is to be copied
	}
	if _, err := e.Out.Write([]byte(b.String())); err != nil {
		return err
	}
	b.Reset()
	for _, role := range l.Foreign {
		line("  %s is in another account: its owner has to do this", show.Plain(role))
	}
	if len(l.Commands) > 1 {
		line("  These end everyone's older sessions of these roles, and this user's own.")
	} else {
		line("  It also ends this user's own sessions from before, such as those with MFA.")
	}
	b.WriteString(deeds(e, l))
	line("Next:")
	for _, step := range l.Next {
		line("  - %s", step)
	}
	return e.print("%s", b.String())
}

// some is a line for each of the first most of a list.
func some[T any](all []T, most int, says func(T) string) string {
	var b strings.Builder
	for _, one := range all[:min(len(all), most)] {
		fmt.Fprintf(&b, "  %s\n", says(one))
	}
	if rest := len(all) - most; rest > 0 {
		fmt.Fprintf(&b, "  and %d more (--format json has all)\n", rest)
	}
	return b.String()
}

func changed(c rotate.Change) string {
	says := onTime(c.Last) + " " + show.Plain(c.Action)
	if c.Subject != "" {
		says += " " + show.Plain(c.Subject)
	}
	if c.Address != "" {
		says += ", from " + show.Plain(c.Address)
	}
	if c.Region != "" {
		says += ", " + show.Plain(c.Region)
	}
	if c.Session != "" {
		says += ", by session " + show.Plain(c.Session)
	}
	if c.Count > 1 {
		says += fmt.Sprintf(", %d times", c.Count)
	}
	if c.Refused {
		says += " (refused)"
	}
	return says
}

// deeds says what was done with the sessions that the key gave out.
func deeds(e *env, l *rotate.Leak) string {
	var b strings.Builder
	quiet, named := 0, 0
	for _, s := range l.Did {
		if s.Calls != nil && s.Calls.Events == 0 && len(s.Calls.Unread) == 0 {
			quiet++
			continue
		}
		if named++; named > mostLeakLive {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", session(s))
		if s.Calls == nil {
			fmt.Fprintf(&b, "    not known: %s\n", show.Denied(s.Unknown))
			continue
		}
		fmt.Fprintf(&b, "    %s\n", strings.Join(s.Calls.Lines(e.Now()), ", "))
	}
	if rest := named - mostLeakLive; rest > 0 {
		fmt.Fprintf(&b, "  and %d more (--format json has all)\n", rest)
	}
	if quiet > 0 {
		fmt.Fprintf(&b, "  no call recorded of %s\n", show.Count(quiet, "session"))
	}
	if l.Unasked > 0 {
		fmt.Fprintf(&b, "  not asked about %s: keycare asks about %d\n", show.Count(l.Unasked, "session"), len(l.Did))
	}
	if b.Len() == 0 {
		return ""
	}
	return "What was done with the credentials that it gave out:\n" + b.String()
}

// session names one.
func session(s rotate.Session) string {
	says := show.Plain(s.Kind)
	if s.Role != "" {
		says += " " + show.Plain(s.Role)
	}
	if s.KeyID != "" {
		says += ", key " + show.Plain(s.KeyID)
	}
	return says
}

func stillLive(s rotate.Session) string {
	says := session(s) + ", on " + onTime(s.At)
	if s.Address != "" {
		says += ", from " + show.Plain(s.Address)
	}
	if s.From != "" {
		says += ", by session " + show.Plain(s.From)
	}
	if !s.Until.IsZero() {
		says += ", until " + show.Time(s.Until)
	}
	return says
}

// onTime is when a call was made, which its record may not say in earnest.
func onTime(t time.Time) string {
	if t.IsZero() {
		return "an unknown day"
	}
	return show.Time(t)
}

// writeUse says in a plan who uses the key.
func writeUse(e *env, r rotate.Result) error {
	if r.Calls == nil {
		if r.NoCalls == "" {
			return nil
		}
		return e.print("  who else uses it is not known: %s\n", show.Denied(r.NoCalls))
	}
	text := "  who uses it (CloudTrail, the last 90 days, without reads and writes of data):\n"
	for _, line := range r.Calls.Lines(e.Now()) {
		text += "    " + line + "\n"
	}
	return e.print("%s", text)
}
