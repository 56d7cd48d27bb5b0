package format

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"keycare/credfile/facts"
	"keycare/report"
)

func TestTableGolden(t *testing.T) {
	clean := input(section("default", keyA, secretA), "")
	clean.Offline, clean.Online = false, map[string]facts.Online{keyA: aged(9)}
	clean.AWSFiles.Dirs = nil
	quiet := input("[default]\n", "")
	offline := input(section("default", keyA, secretA), "")
	for _, c := range []struct {
		name string
		in   report.Input
		o    Options
	}{
		{"story-60", story(), Options{Width: 60, Home: "/home/u"}},
		{"story-130", story(), Options{Width: 130, Home: "/home/u"}},
		{"story-color", story(), Options{Width: 100, Home: "/home/u", Color: true}},
		{"details-60", story(), Options{Width: 60, Home: "/home/u", Details: true}},
		{"details-130", story(), Options{Width: 130, Home: "/home/u", Details: true}},
		{"details-color", story(), Options{Width: 100, Home: "/home/u", Color: true, Details: true}},
		{"fresh", clean, Options{Home: "/home/u"}},
		{"no-keys", quiet, Options{Home: "/home/u"}},
		{"offline", offline, Options{Width: 60, All: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := report.Audit(c.in)
			checkNoSecret(t, r)
			golden(t, "testdata/"+c.name+".golden", tableText(t, r, c.o))
		})
	}
}

func TestAllWell(t *testing.T) {
	r := &report.Report{Profiles: 1, Keys: 1, Files: []string{"/f"}}
	if out := tableText(t, r, Options{}); out != "1 profile, 1 key in /f: all is well\n" {
		t.Errorf("got %q", out)
	}
	r.Unknown, r.Offline = 1, true
	if out := tableText(t, r, Options{}); strings.Contains(out, "all is well") || !strings.Contains(out, "Offline, the owner or age of 1 key is unknown") {
		t.Errorf("unknown is shown as fine: %q", out)
	}
}

// A command has to come out whole, however narrow the table is.
func TestCommandsAreNotWrapped(t *testing.T) {
	r := report.Audit(story())
	details := "\n" + tableText(t, r, Options{Width: 40, Details: true, All: true})
	list := "\n" + tableText(t, r, Options{Width: 40})
	for _, f := range r.Findings {
		if command := f.Repair.Command; command != "" && !strings.Contains(details, "\n      "+command+"\n") {
			t.Errorf("not on a line of its own: %s", command)
		}
	}
	for _, f := range report.FirstFixes(r) {
		if len(f.Command) <= 38 && f.Command != "" && !strings.Contains(list, "\n  "+f.Command+"\n") {
			t.Errorf("not on a line of its own: %s\n%s", f.Command, list)
		}
	}
}

// many is a report of n findings of each of some rules, all in accounts of
// their own.
func many(n int, severities ...report.Severity) *report.Report {
	r := &report.Report{Files: []string{"/home/u/.aws/credentials"}, Profiles: n, Keys: n}
	for _, s := range severities {
		for _, rule := range report.Rules {
			if rule.Severity != s {
				continue
			}
			for i := range n {
				r.Findings = append(r.Findings, report.Finding{Rule: rule.ID, Severity: s, File: "/home/u/.aws/credentials", Line: i + 1,
					Profiles: []string{fmt.Sprint("profile-", i)}, Account: fmt.Sprintf("%012d", i), Subject: report.Subject{Type: rule.About, ID: fmt.Sprint(i)},
					Repair: report.Repair{Command: "keycare rotate profile-" + fmt.Sprint(i)}, KeyID: keyA})
			}
			r.Counts = r.Counts.With(report.Group(r.At(s)[len(r.At(s))-n:]))
		}
	}
	return r
}

// However much there is, the list fits a screen of 80 columns and 24 lines with the next prompt, begins with
// the worst, and what it leaves out is counted.
func TestTableFitsScreen(t *testing.T) {
	for _, severities := range [][]report.Severity{
		{report.Critical}, {report.Critical, report.High}, {report.High, report.Medium, report.Low}, report.Severities,
	} {
		for _, n := range []int{1, 2, 60} {
			r := many(n, severities...)
			out := tableText(t, r, Options{Home: "/home/u"})
			if lines := strings.Count(out, "\n"); lines > screen {
				t.Errorf("%d lines for %v of %d:\n%s", lines, severities, n, out)
			}
			for line := range strings.Lines(out) {
				if len(line) > 81 {
					t.Errorf("%d columns: %s", len(line)-1, line)
				}
			}
			if severities[0] == report.Critical {
				for _, rule := range report.Rules {
					if rule.Severity == report.Critical && !strings.Contains(out, strings.Fields(rule.Title)[0]) {
						t.Errorf("%d: %s is lost:\n%s", n, rule.Title, out)
					}
				}
			}
			seen := 0
			for line := range strings.Lines(out) {
				for _, s := range report.Severities {
					if strings.HasPrefix(line, strings.ToUpper(s.String())) {
						seen++
					}
				}
			}
			if left := strings.Contains(out, " more: --details"); left != (len(severities) > 1) {
				t.Errorf("what is left out is not counted, or nothing is:\n%s", out)
			}
			if seen < mostShown {
				t.Errorf("only %d findings are listed:\n%s", seen, out)
			}
		}
	}
}

// Findings of one rule and account are one line, and how many there are is said.
func TestTableJoins(t *testing.T) {
	r := &report.Report{Files: []string{"/c"}, Profiles: 3, Keys: 3}
	for i, name := range []string{"a-rather-long-name", "another-long-name", "x"} {
		r.Findings = append(r.Findings, report.Finding{Rule: "console-no-mfa", Severity: report.High, Account: "123456789012", File: "/c", Line: 2 + 4*i,
			Profiles: []string{name}, Subject: report.Subject{Type: report.AboutUser, ID: "arn:" + name}})
	}
	r.Counts.High = 3
	if out := tableText(t, r, Options{}); !strings.Contains(out, "HIGH      3 users  ") || !strings.Contains(out, "/c:2 +2\n") {
		t.Errorf("got\n%s", out)
	}
	r.Findings = r.Findings[1:]
	r.Findings[0].Profiles[0] = "y"
	if out := tableText(t, r, Options{}); !strings.Contains(out, "HIGH      y, x  ") {
		t.Errorf("got\n%s", out)
	}
}

// A long command is shown once; where it comes again only what is different is.
func TestLongCommandOnce(t *testing.T) {
	const long = "aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters"
	r := &report.Report{Files: []string{"/c"}}
	for i, command := range []string{long + " --profile a", long + " --profile b", long + " --max-password-age 90 --profile a"} {
		r.Findings = append(r.Findings, report.Finding{Rule: "password-policy", Severity: report.Medium, What: fmt.Sprint("account ", i), Repair: report.Repair{Command: command}})
	}
	out := tableText(t, r, Options{Details: true, Width: 80})
	for _, want := range []string{"      the long command above, with --profile b\n", "      the long command above, with --max-password-age 90\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "--require-symbols"); n != 1 {
		t.Errorf("it is shown %d times:\n%s", n, out)
	}
}

func TestTableWriteError(t *testing.T) {
	want := errors.New("full")
	for _, o := range []Options{{}, {Quiet: true}} {
		if err := Write(failing{want}, "table", report.Audit(story()), o); !errors.Is(err, want) {
			t.Errorf("got %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
