package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

func settingsCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "settings",
		Category: "Automate",
		Usage:    "show the settings in force and where each comes from",
		Description: "Reads keycare.ini in your config folder, then the KEYCARE_* variables. Command-line\n" +
			"flags override both.",
		Flags: []cli.Flag{resultFormat()},
		UsageText: usage.Examples(
			"keycare settings", "those in force",
			"keycare settings --format json", "for another program"),
		Action: action(e, runSettings),
	}
}

func runSettings(e *env, c *cli.Context) error {
	s, err := e.Settings()
	if err != nil {
		return err
	}
	if asJSON(c) {
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
