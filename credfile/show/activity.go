package show

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile/facts"
)

// Of addresses, agents, services and regions so many are named one by one.
const (
	mostSeen    = 5
	mostRegions = 5
)

// Activity says what is known of the calls that a key signed, a line each: how many
// and when, from where, by what, in which regions, for which services, and of which
// regions nothing is known. Without a call there is one line, and those of what is
// not known.
func Activity(a facts.Activity, now time.Time) []string {
	ago := func(t time.Time) string { return Until(t, now) }
	lines := []string{Calls(a, func(t time.Time) string { return ago(t) + " (" + Time(t) + ")" })}
	if a.Events > 0 {
		lines = append(lines, "from "+SeenAt(a.Addresses, mostSeen, ago), "with "+Seen(a.Agents, mostSeen), "in "+Seen(a.Regions, mostSeen), "for "+Seen(a.Services, mostSeen))
	}
	return append(lines, Unread(a)...)
}

// Calls says how many calls there were, in what time, and when the last one was, as when
// writes times.
func Calls(a facts.Activity, when func(time.Time) string) string {
	in := Count(max(int(a.Until.Sub(a.Since)/day), 1), "day")
	switch {
	case a.Events == 0 && a.Cut: // CloudTrail also answers with empty pages that others follow
		return "no call found in the part of " + in + " that was read"
	case a.Events == 0:
		return "no call recorded in " + in
	}
	says := Count(a.Events, "call") + " in " + in
	if a.Cut {
		says = "at least " + says
	}
	if a.Failed > 0 {
		says += fmt.Sprintf(", %d of them refused", a.Failed)
	}
	if a.Last.IsZero() { // no event has a time that can be
		return says
	}
	return says + ", the last " + when(a.Last)
}

// Seen lists what events had in common, with the number of events, the first most of
// it one by one: "aws-cli (300), Boto3 (12) and 3 more".
func Seen(all []facts.Seen, most int) string {
	return seen(all, most, func(s facts.Seen) string { return fmt.Sprintf("%s (%d)", Plain(s.Name), s.Count) })
}

// SeenAt is Seen that also says when each was seen last: "203.0.113.7 (12 calls, last
// 2h ago)".
func SeenAt(all []facts.Seen, most int, when func(time.Time) string) string {
	return seen(all, most, func(s facts.Seen) string {
		if s.Last.IsZero() {
			return fmt.Sprintf("%s (%s)", Plain(s.Name), Count(s.Count, "call"))
		}
		return fmt.Sprintf("%s (%s, last %s)", Plain(s.Name), Count(s.Count, "call"), when(s.Last))
	})
}

func seen(all []facts.Seen, most int, one func(facts.Seen) string) string {
	if len(all) == 0 {
		return "nothing that is known"
	}
	shown := all
	if len(all) > most {
		shown = all[:max(most-1, 1)]
	}
	list := make([]string, len(shown))
	for i, s := range shown {
		list[i] = one(s)
	}
	says := strings.Join(list, ", ")
	if rest := len(all) - len(shown); rest > 0 {
		says += fmt.Sprintf(" and %d more", rest)
	}
	return says
}

// Unread says of which regions nothing, or not all, is known, a line for each reason.
func Unread(a facts.Activity) (lines []string) {
	regions := map[string][]string{}
	var order []string
	for _, u := range a.Unread {
		if regions[u.Why] == nil {
			order = append(order, u.Why)
		}
		regions[u.Why] = append(regions[u.Why], Plain(u.Region))
	}
	for _, why := range order {
		list, rest := regions[why], ""
		if len(list) > mostRegions {
			list, rest = list[:mostRegions-1], fmt.Sprintf(" and %d more", len(list)-mostRegions+1)
		}
		lines = append(lines, "not known in full: "+strings.Join(list, ", ")+rest+" ("+Denied(Plain(why))+")")
	}
	return lines
}

// Denied is a reason why AWS did not tell: where a permission is missing ("needs
// iam:GetUser"), it says that AWS denies it.
func Denied(why string) string {
	if action, denied := facts.Needed(why); denied {
		return "AWS denies " + action
	}
	return why
}
