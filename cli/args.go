package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// permute moves a command's flags in front of its other arguments, because the
// parser silently ignores flags that come after them: "rotate prod --dry-run"
// would rotate. What follows "--" stays as it is.
func permute(app *cli.App, args []string) []string {
	command, first := commandOf(app, args)
	if command == nil || first == len(args) {
		return args
	}
	takesValue := map[string]bool{}
	for _, f := range command.Flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takesValue[name] = !isBool
		}
	}
	var flags, rest []string
	for i := first; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			rest = append(rest, a)
			continue
		}
		flags = append(flags, a)
		name, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !hasValue && takesValue[name] && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	out := append(append([]string{}, args[:first]...), flags...)
	if len(rest) > 0 && rest[0] != "--" {
		out = append(out, "--")
	}
	return append(out, rest...)
}

// commandOf finds the command that args name, a sub-command perhaps, and the
// place of the first argument after its name.
func commandOf(app *cli.App, args []string) (command *cli.Command, first int) {
	commands := app.Commands
	for first = 1; first < len(args); first++ {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[first]) })
		if i < 0 {
			break
		}
		command, commands = commands[i], commands[i].Subcommands
	}
	return command, first
}

// eachCommand visits the commands and their sub-commands with their full names,
// such as "schedule install".
func eachCommand(commands []*cli.Command, visit func(name string, c *cli.Command)) {
	for _, c := range commands {
		visit(c.Name, c)
		eachCommand(c.Subcommands, func(sub string, s *cli.Command) { visit(c.Name+" "+sub, s) })
	}
}
