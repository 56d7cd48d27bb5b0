package report

import (
	"encoding/json"
	"testing"
)

func TestSeverityNames(t *testing.T) {
	for _, s := range append([]Severity{AboveAll}, Severities...) {
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
