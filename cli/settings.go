package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/report"
)

// policyOf is what the settings say about the audit's rules.
func policyOf(s *settings.Settings) report.Policy {
	p := report.Policy{MaxAge: s.MaxAge, MaxUnused: s.MaxUnused, Accounts: s.Accounts, Off: s.RulesOff}
	for _, e := range s.Exceptions {
		p.Exceptions = append(p.Exceptions, report.Exception(e))
	}
	return p
}

func settingsCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "settings",
		Usage: "show the settings in force and where each comes from",
		Description: "Reads keycare.ini in your config folder, then the KEYCARE_* variables. Flags of the\n" +
			"commands go before both.",
		Flags:  []cli.Flag{formatFlag},
		Action: action(e, runSettings),
	}
}

func runSettings(e *env, c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	s, err := e.Settings()
	if err != nil {
		return err
	}
	if format == "json" {
		return e.writeJSON(map[string]any{"version": 1, "file": s.Path, "settings": s.Show()})
	}
	missing := ""
	if !s.Found {
		missing = " (not there)"
	}
	fmt.Fprintf(e.Out, "settings file: %s%s\n", s.Path, missing)
	for _, v := range s.Show() {
		fmt.Fprintf(e.Out, "%-22s %-24s %s\n", v.Name, orDash(v.Value), v.From)
	}
	return nil
}
