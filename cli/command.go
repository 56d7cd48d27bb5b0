package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/show"
)

// action gives a command its environment. A command whose ArgsUsage is empty
// takes no arguments.
func action(e *env, run func(*env, *cli.Context) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Command.ArgsUsage == "" && c.Args().Present() {
			if name := c.Args().First(); usage.Find(c.Command.Flags, "profile") != nil && slices.ContainsFunc(e.anyProfile(), func(p complete.Candidate) bool { return p.Value == name }) {
				return usagef("\"%s\" takes no argument %q; did you mean --profile %s?", c.Command.HelpName, name, cmp.Or(show.Word(name, e.Vars.GOOS), "NAME"))
			}
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
	if strings.TrimSpace(name) == "" {
		return usagef("an empty argument is no command; for the list: %s --help", parent)
	}
	var names []string
	for _, known := range among {
		if !known.Hidden {
			names = append(names, known.Name)
		}
	}
	if near := nearest(name, names, 3); near != "" {
		return usagef("no such command %q; did you mean \"%s %s\"?", parent+" "+name, parent, near)
	}
	return usagef("no such command %q; see \"%s --help\"", parent+" "+name, parent)
}

// nearest is the known name one slip away from name, or else the only one that
// begins with it, where that has at least so many bytes.
func nearest(name string, known []string, least int) string {
	if near := credfile.Nearest(name, known); near != "" || len(name) < least {
		return near
	}
	var begin []string
	for _, k := range known {
		if strings.HasPrefix(k, strings.ToLower(name)) {
			begin = append(begin, k)
		}
	}
	if len(begin) == 1 {
		return begin[0]
	}
	return ""
}
