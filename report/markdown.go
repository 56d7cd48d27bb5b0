package report

import (
	"fmt"
	"strings"
)

// RulesMarkdown returns the page about the rules, docs/rules.md.
func RulesMarkdown() string {
	var b strings.Builder
	b.WriteString("# What keycare audit looks for\n\n" +
		"<!-- Made from the table in report/rules.go by: go test ./report -run Markdown -update -->\n\n" +
		"`--fail-on LEVEL` makes findings of that severity and above a failure.\n\n" +
		"| rule | severity | what |\n|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Title)
	}
	for _, r := range Rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s. %s.\n\n", r.ID, r.Title, sentence(r.Why))
		fmt.Fprintf(&b, "- Severity: %s: %s.\n", r.Severity, r.Because)
		if r.Fix != "" {
			mend := r.Fix
			if r.Command {
				mend = "`" + mend + "`"
			}
			fmt.Fprintf(&b, "- Repair: %s\n", placeholders.Replace(mend))
		} else {
			b.WriteString("- Repair: as the finding says\n")
		}
		fmt.Fprintf(&b, "- Sources: %s\n", strings.Join(r.Sources, "; "))
	}
	return b.String()
}

var placeholders = strings.NewReplacer("{file}", "FILE", "{profile}", "PROFILE", "{arg}", "PROFILE", "{key}", "KEY-ID")

// sentence begins s with a capital letter.
func sentence(s string) string {
	if s == "" || strings.HasPrefix(s, "keycare") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
