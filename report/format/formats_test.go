package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

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

func TestPrometheusGolden(t *testing.T) {
	golden(t, "testdata/story.prom", written(t, "prometheus", story2(), Options{}))
}

// Every line is what the text format of Prometheus has; every series names the
// user, and is there once.
func TestPrometheusSeries(t *testing.T) {
	line := regexp.MustCompile(`^(# (HELP keycare_[a-z_]+ .+|TYPE keycare_[a-z_]+ gauge)|keycare_[a-z_]+\{([a-z_]+="([^"\\]|\\[\\n"])*",?)+\} -?[0-9]+)$`)
	for name, rs := range samples() {
		seen := map[string]bool{}
		for l := range strings.Lines(writtenAll(t, "prometheus", rs, Options{})) {
			l = strings.TrimSuffix(l, "\n")
			series, _, _ := strings.Cut(l, "} ")
			if !line.MatchString(l) || seen[series] || l[0] != '#' && !strings.Contains(l, `user="`) {
				t.Errorf("%s: %q", name, l)
			}
			seen[series] = true
		}
	}
}

// Two machines of one name, which every fleet has, and two users of one machine have
// series of their own; reports that nothing tells apart have one.
func TestPrometheusNamesakes(t *testing.T) {
	a, b, c, d := story2(), story2(), story2(), story2()
	b.Host.ID, c.User.UID = "another", "502"
	seen := map[string]int{}
	for l := range strings.Lines(writtenAll(t, "prometheus", []*report.Report{a, b, c, d}, Options{})) {
		if series, _, ok := strings.Cut(l, "} "); ok {
			seen[series]++
		}
	}
	profiles := 0
	for series, n := range seen {
		if n != 1 {
			t.Errorf("%d times %s", n, series)
		}
		profiles += oneIf(strings.HasPrefix(series, "keycare_profiles{"))
	}
	if profiles != 3 {
		t.Errorf("%d series of three users", profiles)
	}
}

// What Security Hub counts in characters is cut to that, and the findings of two
// users of a machine are two: each may have a profile of one name.
func TestASFFLimits(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	a, b := hostile(long), hostile(long)
	for _, r := range []*report.Report{a, b} {
		for i := range r.Findings {
			r.Findings[i].Sources, r.Findings[i].Account = slices.Repeat([]string{long}, 50), "619888638459"
		}
		r.Inventory[0].UserARN = "arn:aws:iam::619888638459:user/" + long
	}
	b.User.UID = "502"
	var all []asffFinding
	if err := json.Unmarshal([]byte(writtenAll(t, "asff", []*report.Report{a, b}, Options{})), &all); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	fits := func(what, text string, most int) {
		if n := len([]rune(text)); n == 0 || n > most {
			t.Errorf("%s has %d characters", what, n)
		}
	}
	for _, f := range all {
		fits("the ID", f.Id, 512)
		fits("the title", f.Title, 256)
		fits("the description", f.Description, 1024)
		if f.Remediation != nil { // of what is gone there is none
			fits("the advice", f.Remediation.Recommendation.Text, 512)
		}
		if ids[f.Id] || len(f.Compliance.RelatedRequirements) > 32 {
			t.Errorf("%s is there twice, or has %d requirements", f.Id, len(f.Compliance.RelatedRequirements))
		}
		ids[f.Id] = true
		for _, r := range f.Compliance.RelatedRequirements {
			fits("a requirement", r, 64)
		}
		for _, r := range f.Resources {
			fits("a resource's ID", r.Id, 512)
			if r.Details != nil && r.Details.AwsIamAccessKey != nil && r.Details.AwsIamAccessKey.UserName != "" {
				fits("a user's name", r.Details.AwsIamAccessKey.UserName, 64)
			}
		}
		if b, err := json.Marshal(f); err != nil || len(b) > 240<<10 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d findings", len(all))
	}
}

