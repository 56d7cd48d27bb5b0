package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keycare/credfile/facts"
	"keycare/credfile/home"
)

// story is an audit with findings of every severity.
func story() Input {
	text := section("default", keyA, secretA) +
		section("prod", keyB, `"`+secretB+`"`) +
		section("old team", keyOld, secretMark+"/cccccccccccccccccccccccccccccccccc")
	for i := range 8 {
		text += "[half-" + fmt.Sprint(i) + "]\naws_secret_access_key = " + secretA + "\n"
	}
	in := input(text, "[profile prod]\nsso_session = corp\n", mode(0, 0o644), online(aged(400)))
	in.Online[keyB] = changed(func(o *facts.Online) {
		o.Identity.Value = facts.Identity{ARN: "arn:aws:iam::000000000001:root", UserID: "000000000001", Account: "000000000001"}
	})
	in.Local.Siblings = []home.Sibling{{Path: "/home/u/.aws/credentials.bak", Kind: home.BackupCopy, KeyIDs: []string{keyA}}}
	return in
}

func TestTableGolden(t *testing.T) {
	clean := input(section("default", keyA, secretA), "", online(fresh()))
	clean.Local.Dirs = nil
	quiet := input("[default]\n", "")
	offline := input(section("default", keyA, secretA), "")
	for _, c := range []struct {
		name string
		in   Input
		o    TableOptions
	}{
		{"story-60", story(), TableOptions{Width: 60, Home: "/home/u"}},
		{"story-130", story(), TableOptions{Width: 130, Home: "/home/u"}},
		{"story-color", story(), TableOptions{Width: 100, Home: "/home/u", Color: true}},
		{"fresh", clean, TableOptions{Home: "/home/u"}},
		{"no-keys", quiet, TableOptions{Home: "/home/u"}},
		{"offline", offline, TableOptions{Width: 60}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Audit(c.in)
			checkNoSecret(t, r)
			golden(t, "testdata/"+c.name+".golden", tableText(t, r, c.o))
		})
	}
}

func TestAllWell(t *testing.T) {
	r := &Report{Profiles: 1, Keys: 1, Files: []string{"/f"}}
	if out := tableText(t, r, TableOptions{}); out != "1 profile, 1 key in /f: all is well\n" {
		t.Errorf("got %q", out)
	}
	r.Unknown, r.Offline = 1, true
	if out := tableText(t, r, TableOptions{}); strings.Contains(out, "all is well") || !strings.Contains(out, "Unknown offline") {
		t.Errorf("unknown is shown as fine: %q", out)
	}
}

// A command has to come out whole, however narrow the table is.
func TestCommandsAreNotWrapped(t *testing.T) {
	r := Audit(story())
	out := "\n" + tableText(t, r, TableOptions{Width: 40})
	for _, f := range r.Findings {
		if f.Rule == "secret-without-id" {
			continue // only some of them are shown
		}
		if _, command := splitFix(f.Fix); command != "" && !strings.Contains(out, "\n      "+command+"\n") {
			t.Errorf("not on a line of its own: %s", command)
		}
	}
}

func TestTableWriteError(t *testing.T) {
	want := errors.New("full")
	if err := Table(failing{want}, Audit(story()), TableOptions{}); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestJSONFollowsSchema(t *testing.T) {
	b, err := os.ReadFile(filepath.FromSlash("../docs/report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	for _, in := range []Input{story(), {}, input("", "")} {
		var got any
		if err := json.Unmarshal([]byte(jsonText(t, Audit(in))), &got); err != nil {
			t.Fatal(err)
		}
		for _, problem := range schemaProblems(schema, got, "report") {
			t.Error(problem)
		}
	}
	var v any
	if err := json.Unmarshal([]byte(jsonText(t, &Report{Findings: []Finding{{}}})), &v); err != nil {
		t.Fatal(err)
	}
	if len(schemaProblems(schema, v, "report")) == 0 {
		t.Error("the schema accepts a report that is empty")
	}
	if out := jsonText(t, &Report{Findings: []Finding{{}}}); strings.Contains(out, "null") {
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

func TestRulesMarkdown(t *testing.T) {
	golden(t, "../docs/rules.md", RulesMarkdown())
}

func TestSeverityNames(t *testing.T) {
	for _, s := range append([]Severity{Never}, severities...) {
		if got, err := ParseSeverity(s.String()); got != s || err != nil {
			t.Errorf("%s: got %s, %v", s, got, err)
		}
		b, _ := json.Marshal(s)
		var back Severity
		if err := json.Unmarshal(b, &back); err != nil || back != s {
			t.Errorf("%s comes back as %s, %v", b, back, err)
		}
	}
	for _, name := range []string{"", "clean", "High", "all"} {
		if _, err := ParseSeverity(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

// report judges data; what rotates keys must not come in with it.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			switch {
			case strings.HasPrefix(path, "keycare/rotate"):
				t.Errorf("%s imports %s", name, path)
			case strings.HasSuffix(name, "_test.go"):
			case path == "os" || path == "net" || strings.HasPrefix(path, "net/") || strings.Contains(path, "aws-sdk-go"):
				t.Errorf("%s imports %s: the package works on plain data", name, path)
			}
		}
	}
}
