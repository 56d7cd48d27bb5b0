package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"keycare/report"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	r := report.Audit(story())
	r.Findings[0].What = "=cmd|' /c x'!A1, \"a\"\nb"
	var b bytes.Buffer
	if err := Write(&b, "csv", r, Options{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToUpper(b.String()), secretMark) {
		t.Error("a secret is in it")
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(r.Findings)+1 || rows[0][0] != "rule" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if what := rows[1][7]; !strings.HasPrefix(what, "'=cmd") {
		t.Errorf("a spreadsheet takes it for a formula: %q", what)
	}
	if err := Write(failing{err: errFull}, "csv", r, Options{}); err == nil {
		t.Error("the failure is lost")
	}
}

var errFull = errors.New("full")

// A spreadsheet takes no cell for a formula: not at its beginning, not where some
// end a cell, and not in the forms of other scripts.
func TestCellText(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a=1": "a=1", "a -b": "a -b", "=cmd|x": "'=cmd|x", " =1": " '=1", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)",
		"＝1": "'＝1", "a;=1": "a;'=1", "a; @b": "a; '@b", ";;=1": ";;'=1", "a; b": "a; b",
	} {
		if got := cellText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
