package format

import (
	"keycare/report"
	"strings"
	"testing"
)

func TestRulesPage(t *testing.T) {
	golden(t, "../../docs/rules.md", RulesPage())
}

func TestExplain(t *testing.T) {
	for _, id := range report.RuleIDs() {
		out, ok := Explain(id, 80)
		if !ok || !strings.Contains(out, id) || strings.ContainsAny(out, "{}") {
			t.Errorf("%s: %q", id, out)
		}
	}
	if _, ok := Explain("none", 80); ok {
		t.Error("a rule that there is none of")
	}
}
