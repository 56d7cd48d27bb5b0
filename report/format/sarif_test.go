package format

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

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
