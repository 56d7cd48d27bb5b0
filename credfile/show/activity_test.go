package show

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/facts"
)

func TestActivity(t *testing.T) {
	was := Zone
	Zone = time.UTC
	t.Cleanup(func() { Zone = was })
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	ago := func(h int) time.Time { return now.Add(-time.Duration(h) * time.Hour) }
	a := facts.Activity{
		Since: now.AddDate(0, 0, -90), Until: now, Events: 412, Failed: 3, First: ago(2000), Last: ago(2),
		Addresses: []facts.Seen{{Name: "203.0.113.7", Count: 411, Last: ago(2)}, {Name: "198.51.100.9", Count: 1, Last: ago(72)}},
		Agents:    []facts.Seen{{Name: "aws-cli", Count: 400}, {Name: "Boto3", Count: 12}},
		Regions:   []facts.Seen{{Name: "eu-west-1", Count: 412}},
		Services:  []facts.Seen{{Name: "s3", Count: 6}, {Name: "a", Count: 5}, {Name: "b", Count: 4}, {Name: "c", Count: 3}, {Name: "d", Count: 2}, {Name: "e", Count: 1}},
		Unread:    []facts.Unread{{Region: "us-east-2", Why: "needs cloudtrail:LookupEvents"}, {Region: "ap-east-1", Why: "AWS is throttling", Lost: true}, {Region: "eu-west-3", Why: "needs cloudtrail:LookupEvents"}},
	}
	want := []string{
		"412 calls in 90 days, 3 of them refused, the last 2h ago (2026-11-26 10:00 UTC)",
		"from 203.0.113.7 (411 calls, last 2h ago), 198.51.100.9 (1 call, last 3d ago)",
		"with aws-cli (400), Boto3 (12)",
		"in eu-west-1 (412)",
		"for s3 (6), a (5), b (4), c (3) and 2 more",
		"not known in full: us-east-2, eu-west-3 (AWS denies cloudtrail:LookupEvents)",
		"not known in full: ap-east-1 (AWS is throttling)",
	}
	if got := Activity(a, now); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	a.Cut = true
	if got := Calls(a, Time); !strings.HasPrefix(got, "at least 412 calls") {
		t.Errorf("got %q", got)
	}
	if got := Activity(facts.Activity{Since: a.Since, Until: a.Until}, now); !slices.Equal(got, []string{"no call recorded in 90 days"}) {
		t.Errorf("got %q", got)
	}
}

// What a program calls itself, and what calls itself an address, steers nothing and
// may hold a secret.
func TestActivityIsHostile(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz"
	for _, name := range []string{"\x1b[2J", "a\nb", "\u202ex", "\xff", secret, strings.Repeat("x", 40) + secret} {
		s := []facts.Seen{{Name: name, Count: 1}}
		for _, line := range Activity(facts.Activity{Events: 1, Addresses: s, Agents: s, Regions: s, Services: s, Unread: []facts.Unread{{Region: name, Why: name}}}, time.Time{}) {
			if !Printable(line) || strings.Contains(line, secret) {
				t.Errorf("%q: %s", name, fmt.Sprintf("%q", line))
			}
		}
	}
}
