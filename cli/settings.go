package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/credfile/disk"
	"keycare/report"
)

// settingsPath is where the user's settings are: the XDG config folder,
// Application Support on macOS, LocalAppData on Windows.
func settingsPath() string { return filepath.Join(xdg.ConfigHome, "keycare.ini") }

// loadSettings reads the settings file and the KEYCARE_* variables. What is
// wrong in them is wrong usage: nothing is done.
func loadSettings() (*settings.Settings, error) {
	s, err := settings.Load(disk.OS{}, settingsPath(), os.Environ(),
		settings.Known{Rules: report.RuleIDs(), Levels: report.LevelNames()})
	if err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

// policyOf is what the settings say about the audit's rules.
func policyOf(s *settings.Settings) report.Policy {
	p := report.Policy{MaxAge: s.MaxAge, MaxUnused: s.MaxUnused, Accounts: s.Accounts, Off: s.RulesOff}
	for _, e := range s.Exceptions {
		p.Exceptions = append(p.Exceptions, report.Exception(e))
	}
	return p
}

func settingsCommand() *cli.Command {
	return &cli.Command{
		Name:  "settings",
		Usage: "show the settings in force and where each comes from",
		Description: "Reads keycare.ini in your config folder, then the KEYCARE_* variables. Flags of the\n" +
			"commands go before both.",
		Flags:  []cli.Flag{formatFlag},
		Action: runSettings,
	}
}

func runSettings(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	s, err := loadSettings()
	if err != nil {
		return err
	}
	if format == "json" {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"version": 1, "file": s.Path, "settings": s.Show()})
	}
	missing := ""
	if !s.Found {
		missing = " (not there)"
	}
	fmt.Printf("settings file: %s%s\n", s.Path, missing)
	for _, v := range s.Show() {
		fmt.Printf("%-22s %-24s %s\n", v.Name, orDash(v.Value), v.From)
	}
	return nil
}
