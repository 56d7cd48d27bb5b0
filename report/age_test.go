package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
	"time"
)

// An old key that nobody uses is to be looked at before it is rotated; a key that
// does not work is not said to work.
func TestAgeAndUse(t *testing.T) {
	for days, rule := range map[int]string{100: "old-key", 400: "year-old-key"} {
		o := aged(days)
		o.LastUsed = lastUse(60)
		in := input(section("a", keyA, secretA), "", online(o))
		if fs := of(Audit(in), rule); len(fs) != 1 || fs[0].Repair.String() != "see unused-key; if it is needed: keycare rotate a" {
			t.Errorf("got %+v", fs)
		}
		in.Policy.Off = []string{"unused-key"}
		if fs := of(Audit(in), rule); len(fs) != 1 || fs[0].Repair.String() != "keycare rotate a" {
			t.Errorf("got %+v", fs)
		}
		in.Policy.Exceptions = []Exception{{Rule: "old-key", Until: now.Add(day)}}
		if fs := of(Audit(in), rule); len(fs) != 0 {
			t.Errorf("an exception for old-key does not cover %s", rule)
		}
		in.Policy.Exceptions[0].Rule = "year-old-key"
		if fs := of(Audit(in), rule); len(fs) != 0 != (rule == "old-key") {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
	for _, o := range []facts.Online{{Rejected: true}, changed(func(o *facts.Online) { o.Status.Value = "Inactive" })} {
		if fs := of(Audit(input(section("a", keyA, secretA), "", online(o))), "static-key"); len(fs) != 0 {
			t.Errorf("got %+v", fs)
		}
	}
}

// A limit that is no number of days is neither tightened nor shown as another one.
func TestPartsOfDays(t *testing.T) {
	for hours, want := range map[int]string{36: "", 37: "is 1.5 days old; the limit is 1.5", 60: "is 2.5 days old; the limit is 1.5"} {
		in := input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
			o.Created.Value = now.Add(-time.Duration(hours) * time.Hour)
		})))
		in.Policy.MaxAge = 36 * time.Hour
		fs := of(Audit(in), "old-key")
		if len(fs) > 1 || (len(fs) == 1) != (want != "") || len(fs) == 1 && !strings.HasSuffix(fs[0].What, want) {
			t.Errorf("%d hours: got %+v", hours, fs)
		}
	}
}

// A key that was never used counts from its creation, and keycare's own calls
// are no use.
func TestUnused(t *testing.T) {
	for _, c := range []struct {
		days int
		own  bool
		want int
	}{{46, false, 1}, {45, false, 0}, {46, true, 0}} {
		o := aged(c.days)
		o.LastUsed.Value, o.OwnUse = facts.Use{}, c.own
		if fs := of(Audit(input(section("a", keyA, secretA), "", online(o))), "unused-key"); len(fs) != c.want {
			t.Errorf("%+v: got %+v", c, fs)
		}
	}
	in := input(section("a", keyA, secretA), "", used(46))
	in.Policy.MaxUnused = 46 * day
	if fs := of(Audit(in), "unused-key"); len(fs) > 0 {
		t.Errorf("the limit is not heeded: %+v", fs)
	}
}

// The age rules part at the day, and never both speak.
func TestAgeRules(t *testing.T) {
	for _, c := range []struct {
		days, limit int
		want        string
	}{{90, 90, ""}, {91, 90, "old-key"}, {365, 90, "old-key"}, {366, 90, "year-old-key"}, {400, 400, ""}, {401, 400, "year-old-key"}} {
		in := input(section("a", keyA, secretA), "", online(aged(c.days)))
		in.Policy.MaxAge = time.Duration(c.limit) * day
		r, got := Audit(in), ""
		for _, f := range append(of(r, "old-key"), of(r, "year-old-key")...) {
			got += f.Rule
		}
		if got != c.want {
			t.Errorf("%d days, limit %d: got %q, want %q", c.days, c.limit, got, c.want)
		}
	}
}
