package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
)

func TestRules(t *testing.T) {
	covered := make(map[string]bool)
	for _, c := range ruleCases {
		covered[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			r := Audit(c.fires)
			checkNoSecret(t, r)
			fs := of(r, c.rule)
			if len(fs) != 1 {
				t.Fatalf("found %d times, want once; all: %s", len(fs), jsonText(t, r))
			}
			f := fs[0]
			if !strings.Contains(f.What, c.what) || !strings.Contains(f.Repair.String(), c.fix) || f.Line != c.line {
				t.Errorf("got what %q, fix %q, line %d", f.What, f.Repair.String(), f.Line)
			}
			if want := RuleByID(c.rule).About; f.Subject.Type != want && c.rule != "not-an-access-key" || (f.Subject.ID == "") != (want == AboutMachine) {
				t.Errorf("subject %+v", f.Subject)
			}
			if f.Repair.String() == "" || strings.ContainsAny(f.Repair.String(), "{}") {
				t.Errorf("fix %q", f.Repair.String())
			}
			r = Audit(c.staysSilent)
			checkNoSecret(t, r)
			if fs := of(r, c.rule); len(fs) > 0 {
				t.Errorf("fires where it should not: %+v", fs)
			}
		})
	}
	for _, r := range Rules {
		if !covered[r.ID] {
			t.Errorf("rule %s has no test", r.ID)
		}
	}
}

func TestRulesTable(t *testing.T) {
	last, seen := Critical, map[string]bool{}
	for _, r := range Rules {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.ID) || seen[r.ID] {
			t.Errorf("rule ID %q is not kebab-case or not the only one", r.ID)
		}
		seen[r.ID] = true
		if r.Severity > last {
			t.Errorf("rule %s stands below less severe ones", r.ID)
		}
		last = r.Severity
		if r.Because == "" || r.About == "" || r.Title == "" || r.Why == "" || len(r.Sources) == 0 {
			t.Errorf("rule %s is not complete", r.ID)
		}
	}
	for _, r := range Rules {
		if r.Deep != slices.Contains(deepRules, r) {
			t.Errorf("rule %s is deep: %v", r.ID, r.Deep)
		}
	}
	for q := range splitsTools {
		if _, ok := credfile.QuirkTexts[q]; !ok {
			t.Errorf("there is no quirk %q", q)
		}
	}
}

// A rule that a topic declares and does not list would be in no documentation.
func TestEveryRuleIsListed(t *testing.T) {
	listed := make(map[string]bool)
	for _, r := range Rules {
		listed[r.ID] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if typ, named := litType(lit); !ok || !named || typ != "Rule" {
				return true
			}
			declared++
			for _, e := range lit.Elts {
				kv := e.(*ast.KeyValueExpr)
				if id, ok := kv.Value.(*ast.BasicLit); ok && kv.Key.(*ast.Ident).Name == "ID" && !listed[strings.Trim(id.Value, `"`)] {
					t.Errorf("%s: rule %s is not listed", name, id.Value)
				}
			}
			return true
		})
	}
	if declared != len(Rules) {
		t.Errorf("%d rules are declared, %d listed", declared, len(Rules))
	}
}

func litType(lit *ast.CompositeLit) (name string, ok bool) {
	if lit == nil {
		return "", false
	}
	id, ok := lit.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}
