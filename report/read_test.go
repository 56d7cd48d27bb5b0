package report

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
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
		"of version 2, and this keycare reads": func(d map[string]any) { d["version"] = 2 },
		"not a keycare JSON report of version": func(d map[string]any) { d["version"] = 0 },
		"of version 1":                         func(d map[string]any) { delete(d, "findings") },
		"write one with":                       func(d map[string]any) { delete(d, "time") },
		"finding 1: it has no severity":        func(d map[string]any) { finding(d)["severity"] = "none" },
		"not what belongs there":               func(d map[string]any) { finding(d)["severity"] = "worst" },
		"finding 1: it has no rule":            func(d map[string]any) { delete(finding(d), "rule") },
		"no account that is one":               func(d map[string]any) { finding(d)["account"] = "'; drop" },
		"or no fingerprint":                    func(d map[string]any) { finding(d)["fingerprint"] = "$(x)" },
		`"findings.line" is not what belongs`:  func(d map[string]any) { finding(d)["line"] = "SECRET" },
	} {
		_, err := Read(asFile(t, change))
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for text, says := range map[string]string{"": "it is empty", " \n": "it is empty", "{": "it ends too early", "null": "of version", "[]": "no object", "\xff": "damaged at byte 1", `"x"`: "no object",
		"\x1f\x8b\x08": "it is compressed", "\xff\xfe": "it is empty", "\xff\xfe{": "it is empty", "\xff\xfe{\x00": "it ends too early", `{"version":1,"time":"2026-01-01T00:00:00Z","findings":[null]}`: "finding 1: it has no severity"} {
		for _, read := range []func([]byte) error{
			func(b []byte) error { _, err := Read(b); return err },
			func(b []byte) error { _, err := ReadAll(b); return err },
		} {
			if err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

// The mark of an encoding, which programs of Windows write, is no fault.
func TestReadEncodings(t *testing.T) {
	plain := string(asFile(t, func(d map[string]any) { d["host"] = map[string]any{"name": "bär 🐻"} }))
	wide := func(order binary.AppendByteOrder) (b []byte) {
		for _, u := range utf16.Encode([]rune("\ufeff" + plain)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	for name, b := range map[string][]byte{"UTF-8": []byte("\ufeff" + plain), "UTF-16": wide(binary.LittleEndian), "UTF-16 of the other order": wide(binary.BigEndian)} {
		all, err := ReadAll(b)
		if err != nil || len(all) != 1 || all[0].Host.Name != "bär 🐻" {
			t.Errorf("%s: %v", name, err)
		}
		if known, err := ReadBaseline(b); err != nil || len(known) != len(all[0].Findings) {
			t.Errorf("%s: the baseline: %v", name, err)
		}
	}
}

// What anybody may have written has the form of keycare's own once it is read.
func TestReadHolds(t *testing.T) {
	long := strings.Repeat("ä", 1<<20)
	r, err := Read(asFile(t, func(d map[string]any) {
		d["host"] = map[string]any{"name": long, "id": long}
		d["policy"] = map[string]any{"max_age_days": -1e300, "max_unused_days": 1e300}
		d["profiles"], d["keys"], d["unknown"] = -5, 1<<60, -1
		d["trend"] = make([]map[string]any, 5000)
		for i := range 5000 {
			d["trend"].([]map[string]any)[i] = map[string]any{"time": "2026-10-01T00:00:00Z", "keys": -1}
		}
		d["trend"].([]map[string]any)[4999] = map[string]any{}
		d["severity_set"] = map[string]any{long: "high", "old-key": "low"}
		d["rotations"] = []any{map[string]any{"old": secretA, "new": keyA}}
		f := d["findings"].([]any)[0].(map[string]any)
		f["state"], f["first_seen"], f["line"], f["what"] = "fixed", "9999-12-31T23:59:59Z", -7, long
		f["subject"] = map[string]any{"type": "key", "id": secretA}
		f["repair"] = map[string]any{"text": "x", "command": "rm " + long}
		k := d["inventory"].([]any)[0].(map[string]any)
		k["account"], k["created"], k["last_used"] = "12", "1000-01-01T00:00:00Z", map[string]any{"never": false}
		k["other_keys"] = []any{map[string]any{"id": secretA}}
		k["calls"] = map[string]any{"calls": -1}
		gone := map[string]any{"rule": "old-key", "severity": "high", "fingerprint": strings.Repeat("a", 32), "key_id": secretA, "account": long}
		d["changes"] = map[string]any{"gone": []any{gone, map[string]any{"rule": "<b>", "severity": "high"}, map[string]any{}}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	f, k, g := r.Findings[0], r.Inventory[0], r.Changes.Gone
	for what, ok := range map[string]bool{
		"texts":     len(r.Host.Name) < 1<<15 && len(r.Host.ID) < 1<<15 && len(f.What) < 1<<15 && utf8.ValidString(f.What),
		"limits":    r.Policy == Limits{90, 45},
		"counts":    r.Profiles == 0 && r.Keys == 1_000_000_000 && r.Unknown == 0,
		"trend":     len(r.Trend) == MostPoints && r.Trend[0].Keys == 0,
		"rules":     len(r.SeveritySet) == 1,
		"rotations": r.Rotations[0].Old == "" && r.Rotations[0].New == keyA,
		"finding":   f.State == StateNew && f.FirstSeen.Equal(r.Time) && f.Line == 0 && f.Subject.ID == "" && f.Repair == (Repair{Text: "x"}),
		"key":       k.Account == "" && k.Created.IsZero() && k.LastUsed == nil && k.Others[0].ID == "" && k.Calls == nil,
		"gone":      len(g) == 1 && g[0].KeyID == "" && g[0].Account == "" && g[0].FirstSeen.Equal(r.Time),
	} {
		if !ok {
			t.Errorf("%s: %.300s", what, fmt.Sprintf("%+v", r))
		}
	}
	for _, rule := range []string{"<b>x</b>", "a b", "a\nb", strings.Repeat("a", 65), "Old-Key"} {
		if _, err := Read(asFile(t, func(d map[string]any) { d["findings"].([]any)[0].(map[string]any)["rule"] = rule })); err == nil {
			t.Errorf("%q is a rule", rule)
		}
	}
}

// A clock that is wrong once makes no other report older, nor is its report the
// latest.
func TestReportsFromTheFuture(t *testing.T) {
	at := func(host string, when time.Time) *Report {
		return &Report{Time: when, Origin: Origin{Host: Host{ID: host}, Run: when.String()}}
	}
	future := now.AddDate(7000, 0, 0)
	all := Merge([]*Report{at("a", future), at("a", now), at("a", now.Add(-day)), at("b", future), at("c", now.Add(-9*day))}, now)
	if len(all) != 3 || !all[0].Time.Equal(now.Add(-9*day)) && !all[1].Time.Equal(now) {
		t.Fatalf("got %d: %v", len(all), all)
	}
	f := Together(all, now)
	if !f.Last.Equal(now) || len(f.Silent) != 1 || f.Silent[0].Host.ID != "c" || len(f.Ahead) != 1 || f.Ahead[0].Host.ID != "b" || f.Machines != 3 {
		t.Errorf("got %+v", f)
	}
	for _, r := range all {
		if r.Host.ID == "a" && (!r.Time.Equal(now) || len(r.Trend) != 1) {
			t.Errorf("the latest of a is of %s, after %v", r.Time, r.Trend)
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
	// What is not looked for any more is not gone.
	r.RulesOff = []string{"c"}
	if r.Follow(before, nil); len(r.Changes.Gone) != 0 {
		t.Errorf("rule c is off, and gone is %+v", r.Changes.Gone)
	}
	r.RulesOff = nil
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
