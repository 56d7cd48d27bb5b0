package usage

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Width is the number of columns of a help page.
const Width = 80

// Manual is what there is to say about the program. Commands with the same
// Category stand together; UsageText has the Examples of each, and those of the
// program are the App's.
type Manual struct {
	App *cli.App
	// Exits are exit codes, Environment variables and Files paths, each with
	// what it means.
	Exits, Environment, Files [][2]string
}

// Page is the program's help page.
func (m Manual) Page() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "keycare - %s\n\nUsage: keycare [COMMAND] [FLAG]... [ARGUMENT]...\n\n%s", m.App.Usage, filled(m.App.Description, Width))
	group := ""
	for _, c := range m.App.Commands {
		if c.Hidden {
			continue
		}
		if c.Category != group {
			group = c.Category
			b.WriteString("\n" + group + ":\n")
		}
		b.WriteString(row(c.Name, c.Usage, nameWidth))
	}
	fmt.Fprintf(b, "\nExamples:\n%s\nExit codes:\n", m.App.UsageText)
	for _, e := range m.Exits {
		b.WriteString(row(e[0], e[1], 5))
	}
	b.WriteString("\n\"keycare COMMAND --help\" tells more about a command, \"keycare man | man -l -\" is\nall of it, \"keycare --version\" the version.\n")
	return b.String()
}

const nameWidth, flagWidth = 13, 24

// Page is the help page of a command. name is its full name, such as "schedule
// install".
func Page(name string, c *cli.Command) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\nUsage: %s\n", filled("keycare "+name+" - "+c.Usage, Width), Synopsis(name, c))
	if c.Description != "" {
		b.WriteString("\n" + filled(c.Description, Width))
	}
	if len(c.Subcommands) > 0 {
		b.WriteString("\nCommands:\n")
		for _, sub := range c.Subcommands {
			if !sub.Hidden {
				b.WriteString(row(sub.Name, sub.Usage, nameWidth))
			}
		}
	}
	if c.UsageText != "" {
		b.WriteString("\nExamples:\n" + c.UsageText)
	}
	b.WriteString("\nFlags:\n")
	for _, f := range Flags(c.Flags) {
		b.WriteString(row(f.form(), f.full(), flagWidth))
	}
	b.WriteString(row("--debug", "also show errors in the AWS SDK's own words", flagWidth))
	b.WriteString(row("--help, -h", "show this page", flagWidth))
	return b.String()
}