// The schema of OCSF's own class, closed, takes what is written, and refuses what
// is made wrong.
func TestOCSFFollowsSchema(t *testing.T) {
	dir := os.Getenv("KEYCARE_CONFORMANCE_DIR")
	if dir == "" {
		t.Skip("KEYCARE_CONFORMANCE_DIR is not set: the schema of OCSF is not here")
	}
	schema := schemaOf(t, filepath.Join(dir, "ocsf-1.6.0-compliance-finding.schema.json"), false)
	states := map[string]int{}
	good := map[string]any{}
	for name, rs := range samples() {
		for line := range strings.Lines(writtenAll(t, "ocsf", rs, Options{})) {
			v := decoded(t, line)
			if _, cloud := v.(map[string]any)["cloud"]; !cloud {
				v.(map[string]any)["cloud"] = map[string]any{"provider": "AWS"} // the schema at hand is that with the profile of the cloud
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s: %v: %s", name, err, line)
			}
			good = v.(map[string]any)
			states[fmt.Sprint(good["activity_id"], " ", good["status_id"])]++
		}
	}
	if states["1 1"] == 0 || states["2 1"] == 0 || states["3 4"] == 0 || states["2 3"] == 0 {
		t.Errorf("activities and states %v", states)
	}
	for name, change := range map[string]func(e map[string]any){
		"severity": func(e map[string]any) { e["severity_id"] = 7 },
		"field":    func(e map[string]any) { e["rule"] = "x" },
		"no uid":   func(e map[string]any) { delete(e["finding_info"].(map[string]any), "uid") },
		"text":     func(e map[string]any) { e["time"] = "2026-11-02T09:00:00Z" },
	} {
		b, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		bad, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if change(bad.(map[string]any)); schema.Validate(bad) == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
}

// Times of OCSF are milliseconds: seconds would be 1970 for every consumer.
func TestOCSFTimes(t *testing.T) {
	for line := range strings.Lines(written(t, "ocsf", story2(), Options{})) {
		var e ocsfEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Time != now.UnixMilli() || e.FindingInfo.LastSeen != e.Time || e.FindingInfo.FirstSeen > e.Time || e.FindingInfo.FirstSeen < 1e12 {
			t.Errorf("times of %s: %+v", e.Metadata.EventCode, e.FindingInfo)
		}
	}
}

func TestASFF(t *testing.T) {
	for name, rs := range samples() {
		var all []asffFinding
		if err := json.Unmarshal([]byte(writtenAll(t, "asff", rs, Options{Region: "us-gov-west-1"})), &all); err != nil {
			t.Fatal(err)
		}
		want, ids := 0, map[string]bool{}
		for _, r := range rs {
			for _, f := range append(slices.Clone(r.Findings), gone(r)...) {
				want += oneIf(f.Account != "")
			}
			for _, a := range r.Accepted {
				want += oneIf(a.Account != "")
			}
		}
		if len(all) != want {
			t.Errorf("%s: %d findings, want %d", name, len(all), want)
		}
		for _, f := range all {
			if ids[f.Id] || !strings.HasPrefix(f.ProductArn, "arn:aws-us-gov:securityhub:us-gov-west-1:") || f.Description == "" || len([]rune(f.Title)) > 256 || len(f.Resources) != 2 {
				t.Errorf("%s: %+v", name, f)
			}
			ids[f.Id] = true
		}
	}
	if got := clipped(strings.Repeat("ä", 300), 256); len([]rune(got)) != 256 || clipped("ab", 2) != "ab" {
		t.Errorf("clipped to %q", got)
	}
}

func TestSARIF(t *testing.T) {
	for name, rs := range samples() {
		var log sarifLog
		if err := json.Unmarshal([]byte(writtenAll(t, "sarif", rs, Options{Home: "/home/u"})), &log); err != nil {
			t.Fatal(err)
		}
		if len(log.Runs) != len(rs) {
			t.Errorf("%s: %d runs", name, len(log.Runs))
		}
		ids := map[string]bool{}
		for i, run := range log.Runs {
			if len(run.Results) != len(rs[i].Findings)+len(rs[i].Accepted) || ids[run.Automation.ID] {
				t.Errorf("%s: %d results of %s", name, len(run.Results), run.Automation.ID)
			}
			ids[run.Automation.ID] = true
			for _, res := range run.Results {
				if run.Tool.Driver.Rules[res.Index].ID != res.Rule || len(res.Locations) != 1 || res.Locations[0].Physical.Region.Line < 1 {
					t.Errorf("%s: %+v", name, res)
				}
			}
		}
	}
	r := story2()
	got := map[string]string{}
	for _, run := range []sarifRun{sarifRunOf(r, homeOf(r, Options{}), ""), sarifRunOf(secondHost(), homeOf(secondHost(), Options{}), "")} {
		for _, res := range run.Results {
			got[run.Bases[sarifHome].URI] = res.Locations[0].Physical.Artifact.Base + ":" + res.Locations[0].Physical.Artifact.URI
		}
	}
	for home, want := range map[string]string{"file:///home/u/": "HOME:.aws/credentials", "file:///C:/Users/lee/": "HOME:.aws/credentials"} {
		if got[home] != want {
			t.Errorf("%s: %v", home, got)
		}
	}
}

func TestSARIFFollowsSchema(t *testing.T) {
	path := os.Getenv("KEYCARE_SARIF_SCHEMA")
	if path == "" {
		t.Skip("KEYCARE_SARIF_SCHEMA names no file; .ci/reports does")
	}
	schema := schemaOf(t, path, false)
	for name, rs := range samples() {
		out := writtenAll(t, "sarif", rs, Options{Home: "/home/u"})
		if err := schema.Validate(decoded(t, out)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for from, to := range map[string]string{`"level": "`: `"level": "x`, `"version": "2.1.0"`: `"version": "3"`, `"uri": "`: `"url": "`, `"startLine": `: `"startLine": -`} {
			if schema.Validate(decoded(t, strings.Replace(out, from, to, 1))) == nil {
				t.Errorf("%s: the schema takes %s", name, to)
			}
		}
	}
}
