package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	r := Audit(story())
	r.Findings[0].What = "=cmd|' /c x'!A1, \"a\"\nb"
	var b bytes.Buffer
	if err := CSV(&b, r); err != nil {
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
	if err := CSV(failing{err: errFull}, r); err == nil {
		t.Error("the failure is lost")
	}
}

func TestMarkdown(t *testing.T) {
	r := Audit(story())
	r.Findings[0].What = "a | b <img src=x> `c` [d](e)"
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Contains(strings.ToUpper(out), secretMark) {
		t.Error("a secret is in it")
	}
	if !strings.Contains(out, "a \\| b &lt;img src=x&gt; \\`c\\` \\[d\\](e)") {
		t.Errorf("not escaped: %s", out)
	}
	if strings.Count(out, "\n| ")-2*strings.Count(out, "\n## ")+strings.Count(out, "\n## ") < len(r.Findings) {
		t.Errorf("findings are missing: %s", out)
	}
	if err := Markdown(failing{err: errFull}, r); err == nil {
		t.Error("the failure is lost")
	}
}

var errFull = &fullError{}

type fullError struct{}

func (*fullError) Error() string { return "full" }

func TestBaseline(t *testing.T) {
	old := input(section("a", keyA, secretA), "", mode(0, 0o644))
	known, err := ReadBaseline([]byte(jsonText(t, Audit(old))))
	if err != nil {
		t.Fatal(err)
	}
	r := Audit(old)
	all := len(r.Findings)
	r.Since(known)
	if len(r.Findings) != 0 || r.Known != all || r.Fails(Info) || r.Counts != (Counts{}) {
		t.Errorf("got %s", jsonText(t, r))
	}
	if out := tableText(t, r, TableOptions{Width: 200}); !strings.Contains(out, "nothing new") || strings.Contains(out, "all is well") {
		t.Errorf("got %s", out)
	}
	// The same findings elsewhere in the file are known, another one is new.
	r = Audit(input("# moved\n"+section("a", keyA, secretA)+section("b", keyOld, secretB), "", mode(0, 0o644)))
	r.Since(known)
	if len(of(r, "file-mode")) != 0 || len(of(r, "old-generation-key")) != 1 || r.Counts.High != 1 {
		t.Errorf("got %s", jsonText(t, r))
	}
	for _, text := range []string{"", "{}", "[]", `{"version":2,"findings":[]}`, `{"version":1}`} {
		if _, err := ReadBaseline([]byte(text)); err == nil {
			t.Errorf("%q is taken for a report", text)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, id := range RuleIDs() {
		out, ok := Explain(id)
		if !ok || !strings.Contains(out, id) || strings.ContainsAny(out, "{}") {
			t.Errorf("%s: %q", id, out)
		}
	}
	if _, ok := Explain("none"); ok {
		t.Error("a rule that there is none of")
	}
}
