package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// asFile is a report as a file has it, and what it may be changed to.
func asFile(t *testing.T, change func(map[string]any)) []byte {
	t.Helper()
	b, err := json.Marshal(Audit(input(section("a", keyA, secretA), "")))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	change(doc)
	if b, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadRefuses(t *testing.T) {
	finding := func(doc map[string]any) map[string]any { return doc["findings"].([]any)[0].(map[string]any) }
	for name, change := range map[string]func(map[string]any){
		"not a keycare JSON report of version": func(d map[string]any) { d["version"] = 2 },
		"of version 1":                         func(d map[string]any) { delete(d, "findings") },
		"write one with":                       func(d map[string]any) { delete(d, "time") },
		"finding 1: it has no severity":        func(d map[string]any) { finding(d)["severity"] = "none" },
		"not what belongs there":               func(d map[string]any) { finding(d)["severity"] = "worst" },
		"finding 1: it has no rule":            func(d map[string]any) { delete(finding(d), "rule") },
		"or no fingerprint":                    func(d map[string]any) { finding(d)["fingerprint"] = "$(x)" },
		`"findings.line" is not what belongs`:  func(d map[string]any) { finding(d)["line"] = "SECRET" },
	} {
		_, err := Read(asFile(t, change))
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, text := range []string{"", "{", "null", "[]", "\xff", `"x"`} {
		if _, err := Read([]byte(text)); err == nil {
			t.Errorf("%q is read as a report", text)
		}
	}
}

// A report of an earlier version has no titles, states and times of findings;
// what is no key ID is not shown; counts are those of the findings.
func TestReadFillsIn(t *testing.T) {
	r, err := Read(asFile(t, func(d map[string]any) {
		f := d["findings"].([]any)[0].(map[string]any)
		for _, later := range []string{"title", "state", "first_seen"} {
			delete(f, later)
		}
		f["rule"], f["key_id"] = "old-key", secretA
		d["counts"] = map[string]any{"critical": 99}
		d["inventory"].([]any)[0].(map[string]any)["id"] = secretA
	}))
	if err != nil {
		t.Fatal(err)
	}
	f := r.Findings[0]
	if f.Title != ruleOldKey.Title || f.State != StateNew || !f.FirstSeen.Equal(r.Time) || f.KeyID != "" || r.Inventory[0].ID != "" || r.Counts.Critical != 0 {
		t.Errorf("got %+v, counts %+v", f, r.Counts)
	}
}

func TestFollow(t *testing.T) {
	yesterday, today := now.Add(-day), now
	make := func(at time.Time, findings ...Finding) *Report {
		r := &Report{Time: at, Findings: findings}
		for i := range findings {
			findings[i].Subject = Subject{AboutKey, keyA}
		}
		return r
	}
	before := make(yesterday, Finding{Rule: "a", Fingerprint: "1", Severity: Low, FirstSeen: now.Add(-9 * day)},
		Finding{Rule: "old-key", Fingerprint: "2", Severity: Medium, FirstSeen: now.Add(-8 * day)}, Finding{Rule: "c", Fingerprint: "3", Severity: Low}, Finding{Rule: "x", Fingerprint: "6", Severity: Low})
	r := make(today, Finding{Rule: "a", Fingerprint: "1", Severity: High}, Finding{Rule: "year-old-key", Fingerprint: "4", Severity: High},
		Finding{Rule: "d", Fingerprint: "5", Severity: Low}, Finding{Rule: "e", Fingerprint: "7", Severity: Low})
	r.Accepted = []Accepted{{Finding: Finding{Fingerprint: "6"}}}
	before.Findings[3].FirstSeen = now.Add(-7 * day)
	r.Follow(before, Seen{"7": now.Add(-30 * day)})
	for i, want := range []Finding{
		{State: StateOpen, Was: Low, FirstSeen: now.Add(-9 * day)},
		{State: StateOpen, Was: Medium, FirstSeen: now.Add(-8 * day)}, // has grown out of another rule's
		{State: StateNew, FirstSeen: now},
		{State: StateNew, FirstSeen: now.Add(-30 * day)}, // was there, was gone, is back
	} {
		if f := r.Findings[i]; f.State != want.State || f.Was != want.Was || !f.FirstSeen.Equal(want.FirstSeen) {
			t.Errorf("%d: %s, was %s, seen %s", i, f.State, f.Was, f.FirstSeen)
		}
	}
	if at := r.Accepted[0].FirstSeen; !at.Equal(now.Add(-7 * day)) {
		t.Errorf("the accepted one is seen since %s", at)
	}
	c := r.Changes
	if c == nil || c.New != 2 || c.Worse != 2 || len(c.Gone) != 1 || c.Gone[0].Fingerprint != "3" || !c.Since.Equal(yesterday) {
		t.Errorf("changes %+v", c)
	}
	// Of an audit that looks at fewer places nothing is gone that only the other
	// one can see, and of one that looks at more nothing is new there.
	extra := Finding{Rule: "key-download", Fingerprint: "8", Severity: Low, File: "x"}
	part, all := make(yesterday), make(today, extra)
	part.Partial = true
	if all.Follow(part, nil); all.Changes.New != 0 {
		t.Errorf("looks further: %+v", all.Changes)
	}
	part.Time = today
	if part.Follow(all, nil); len(part.Changes.Gone) != 0 {
		t.Errorf("looks less far: %+v", part.Changes)
	}
	// An audit that did not see the same says nothing of what is gone.
	r.Offline = true
	if r.Follow(before, nil); r.Changes != nil || r.Findings[0].State != StateOpen {
		t.Errorf("changes %+v", r.Changes)
	}
	r.Offline, r.Incomplete = false, []string{"1 of 2 keys could not be checked in full: no network"}
	if r.Follow(before, nil); r.Changes != nil {
		t.Errorf("changes %+v", r.Changes)
	}
	if r.Follow(nil, nil); r.Changes != nil || r.Findings[0].State != StateNew || !r.Findings[0].FirstSeen.Equal(now) {
		t.Errorf("got %+v", r.Findings[0])
	}
}

func TestReadAll(t *testing.T) {
	one := string(asFile(t, func(map[string]any) {}))
	for text, want := range map[string]int{
		one: 1,
		`{"version":1,"reports":[` + one + "," + one + `]}`:                                     2,
		`{"version":1,"reports":[]}`:                                                            0,
		`{"version":1,"users":[{"user":"a","report":` + one + `},{"user":"b","error":"none"}]}`: 1,
		`{"version":2,"reports":[` + one + `]}`:                                                 -1,
		`{"version":1,"reports":[{}]}`:                                                          -1,
	} {
		all, err := ReadAll([]byte(text))
		if (err != nil) != (want < 0) || want >= 0 && len(all) != want {
			t.Errorf("%.60s: %d reports, %v", text, len(all), err)
		}
	}
}
