package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"keycare/credfile/show"
)

// RulesMarkdown returns the page about the rules, docs/rules.md.
func RulesMarkdown() string {
	var b strings.Builder
	b.WriteString("# What keycare audit looks for\n\n" +
		"<!-- Made from the tables in report/*.go by: go test ./report -run Markdown -update -->\n\n" +
		"`--fail-on LEVEL` makes findings of that severity and above a failure.\n\n" +
		"| rule | severity | what |\n|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Title)
	}
	for _, r := range Rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s. %s.\n\n", r.ID, r.Title, show.Sentence(r.Why))
		fmt.Fprintf(&b, "- Severity: %s: %s.\n", r.Severity, r.Because)
		if r.Fix != "" {
			says, command := splitFix(placeholders.Replace(r.Fix))
			fmt.Fprintf(&b, "- Repair: %s\n", repairLine(says, command))
		} else {
			b.WriteString("- Repair: as the finding says\n")
		}
		fmt.Fprintf(&b, "- Sources: %s\n", strings.Join(r.Sources, "; "))
	}
	b.WriteString("\n## The published checks\n\n| check | rule |\n|---|---|\n")
	var checks []string
	for _, r := range Rules {
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

// catalogues are the published lists of checks.
var catalogues = []string{"CIS ", "AWS Security Hub ", "Prowler ", "Powerpipe ", "ScoutSuite "}

const notLookedAt = `
## What it does not look at

- The texts of managed policies of your own: of the attached ones only AWS's AdministratorAccess is known to make an
  administrator. Permissions boundaries and the policies of an organisation, which take rights away.
- Whether the MFA device of an IAM user is hardware. Roles, server certificates, the settings of an organisation.
- More than a few seconds allow. Who a key belongs to, its age and its state are asked for every key; the rest is asked
  in the order of the files. Where there are more than about 25 users, the credential report stands in for a part of it,
  if there is one, and what stays unknown is named. The report is at most four hours old; an audit has none made.
- Other machines, and folders other than the AWS folder; among the downloads and on the desktop only files with the
  names that the AWS console gives to keys, and only a call of the command looks there, not the timer.
`

var placeholders = strings.NewReplacer("{file}", "FILE", "{folder}", "FOLDER", "{profile}", "PROFILE", "{arg}", "PROFILE", "{key}", "KEY-ID")

// Markdown writes the report as a page, for an issue or a wiki.
func Markdown(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# AWS keys, %s\n\n%s.\n", r.Time.Format(time.DateOnly), markdownOf(Summary(r)))
	for _, s := range severities {
		if r.Counts.Of(s) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| rule | what | where | repair |\n|---|---|---|---|\n", show.Sentence(s.String()))
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Severity != s {
				continue
			}
			where := f.File
			if f.Line > 0 {
				where = fmt.Sprintf("%s:%d", f.File, f.Line)
			}
			says, command := splitFix(f.Fix)
			mend := repairLine(markdownOf(says), strings.NewReplacer("`", "'", "|", "\\|").Replace(show.Flow(command)))
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Rule, markdownOf(f.What), markdownOf(where), mend)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// repairLine is a repair with its command as code.
func repairLine(says, command string) string {
	if command == "" {
		return says
	}
	return strings.TrimPrefix(says+" `"+command+"`", " ")
}

// markdownOf keeps a text of the files from being taken for Markdown or HTML.
func markdownOf(s string) string {
	return markdownText.Replace(show.Flow(s))
}

var markdownText = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"`", "\\`", "*", "\\*", "[", "\\[", "]", "\\]", "_", "\\_")

// Explain says all about one rule, for people. It returns false for a rule that
// there is none of.
func Explain(id string) (string, bool) {
	r := ruleByID[id]
	if r == nil {
		return "", false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s.\n\nSeverity: %s: %s.\nRepair:   %s\nSources:\n", r.ID, r.Title, show.Sentence(r.Why), r.Severity, r.Because, repairOf(r))
	for _, s := range r.Sources {
		fmt.Fprintf(&b, "  - %s\n", s)
	}
	return b.String(), true
}

func repairOf(r *Rule) string {
	if r.Fix == "" {
		return "as the finding says"
	}
	return placeholders.Replace(r.Fix)
}

// RuleIDs lists the rules, the worst first.
func RuleIDs() []string {
	ids := make([]string, len(Rules))
	for i := range Rules {
		ids[i] = Rules[i].ID
	}
	return ids
}

// LevelNames lists what ParseSeverity takes.
func LevelNames() []string { return slices.Clone(severityNames[Info:]) }
