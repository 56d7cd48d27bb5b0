package cli

import (
	"fmt"
	"strings"

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
		line("  not known: %s", notKnown(l.Unknown))
	} else {
		for _, says := range l.Calls.Lines(e.Now()) {
			line("  %s", says)
		}
	}
	if len(l.Changes) > 0 {
		line("Look at these calls first:")
		for _, c := range l.Changes[:min(len(l.Changes), mostLeakChanges)] {
			line("  %s", changed(c))
		}
		if rest := len(l.Changes) - mostLeakChanges; rest > 0 {
			line("  and %d more (--format json has all)", rest)
		}
	}
	if len(l.Live) > 0 {
		line("It gave out credentials that have not expired:")
		for _, s := range l.Live[:min(len(l.Live), mostLeakLive)] {
			line("  %s", stillLive(s))
		}
		if rest := len(l.Live) - mostLeakLive; rest > 0 {
			line("  and %d more (--format json has all)", rest)
		}
	}
	line("To end the sessions that it may have given out, which outlive it by up to 36\nhours:")
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
		line("  %s is in another account: its owner has to do that", show.Plain(role))
	}
	if len(l.Commands) > 1 {
		line("  These end everyone's older sessions of the roles, and this user's own.")
	} else {
		line("  It also ends this user's own sessions from before, such as those with MFA.")
	}
	line("Next:")
	for _, step := range l.Next {
		line("  - %s", step)
	}
	return e.print("%s", b.String())
}

// notKnown says why AWS did not tell.
func notKnown(why string) string {
	if action, denied := strings.CutPrefix(why, "needs "); denied {
		return "AWS denies " + action
	}
	return why
}

func changed(c rotate.Change) string {
	says := show.Time(c.Last) + " " + show.Plain(c.Action)
	if c.Subject != "" {
		says += " " + show.Plain(c.Subject)
	}
	if c.Address != "" {
		says += ", from " + show.Plain(c.Address)
	}
	if c.Region != "" {
		says += ", " + show.Plain(c.Region)
	}
	if c.Count > 1 {
		says += fmt.Sprintf(", %d times", c.Count)
	}
	if c.Refused {
		says += " (refused)"
	}
	return says
}

func stillLive(s rotate.Session) string {
	says := show.Plain(s.Kind)
	if s.Role != "" {
		says += " " + show.Plain(s.Role)
	}
	says += " on " + show.Time(s.At)
	if s.Address != "" {
		says += ", from " + show.Plain(s.Address)
	}
	if !s.Until.IsZero() {
		says += ", until " + show.Time(s.Until)
	}
	return says
}

// writeUse says in a plan who uses the key.
func writeUse(e *env, r rotate.Result) error {
	if r.Calls == nil {
		if r.NoCalls == "" {
			return nil
		}
		return e.print("  who else uses it is not known: %s\n", notKnown(r.NoCalls))
	}
	text := "  who uses it (CloudTrail, the last 90 days, without reads and writes of data):\n"
	for _, line := range r.Calls.Lines(e.Now()) {
		text += "    " + line + "\n"
	}
	return e.print("%s", text)
}
