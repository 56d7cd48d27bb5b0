package report_test

import (
	"bytes"
	"strings"
	"testing"

	"keycare/report"
	"keycare/report/format"
)

// No format shows more of a file than the report has.
func TestNoSecretInAnyFormat(t *testing.T) {
	for _, in := range report.AllCases() {
		r := report.Audit(in)
		for _, name := range format.Names() {
			for _, o := range []format.Options{{}, {Width: 500, Color: true}} {
				var b bytes.Buffer
				if err := format.Write(&b, name, r, o); err != nil {
					t.Fatal(err)
				}
				if out := b.String(); strings.Contains(strings.ToUpper(out), "SEKRET") {
					t.Fatalf("a secret is in the %s: %s", name, out)
				}
			}
		}
	}
}
