package usage

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/credfile/show"
)

// manDate is the date of the man page. A page without one is not well formed, and
// the day of the build would make each build another one.
const manDate = "2026-11-23"

// Man is the man page, in the macros of man(7).
func (p Manual) Man() string {
	app, m := p.App, &roff{}
	fmt.Fprintf(m, ".TH KEYCARE 1 %s keycare \"User Commands\"\n", manDate)
	m.macro("SH", "NAME")
	m.text("keycare - " + app.Usage)
	m.macro("SH", "SYNOPSIS")
	m.macro("B", "keycare")
	m.WriteString("[COMMAND] [FLAG]... [ARGUMENT]...\n")
	m.macro("SH", "DESCRIPTION")
	m.paragraphs(app.Description)
	m.macro("SH", "COMMANDS")
	Each(app.Commands, func(name string, c *cli.Command) {
		if c.Hidden {
			return
		}
		m.macro("SS", Synopsis(name, c))
		m.text(sentence(c.Usage))
		if c.Description != "" {
			m.macro("PP")
			m.paragraphs(c.Description)
		}
		for _, f := range Flags(c.Flags) {
			m.item(f.form(), sentence(f.Usage))
			if f.Default != "" {
				m.text("The default is " + f.Default + ".")
			}
		}
		if c.UsageText != "" {
			m.macro("PP")
			m.text("Examples:")
			m.verbatim(c.UsageText)
		}
	})
	m.macro("SH", "OPTIONS")
	m.item("--debug", "Also show errors in the AWS SDK's own words, on standard error. Goes with every command.")
	m.item("--help, -h", "Show the help page, also of a command.")
	m.item("--version, -v", "Print the version.")
	m.macro("PP")
	m.text("Flags may come before or after other arguments; after \"--\" everything is an argument.")
	m.macro("SH", "EXIT STATUS")
	for _, e := range p.Exits {
		m.item(e[0], sentence(e[1]))
	}
	for _, s := range []struct {
		title string
		table [][2]string
	}{{"ENVIRONMENT", p.Environment}, {"FILES", p.Files}} {
		m.macro("SH", s.title)
		for _, e := range s.table {
			m.item(e[0], e[1])
		}
	}
	m.macro("SH", "EXAMPLES")
	m.verbatim(app.UsageText)
	m.macro("SH", "SEE ALSO")
	m.text("\"keycare explain RULE\" says what a rule of the audit looks for, why it matters and how to fix it.")
	m.macro("PP")
	m.text("crontab(1), systemd.timer(5)")
	return m.String()
}

// sentence makes one of a usage.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return show.Sentence(s) + "."
}
