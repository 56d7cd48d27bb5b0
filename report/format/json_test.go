package format

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"keycare/report"
)

// schemaOf compiles a schema. Where closed is set, fields that it does not name
// are faults: what is written must be described, though readers must bear more.
func schemaOf(t *testing.T, path string, closed bool) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if closed {
		closeObjects(doc)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

func closeObjects(doc any) {
	switch v := doc.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

var reportSchema = filepath.FromSlash("../../docs/report.schema.json")

func TestJSONFollowsSchema(t *testing.T) {
	schema := schemaOf(t, reportSchema, true)
	for name, r := range map[string]*report.Report{"story": story2(), "nothing": report.Audit(report.Input{Now: now}), "empty": report.Audit(input("", ""))} {
		if err := schema.Validate(decoded(t, written(t, "json", r, Options{}))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	out := written(t, "json", &report.Report{Findings: []report.Finding{{}}}, Options{})
	if schema.Validate(decoded(t, out)) == nil {
		t.Error("the schema accepts a report that is empty")
	}
	if strings.Contains(out, "null") {
		t.Errorf("null in %s", out)
	}
}

// Each of these makes a report one that the schema refuses.
func TestSchemaRefuses(t *testing.T) {
	schema := schemaOf(t, reportSchema, false)
	good := written(t, "json", story2(), Options{})
	for name, change := range map[string]func(r, finding, key map[string]any){
		"version":     func(r, _, _ map[string]any) { r["version"] = 2 },
		"no host":     func(r, _, _ map[string]any) { delete(r, "host") },
		"time":        func(r, _, _ map[string]any) { r["time"] = "yesterday" },
		"severity":    func(_, f, _ map[string]any) { f["severity"] = "severe" },
		"number":      func(_, f, _ map[string]any) { f["severity_number"] = 7 },
		"state":       func(_, f, _ map[string]any) { f["state"] = "old" },
		"fingerprint": func(_, f, _ map[string]any) { f["fingerprint"] = "x" },
		"no repair":   func(_, f, _ map[string]any) { delete(f, "repair") },
		"kind":        func(_, _, k map[string]any) { k["kind"] = "admin" },
		"line":        func(_, _, k map[string]any) { k["line"] = -1 },
		"calls":       func(_, _, k map[string]any) { k["calls"].(map[string]any)["calls"] = -1 },
		"no place":    func(_, _, k map[string]any) { delete(k["calls"].(map[string]any), "used_from") },
		"powers":      func(_, _, k map[string]any) { k["powers"].(map[string]any)["can"] = "all" },
		"services":    func(_, _, k map[string]any) { delete(k["services"].(map[string]any), "unused") },
		"due":         func(_, _, k map[string]any) { k["due"] = "soon" },
		"status":      func(_, _, k map[string]any) { k["status"] = "Active" },
	} {
		var r map[string]any
		if err := json.Unmarshal([]byte(good), &r); err != nil {
			t.Fatal(err)
		}
		change(r, r["findings"].([]any)[0].(map[string]any), r["inventory"].([]any)[0].(map[string]any))
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(decoded(t, string(b))) == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
}

// What is read of a report that was written is the report.
func TestJSONRoundTrip(t *testing.T) {
	out := written(t, "json", story2(), Options{})
	r, err := report.Read([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if again := written(t, "json", r, Options{}); again != out {
		t.Errorf("it was\n%s\nand is\n%s", out, again)
	}
}
