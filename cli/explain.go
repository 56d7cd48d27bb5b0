package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/report"
	"keycare/report/format"
)

func explainCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Category:  "Look",
		Usage:     "explain a rule of the audit",
		ArgsUsage: "[RULE]",
		Description: "Shows what the rule looks for, why it matters, how to fix it, and its sources.\n" +
			"Without RULE it lists all rules, the worst first.",
		UsageText: usage.Examples(
			"keycare explain", "all rules",
			"keycare explain old-key", "one of them"),
		BashComplete: complete.Arguments(ruleNames),
		Action:       action(e, runExplain),
	}
}

func runExplain(e *env, c *cli.Context) error {
	switch c.NArg() {
	case 0:
		for _, r := range report.Rules {
			fmt.Fprintln(e.Out, e.row(fmt.Sprintf("%-20s  %-8s  ", r.ID, r.Severity), r.Title))
		}
		return nil
	case 1:
		id := c.Args().First()
		text, ok := format.Explain(id, e.Width())
		if ok {
			fmt.Fprint(e.Out, text)
			return nil
		}
		if near := credfile.Nearest(id, report.RuleIDs()); near != "" {
			return usagef("no rule %q; did you mean %q?", id, near)
		}
		return usagef("no rule %q; run \"keycare explain\" for the list", id)
	}
	return usagef("one rule at a time")
}

// ruleNames are the rules, for shells.
func ruleNames() (found []complete.Candidate) {
	for _, r := range report.Rules {
		found = append(found, complete.Candidate{Value: r.ID, About: r.Title})
	}
	return found
}
