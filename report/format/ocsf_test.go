package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

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
