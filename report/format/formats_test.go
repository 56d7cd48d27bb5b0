package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keycare/report"
)

// secondHost is the report of another machine and user.
func secondHost() *report.Report {
	r := story2()
	r.Host, r.User = report.Host{Name: "lee-thinkpad", ID: "00ff", OS: "windows", Arch: "amd64"}, report.User{Name: `CORP\lee`, UID: "S-1-5-21"}
	r.Files = []string{`C:\Users\lee\.aws\credentials`}
	for i := range r.Findings {
		if r.Findings[i].File != "" {
			r.Findings[i].File = r.Files[0]
		}
	}
	r.Accepted[0].File = r.Files[0]
	return r
}

// hostile is the report of a machine whose names try to be more than names.
func hostile(text string) *report.Report {
	r := story2()
	r.Host.Name, r.Host.ID, r.User.Name, r.Tool.Version, r.Run = text, text, text, text, text
	r.Host.OS, r.Files = text, []string{text, "/home/" + text + "/.aws/credentials"}
	for _, list := range []*[]report.Finding{&r.Findings} {
		for i := range *list {
			f := &(*list)[i]
			f.What, f.Why, f.Title, f.Profiles, f.File, f.Account = text, text, text, []string{text, text}, "/home/"+text+"/x", text
			f.Repair, f.Sources, f.Subject.ID = report.Repair{Text: text, Command: text}, []string{text}, text
		}
	}
	for i := range r.Accepted {
		a := &r.Accepted[i]
		a.What, a.Reason, a.Exception, a.Until, a.Title, a.Profiles = text, text, text, text, text, []string{text}
	}
	for i := range r.Inventory {
		k := &r.Inventory[i]
		k.Profiles, k.UserARN, k.Account, k.File, k.Kind, k.Status = []string{text}, text, text, text, text, text
		k.Unknown = []report.Unknown{{Fact: text, Why: text}}
		if c := k.Calls; c != nil {
			for _, list := range [][]report.KeySeen{c.From, c.Programs, c.Regions, c.Services} {
				for j := range list {
					list[j].Name = text
				}
			}
			c.Unread = []string{text}
		}
		if k.Powers != nil {
			k.Powers.Can, k.Powers.Escalations = []string{text}, []string{text}
		}
		if k.LastUsed != nil {
			k.LastUsed.Service, k.LastUsed.Region = text, text
		}
	}
	for i := range r.Rotations {
		r.Rotations[i].Profile, r.Rotations[i].Stage = text, text
	}
	r.Timer.Outcome = text
	for i := range r.Changes.Gone {
		g := &r.Changes.Gone[i]
		g.Rule, g.Title, g.What, g.File, g.Profiles, g.Account = text, text, text, text, []string{text}, text
	}
	return r
}

// nasty is text that breaks out of something.
const nasty = "</script><svg onload=x>\"'`{{.}}]]>\x1b[31m\x00\u202e\r\n\\\\$(x)%s&lt;=1+1 -->\xff | *a* [b](c)"

// samples are reports in every form that validators of .ci/reports look at.
func samples() map[string][]*report.Report {
	clean := report.Audit(input(section("default", keyA, secretA), ""))
	clean.Origin = story2().Origin
	namesakes := []*report.Report{story2(), story2(), story2()} // a machine of one name, and two users of one machine
	namesakes[1].Host.ID, namesakes[2].User.UID = "another", "502"
	return map[string][]*report.Report{"namesakes": namesakes, "story": {story2()}, "hostile": {hostile(nasty)}, "clean": {clean}, "many": {story2(), secondHost()}}
}

