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
		if r.Deep {
			b.WriteString("- Only with `keycare audit --deep`\n")
		}
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

- Without ` + "`--deep`" + `: the texts of managed policies of your own (of the attached ones only AWS's AdministratorAccess is then
  known to make an administrator), permissions boundaries, who else uses a key, and what its user may do.
- With ` + "`--deep`" + `: calls for data, such as reading a file in S3, which CloudTrail does not keep without a trail, and calls of
  more than 90 days ago. What a user may do is asked for the actions that a thief tries first and for those of the known
  ways to more rights, on every resource and without MFA; a policy that allows one of them for some resources alone does
  not show. Ways to more rights are told by the permissions they need, not tried: whether there is a role with more rights
  is not known.
- The policies of an organisation, but in what IAM's simulation takes from them.
- Roles: what they may do, who may take them, whether their trust policies ask for MFA. Prowler has the checks
  (iam_role_*, iam_*_no_administrative_privileges), and other ways to more rights.
- Of CIS AWS Foundations 7.0.0, section 2: 2.1 (organisations and central root access), 2.2 (contact details), 2.15 to 2.18,
  2.20 and 2.21 (server certificates, roles and Access Analyzer among them); and its other sections, on storage, logging,
  monitoring and networks. Prowler and AWS Security Hub check these.
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
	if r.Deep {
		t.wrapped("", "Only \"keycare audit --deep\" looks for it.", show.Faint)
	}
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
