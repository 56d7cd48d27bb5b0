package format

import (
	"fmt"
	"slices"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// RulesPage returns the page about the rules, docs/rules.md.
func RulesPage() string {
	var b strings.Builder
	b.WriteString("# What keycare audit looks for\n\n" +
		"<!-- Made from the tables in report/*.go by: go test ./report/format -run RulesPage -update -->\n\n" +
		"`--fail-on LEVEL` makes findings of that severity and above a failure.\n\n" +
		"| rule | severity | what |\n|---|---|---|\n")
	for _, r := range report.Rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Title)
	}
	for _, r := range report.Rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s. %s.\n\n", r.ID, r.Title, show.Sentence(r.Why))
		fmt.Fprintf(&b, "- About: %s\n", r.About)
		fmt.Fprintf(&b, "- Severity: %s: %s.\n", r.Severity, r.Because)
		fmt.Fprintf(&b, "- Repair: %s\n", repairOf(r, repairLine))
		fmt.Fprintf(&b, "- Sources: %s\n", strings.Join(linked(r.Sources), "; "))
	}
	b.WriteString("\n## The published checks\n\n| check | rule |\n|---|---|\n")
	var checks []string
	for _, r := range report.Rules {
		for _, source := range r.Sources {
			if slices.ContainsFunc(catalogues, func(name string) bool { return strings.HasPrefix(source, name) }) {
				checks = append(checks, fmt.Sprintf("| %s | [%s](#%s) |\n", source, r.ID, r.ID))
			}
		}
	}
	slices.Sort(checks)
	b.WriteString(strings.Join(checks, "") + notLookedAt)
	return b.String()
}

// linked are sources as Markdown, with their addresses.
func linked(sources []string) (all []string) {
	for _, s := range sources {
		if link := report.Link(s); link != "" {
			s = "[" + s + "](" + link + ")"
		}
		all = append(all, s)
	}
	return all
}

// catalogues are the published lists of checks.
var catalogues = []string{"CIS ", "AWS Security Hub ", "Prowler ", "Powerpipe ", "ScoutSuite "}

const notLookedAt = `
## What it does not look at

- The texts of managed policies of your own: of the attached ones only AWS's AdministratorAccess is known to make an
  administrator. Permissions boundaries and the policies of an organisation, which take rights away.
- Roles, server certificates, other services, the settings of an organisation: Prowler and AWS Security Hub do. Of a
  role that a profile names, its trust policy is not known, which may ask for MFA.
- API keys for Amazon Bedrock anywhere but in IAM, in the environment and in the two AWS files.
- More than a few seconds allow. Who a key belongs to, its age and its state are asked for every key; the rest is asked
  in the order of the files. Where there are more than about 25 users, the credential report stands in for a part of it,
  if there is one, and what stays unknown is named. The report is at most four hours old; an audit has none made.
- Other machines, and folders other than the AWS folder; among the downloads and on the desktop only files with the
  names that the AWS console gives to keys, and only a call of the command looks there, not the timer.
`

var placeholders = strings.NewReplacer("{file}", "FILE", "{folder}", "FOLDER", "{profile}", "PROFILE", "{arg}", "PROFILE", "{key}", "KEY-ID")

// Explain says all about one rule, for people, on lines of width columns. It
// returns false for a rule that there is none of.
func Explain(id string, width int) (string, bool) {
	r := report.RuleByID(id)
	if r == nil {
		return "", false
	}
	t := &tableWriter{Options: Options{Width: max(width, 40)}}
	t.wrapped("", r.ID+": "+r.Title, show.Bold)
	t.b.WriteByte('\n')
	t.wrapped("", show.Sentence(r.Why)+".", show.Faint)
	t.b.WriteByte('\n')
	t.wrapped("", "Severity: "+r.Severity.String()+", "+r.Because+".", show.Faint)
	t.wrapped("", "Fix: "+repairOf(r, func(text, command string) string { return report.Repair{Text: text, Command: command}.String() }), show.Faint)
	t.wrapped("", "Sources:", show.Faint)
	for _, s := range r.Sources {
		t.wrapped("  ", s, show.Faint)
		if link := report.Link(s); link != "" {
			t.wrapped("    ", link, show.Faint)
		}
	}
	return t.b.String(), true
}

// repairOf is the repair of a rule, its two parts joined by line.
func repairOf(r *report.Rule, line func(text, command string) string) string {
	if r.Repair == (report.Repair{}) {
		return "see the finding: keycare audit --details"
	}
	return line(placeholders.Replace(r.Repair.Text), placeholders.Replace(r.Repair.Command))
}
