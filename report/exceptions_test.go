package report

import (
	"slices"
	"strings"
	"testing"
)

func TestExceptionsAndSwitches(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(200)))
	count := func(change func(*Policy)) int {
		in := in
		change(&in.Policy)
		return len(of(Audit(in), "old-key"))
	}
	until := now.Add(day)
	for _, c := range []struct {
		e    Exception
		want int
	}{
		{Exception{Rule: "old-key", Until: until}, 0},
		{Exception{Rule: "old-key", Profile: "a", Account: "619888638459", Key: keyA, Until: until}, 0},
		{Exception{Account: "619888638459", Until: until}, 0},
		{Exception{Profile: "b", Until: until}, 1},
		{Exception{Rule: "old-key", Account: "111122223333", Until: until}, 1},
		{Exception{Rule: "old-key", Until: now}, 1},
		{Exception{Until: until}, 1},
	} {
		if got := count(func(p *Policy) { p.Exceptions = []Exception{c.e} }); got != c.want {
			t.Errorf("%+v: %d findings, want %d", c.e, got, c.want)
		}
	}
	found := of(Audit(in), "old-key")[0]
	for e, want := range map[Exception]int{
		{Fingerprint: found.Fingerprint, Until: until}:                       0,
		{Fingerprint: found.Fingerprint, Rule: "year-old-key", Until: until}: 1,
		{Fingerprint: strings.Repeat("0", 32), Until: until}:                 1,
		{File: found.File, Until: until}:                                     0,
		{File: found.File + "x", Until: until}:                               1,
	} {
		if got := count(func(p *Policy) { p.Exceptions = []Exception{e} }); got != want {
			t.Errorf("%+v: %d findings, want %d", e, got, want)
		}
	}
	if got := count(func(p *Policy) { p.Off = []string{"old-key"} }); got != 0 {
		t.Error("the rule is switched off")
	}
}

// What is accepted stays in the report, with reason and end, and is neither
// counted nor a failure.
func TestAcceptedStays(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(400)))
	found := of(Audit(in), "year-old-key")[0]
	// As it was accepted when the key was younger: by rule and fingerprint of old-key.
	younger := of(Audit(input(section("a", keyA, secretA), "", online(aged(200)))), "old-key")[0]
	in.Policy.Exceptions = []Exception{{Name: "x", Rule: "old-key", Fingerprint: younger.Fingerprint, Reason: "soon", Until: now.Add(day)}}
	r := Audit(in)
	if len(of(r, "year-old-key")) != 0 || r.Excepted != 1 || len(r.Accepted) != 1 || r.Fails(High) || r.Counts.High != 0 {
		t.Fatalf("got %s", jsonText(t, r))
	}
	if a := r.Accepted[0]; a.Fingerprint != found.Fingerprint || a.Exception != "x" || a.Reason != "soon" || a.Until != "2026-11-03" {
		t.Errorf("got %+v", a)
	}
}

// Whether an exception matches nothing only a whole audit tells.
func TestUnusedExceptions(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"offline": func(in *Input) { in.Offline = true }, "one profile": func(in *Input) { in.Profiles = []string{"a"} },
		"partial": func(in *Input) { in.Partial = true }, "no answer": func(in *Input) { in.Online = nil },
	} {
		in := input(section("a", keyA, secretA), "", online(aged(1)), exception(Exception{Name: "x", Rule: "root-key", Until: now.Add(day)}))
		if n := len(of(Audit(in), "exception-unused")); n != 1 {
			t.Fatalf("%d findings", n)
		}
		if change(&in); len(of(Audit(in), "exception-unused")) != 0 {
			t.Errorf("%s: told", name)
		}
	}
}

func TestSeveritySet(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(400)))
	in.Policy.Severity = map[string]Severity{"year-old-key": Low}
	if r := Audit(in); of(r, "year-old-key")[0].Severity != Low || r.Fails(High) || r.Counts.Low == 0 || r.SeveritySet["year-old-key"] != Low {
		t.Errorf("got %s", jsonText(t, r))
	}
}

// A baseline that a report with it replaces stays one: what is known stays known.
func TestBaselineDoesNotFlipFlop(t *testing.T) {
	in := input(section("a", keyA, secretA), "", mode(0, 0o644))
	known := Baseline{}
	for _, f := range Audit(in).Findings {
		known[f.Fingerprint] = true
	}
	for range 3 {
		r := Audit(in)
		r.Since(known)
		all := r.All()
		if len(r.Findings) != 0 || len(all) != len(known) || !slices.IsSortedFunc(all, compare) || all[0].State != StateKnown {
			t.Fatalf("got %d findings, %d in all", len(r.Findings), len(all))
		}
		known = Baseline{}
		for _, f := range all {
			known[f.Fingerprint] = true
		}
	}
}

// A critical finding has to be meant: an exception for all of an account, a
// profile, a key or a file does not cover it.
func TestExceptionsAndCritical(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(200)))
	in.Policy.Severity = map[string]Severity{"old-key": Critical}
	found := of(Audit(in), "old-key")[0]
	for _, c := range []struct {
		e    Exception
		want int
	}{
		{Exception{Account: found.Account}, 1}, {Exception{Profile: "a"}, 1}, {Exception{Key: keyA}, 1}, {Exception{File: found.File}, 1},
		{Exception{Rule: "old-key"}, 0}, {Exception{Fingerprint: found.Fingerprint}, 0}, {Exception{Rule: "old-key", Account: found.Account}, 0},
	} {
		c.e.Until = now.Add(day)
		in.Policy.Exceptions = []Exception{c.e}
		if got := len(of(Audit(in), "old-key")); got != c.want {
			t.Errorf("%+v: %d findings", c.e, got)
		}
	}
}
