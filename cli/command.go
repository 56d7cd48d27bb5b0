package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
)

// action gives a command its environment. A command whose ArgsUsage is empty
// takes no arguments.
func action(e *env, run func(*env, *cli.Context) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Command.ArgsUsage == "" && c.Args().Present() {
			return usagef("\"%s\" takes no argument %q; for its flags: %s --help", c.Command.HelpName, c.Args().First(), c.Command.HelpName)
		}
		return run(e, c)
	}
}

// onlySubcommands is the action of a command that does nothing by itself.
func onlySubcommands(e *env) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return unknownCommand(c.Command.HelpName, c.Args().First(), c.Command.Subcommands)
		}
		fmt.Fprint(e.Out, usage.Page(strings.TrimPrefix(c.Command.HelpName, c.App.Name+" "), c.Command))
		return nil
	}
}

func unknownCommand(parent, name string, among []*cli.Command) error {
	var names []string
	for _, known := range among {
		if !known.Hidden {
			names = append(names, known.Name)
		}
	}
	if near := credfile.Nearest(name, names); near != "" {
		return usagef("no such command %q; did you mean \"%s %s\"?", parent+" "+name, parent, near)
	}
	return usagef("no such command %q; see \"%s --help\"", parent+" "+name, parent)
}
