package format

import (
	"bytes"
	"keycare/report"
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	r := report.Audit(story())
	r.Findings[0].What = "a | b <img src=x> `c` [d](e)"
	var b bytes.Buffer
	if err := writeMarkdown(&b, r, Options{}); err != nil {
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
	if err := writeMarkdown(failing{err: errFull}, r, Options{}); err == nil {
		t.Error("the failure is lost")
	}
}