// TestSamples writes them into a folder, for the validators of other programs.
func TestSamples(t *testing.T) {
	dir := os.Getenv("KEYCARE_SAMPLES_DIR")
	if dir == "" {
		t.Skip("KEYCARE_SAMPLES_DIR names no folder; .ci/reports does")
	}
	for name, rs := range samples() {
		for _, f := range Names() {
			if err := os.WriteFile(filepath.Join(dir, name+"."+f), []byte(writtenAll(t, f, rs, Options{Home: "/home/u"})), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func writtenAll(t testing.TB, name string, rs []*report.Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteAll(&b, name, rs, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEveryFormat(t *testing.T) {
	for name, rs := range samples() {
		for _, f := range Names() {
			if out := writtenAll(t, f, rs, Options{Width: 500}); strings.Contains(strings.ToUpper(out), secretMark) {
				t.Errorf("%s: a secret is in the %s", name, f)
			} else if f != "table" && strings.ContainsAny(out, "\x1b\x00\u202e") {
				t.Errorf("%s: the %s steers a terminal", name, f)
			}
			if err := WriteAll(failing{errFull}, f, rs, Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s: the failure to write is lost: %v", f, err)
			}
		}
	}
	if err := Write(&bytes.Buffer{}, "jsn", story2(), Options{}); err == nil || !strings.Contains(err.Error(), `unknown format "jsn"`) {
		t.Errorf("got %v", err)
	}
}

// A line is a flat object; a field has one type wherever it stands.
func TestJSONLinesAreFlat(t *testing.T) {
	types := map[string]string{}
	for name, rs := range samples() {
		out := writtenAll(t, "jsonl", rs, Options{})
		kinds := map[any]int{}
		for line := range strings.Lines(out) {
			var doc map[string]any
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatalf("%s: %v: %s", name, err, line)
			}
			kinds[doc["kind"]]++
			for field, v := range doc {
				kind := fmt.Sprintf("%T", v)
				if !slices.Contains([]string{"string", "float64"}, kind) || types[field] != "" && types[field] != kind {
					t.Errorf("%s: %s is a %s, and was a %q", name, field, kind, types[field])
				}
				types[field] = kind
			}
		}
		if want := len(rs); kinds["audit"] != want || kinds["finding"] != want*len(rs[0].Findings) || name != "clean" && kinds["gone"] == 0 {
			t.Errorf("%s: %v", name, kinds)
		}
	}
}

func TestJSONLinesSayAll(t *testing.T) {
	r := story2()
	lines := strings.Split(strings.TrimSpace(written(t, "jsonl", r, Options{})), "\n")
	for i, f := range r.Findings {
		var got flatFinding
		if err := json.Unmarshal([]byte(lines[i+1]), &got); err != nil {
			t.Fatal(err)
		}
		want := flatFinding{
			flatOrigin{"2026-11-02T09:00:00Z", "finding", "keycare", "1.2.0", "dana-mbp", r.Host.ID, "dana", r.Run}, f.Rule, f.Title, f.Severity.String(), int(f.Severity),
			strings.Join(f.Profiles, " "), f.KeyID, f.Account, string(f.Subject.Type), f.Subject.ID, f.File, f.Line, f.What, f.Repair.String(), f.Fingerprint, string(f.State), stamp(f.FirstSeen),
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	r := story2()
	var n map[string]int
	if err := json.Unmarshal([]byte(written(t, "summary", r, Options{})), &n); err != nil {
		t.Fatal(err)
	}
	if n["critical"] != r.Counts.Critical || n["root_keys"] != 1 || n["oldest_key_days"] != 400 || n["gone"] != len(r.Changes.Gone) || n["key_count"] != r.Keys || n["accepted"] != 1 {
		t.Errorf("got %v", n)
	}
	jamf := written(t, "jamf", r, Options{})
	if inner, ok := strings.CutPrefix(jamf, "<result>"); !ok || !json.Valid([]byte(strings.TrimSuffix(inner, "</result>\n"))) {
		t.Errorf("got %q", jamf)
	}
}

// Every line is what the text format of Prometheus has; every series names the
// user, and is there once.
// Two machines of one name, which every fleet has, and two users of one machine have
// series of their own; reports that nothing tells apart have one.
// What Security Hub counts in characters is cut to that, and the findings of two
// users of a machine are two: each may have a profile of one name.
// The schema of OCSF's own class, closed, takes what is written, and refuses what
// is made wrong.
// Times of OCSF are milliseconds: seconds would be 1970 for every consumer.
