package usage

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Line is a command line, or what was typed of one, read against the tree.
type Line struct {
	Name    string       // of the command, "schedule install"; empty for none
	Command *cli.Command // nil for none
	First   int          // the word after the command's name, counted from 0
	Flags   []cli.Flag   // those that may be given
	Used    []string     // the names of flags that were given
	Open    string       // the flag that still waits for its value
	Without string       // the first flag whose value is empty, "--", or another flag's name
	Given   []string     // the other arguments
	Literal bool         // a "--" was given: all that follows are arguments

	words []string // those of flags, with their values
}

// Read reads words, which do not have the program's name.
func Read(app *cli.App, words []string) Line {
	l := Line{Flags: app.Flags}
	commands := app.Commands
	for l.First < len(words) {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(words[l.First]) })
		if i < 0 {
			break
		}
		l.First++
		l.Command, l.Flags, commands = commands[i], commands[i].Flags, commands[i].Subcommands
	}
	l.Name = strings.Join(words[:l.First], " ")
	for i := l.First; i < len(words); i++ {
		w := words[i]
		switch {
		case l.Literal || w == "-" || !strings.HasPrefix(w, "-"):
			l.Given = append(l.Given, w)
			continue
		case w == "--":
			l.Literal = true
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(w, "-"), "=")
		l.Used, l.words = append(l.Used, name), append(l.words, w)
		if !takesValue(l.Flags, name) {
			continue
		}
		if !hasValue {
			if i++; i == len(words) {
				l.Open = name
				break
			}
			value = words[i]
			l.words = append(l.words, value)
		}
		if l.Without == "" && (value == "" || !hasValue && isFlag(l.Flags, value)) {
			l.Without = name
		}
	}
	return l
}

// isFlag reports whether a word is a flag of the command, or "--". As the value of
// another flag it is a slip: "--output --offline" would write a file of that name,
// and ask AWS.
func isFlag(flags []cli.Flag, word string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	return word == "--" || strings.HasPrefix(word, "-") && (Find(flags, name) != nil || name == "help" || name == "h")
}

func takesValue(flags []cli.Flag, name string) bool {
	f := Find(flags, name)
	doc, ok := f.(cli.DocGenerationFlag)
	return ok && doc.TakesValue()
}

// Find returns the flag of that name, nil for none.
func Find(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// FlagsFirst moves a command's flags in front of its other arguments, because
// the parser silently ignores flags that come after them: "rotate prod
// --dry-run" would rotate. What follows "--" is no flag, whatever it is. words do
// not have the program's name.
func FlagsFirst(app *cli.App, words []string) []string {
	l := Read(app, words)
	if l.Command == nil || l.First == len(words) {
		return words
	}
	out := slices.Concat(words[:l.First], l.words)
	if len(l.Given) > 0 {
		out = append(append(out, "--"), l.Given...)
	}
	return out
}

// Each visits the commands and their sub-commands with their full names, such as
// "schedule install".
func Each(commands []*cli.Command, visit func(name string, c *cli.Command)) {
	for _, c := range commands {
		visit(c.Name, c)
		Each(c.Subcommands, func(sub string, s *cli.Command) { visit(c.Name+" "+sub, s) })
	}
}
