package format

import (
	"strings"
	"testing"

	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
)

// What is shown of files that are not there, or could not be read, is no praise.
func TestSummaryWithoutFiles(t *testing.T) {
	in := input("", "")
	in.Set.Missing = []string{in.Set.Paths.Credentials, in.Set.Paths.Config}
	if out := tableText(t, report.Audit(in), Options{Home: "/home/u"}); !strings.HasPrefix(out, "No ~/.aws/credentials or ~/.aws/config: nothing to audit\n\n  aws configure sso ") {
		t.Errorf("got %s", out)
	}
	// What lies elsewhere is told all the same, and comes first.
	in.KeyFiles = []home.KeyFile{{KeyFile: copies.KeyFile{Named: copies.Named{Path: "/home/u/Downloads/rootkey.csv", Place: copies.RootFile}, Copies: []copies.Copy{{KeyID: keyA}}}}}
	if out := tableText(t, report.Audit(in), Options{Home: "/home/u", Width: 200}); !strings.Contains(out, "nothing to audit there. Elsewhere: 1 critical") || !strings.Contains(out, "\nFirst steps\n") {
		t.Errorf("got %s", out)
	}
	r := &report.Report{Unread: []string{"/home/u/.aws/credentials"}}
	if out := tableText(t, r, Options{Home: "/home/u"}); !strings.HasPrefix(out, "~/.aws/credentials could not be read: ") {
		t.Errorf("got %s", out)
	}
}

func TestSummaryOfBaseline(t *testing.T) {
	r := report.Audit(input(section("a", keyA, secretA), ""))
	r.Since(report.Baseline{r.Findings[0].Fingerprint: true})
	if out := tableText(t, r, Options{Width: 200}); !strings.Contains(out, "nothing new") || strings.Contains(out, "all is well") {
		t.Errorf("got %s", out)
	}
}

// A name in a file steers no terminal, in no format.
func TestHostileNames(t *testing.T) {
	const name = "a\x1b[2J\u202e'; rm -rf ~"
	in := input(section(name, keyA, secretA), "")
	in.Offline, in.Online = false, map[string]facts.Online{keyA: aged(100)}
	for _, format := range Names() {
		if out := written(t, format, report.Audit(in), Options{}); strings.ContainsAny(out, "\x1b\u202e") {
			t.Errorf("a name steers the terminal in %s: %q", format, out)
		}
	}
}

// What is critical and accepted is never hidden by a count alone.
func TestNotesNameAcceptedCritical(t *testing.T) {
	r := &report.Report{Excepted: 2, Accepted: []report.Accepted{{Finding: report.Finding{Severity: report.Critical}}, {Finding: report.Finding{Severity: report.Low}}}}
	if got := notes(r)[0]; got != "Not counted: 2 findings accepted in keycare.ini, 1 of them critical; to see: keycare accept --list" {
		t.Errorf("got %q", got)
	}
}
