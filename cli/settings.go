package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/show"
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
	fmt.Fprintf(e.Out, "settings file: %s%s\n", orDash(s.Path), missing)
	for _, v := range s.Show() {
		fmt.Fprintf(e.Out, "%-22s %-24s %s\n", v.Name, orDash(v.Value), v.From)
	}
	e.warnMisnamed(s)
	return nil
}

// warnMisnamed names profiles of the settings that the AWS files do not have but for
// a slip: the command of such an [after] would never run, and AWS would be asked
// about such a key.
func (e *env) warnMisnamed(s *settings.Settings) {
	var known []string
	for _, p := range e.anyProfile() {
		known = append(known, p.Value)
	}
	misnamed := func(where, name string) {
		if near := credfile.Nearest(name, known); near != "" && !slices.Contains(known, name) {
			e.warn("%s: there is no profile %s; did you mean %s?", where, show.Name(name), show.Name(near))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.After)) {
		misnamed("[after "+show.Plain(name)+"]", name)
	}
	for _, name := range s.NeverCall.Profiles {
		misnamed("never_call.profiles", name)
	}
}
