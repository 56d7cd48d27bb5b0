package format

import (
	"encoding/json"
	"fmt"
	"keycare/report"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestJSONFollowsSchema(t *testing.T) {
	b, err := os.ReadFile(filepath.FromSlash("../../docs/report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	for _, in := range []report.Input{story(), {}, input("", "")} {
		var got any
		if err := json.Unmarshal([]byte(written(t, "json", report.Audit(in), Options{})), &got); err != nil {
			t.Fatal(err)
		}
		for _, problem := range schemaProblems(schema, got, "report") {
			t.Error(problem)
		}
	}
	var v any
	if err := json.Unmarshal([]byte(written(t, "json", &report.Report{Findings: []report.Finding{{}}}, Options{})), &v); err != nil {
		t.Fatal(err)
	}
	if len(schemaProblems(schema, v, "report")) == 0 {
		t.Error("the schema accepts a report that is empty")
	}
	if out := written(t, "json", &report.Report{Findings: []report.Finding{{}}}, Options{}); strings.Contains(out, "null") {
		t.Errorf("null in %s", out)
	}
}

// schemaProblems checks v by the few keywords of JSON Schema that the schema
// uses, and says so where the schema uses another.
func schemaProblems(schema map[string]any, v any, at string) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, at+": "+fmt.Sprintf(format, args...)) }
	for keyword, arg := range schema {
		switch keyword {
		case "$schema", "$id", "title", "description", "format":
		case "type":
			if got := jsonType(v); got != arg && !(arg == "integer" && got == "number" && v == float64(int(v.(float64)))) {
				bad("is %s, not %s", got, arg)
				return problems
			}
		case "const":
			if v != arg {
				bad("is %v, not %v", v, arg)
			}
		case "enum":
			if !slices.Contains(arg.([]any), v) {
				bad("%v is none of %v", v, arg)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < arg.(float64) {
				bad("%v is below %v", n, arg)
			}
		case "minLength":
			if s, ok := v.(string); ok && len(s) < int(arg.(float64)) {
				bad("%q is too short", s)
			}
		case "items":
			for i, item := range v.([]any) {
				problems = append(problems, schemaProblems(arg.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "required":
			for _, name := range arg.([]any) {
				if _, ok := v.(map[string]any)[name.(string)]; !ok {
					bad("has no %s", name)
				}
			}
		case "properties":
			props := arg.(map[string]any)
			for name, value := range v.(map[string]any) {
				if p, ok := props[name]; ok {
					problems = append(problems, schemaProblems(p.(map[string]any), value, at+"."+name)...)
				} else {
					bad("%s is not in the schema", name)
				}
			}
		default:
			bad("the test does not know the keyword %s", keyword)
		}
	}
	return problems
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
