package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// Every page fits a terminal, says what the command does, and has examples that
// can be run as they stand.
func TestHelpPages(t *testing.T) {
	app := newApp(testEnv())
	pages := map[string]string{"": appHelp(app)}
	known := []string{""}
	eachCommand(app.Commands, func(name string, c *cli.Command) {
		pages[name] = commandHelp(name, c)
		known = append(known, name)
		if c.Usage == "" || strings.ToLower(c.Usage[:1]) != c.Usage[:1] || strings.HasSuffix(c.Usage, ".") {
			t.Errorf("keycare %s: its usage %q is no phrase", name, c.Usage)
		}
		if len(c.Subcommands) == 0 && len(strings.Fields(name)) == 1 && c.Description == "" {
			t.Errorf("keycare %s has no description", name)
		}
		for _, f := range flagTexts(c.Flags) {
			switch {
			case f.usage == "":
				t.Errorf("keycare %s --%s has no usage", name, f.name)
			case f.value == "VALUE":
				t.Errorf("keycare %s --%s does not name its value", name, f.name)
			case f.initial != "" && strings.Contains(f.usage, "default"):
				t.Errorf("keycare %s --%s tells its default twice", name, f.name)
			}
		}
	})
	for name, page := range pages {
		for line := range strings.Lines(page) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 || strings.ContainsAny(line, "\t\r") || strings.TrimRight(line, " ") != line {
				t.Errorf("keycare %s --help: %d columns: %q", name, n, line)
			}
		}
		if n := len(examples[name]); n < 1 || n > 5 {
			t.Errorf("keycare %s has %d examples", name, n)
		}
	}
	for name := range examples {
		if !slices.Contains(known, name) {
			t.Errorf("there are examples for %q, which is no command", name)
		}
		for _, e := range examples[name] {
			if err := parses(app, e[0]); err != nil {
				t.Errorf("%s: %v", e[0], err)
			}
			if n := len(examplesOf(name)) / len(examples[name]); strings.Contains(e[1], "\n") || e[1] == "" || n > 200 {
				t.Errorf("%s: %q", e[0], e[1])
			}
		}
		for line := range strings.Lines(examplesOf(name)) {
			if n := len(line) - 1; n > 73 { // the man page indents by 7
				t.Errorf("an example of %d columns: %s", n, line)
			}
		}
	}
	for _, g := range helpGroups {
		for _, c := range g.commands {
			if !slices.Contains(known, c) {
				t.Errorf("the help has %q under %s, which is no command", c, g.title)
			}
		}
	}
	var grouped, listed []string
	for _, g := range helpGroups {
		grouped = append(grouped, g.commands...)
	}
	for _, c := range app.Commands {
		listed = append(listed, c.Name)
	}
	if !slices.Equal(grouped, listed) {
		t.Errorf("the help has %q, the man page %q: not one order", grouped, listed)
	}
	for _, c := range app.Commands {
		if n := strings.Count(pages[""], "\n  "+c.Name+" "); n != 1 {
			t.Errorf("the help has %d rows for %s", n, c.Name)
		}
	}
}

// parses looks whether a command, flags and values of an example exist.
func parses(app *cli.App, example string) error {
	m := regexp.MustCompile(`keycare( [^|>#)]*)?`).FindString(example)
	if m == "" {
		return fmt.Errorf("it does not run keycare")
	}
	args := strings.Fields(m)
	command, first := commandOf(app, args)
	if command == nil && len(args) > 1 {
		return fmt.Errorf("no such command")
	}
	for i := first; i < len(args); i++ {
		flag, isFlag := strings.CutPrefix(args[i], "--")
		if !isFlag {
			if command.ArgsUsage == "" {
				return fmt.Errorf("it takes no %q", args[i])
			}
			continue
		}
		value := valueOf(command.Flags, flag)
		if !slices.ContainsFunc(flagTexts(command.Flags), func(f flagText) bool { return f.name == flag }) {
			return fmt.Errorf("no such flag")
		}
		if value == "" {
			continue
		}
		if i++; i == len(args) {
			return fmt.Errorf("--%s has no value", flag)
		}
		one := strings.Join(args[1:first], " ") + " " + flag
		if found, _ := valuesFor(testEnv(), one, value); value != "PROFILE" && len(found) > 0 && !slices.Contains(found, candidate{value: args[i]}) {
			return fmt.Errorf("no such value %q", args[i])
		}
	}
	return nil
}

func TestParsesExample(t *testing.T) {
	app := newApp(testEnv())
	for example, want := range map[string]string{
		"keycare rotate work --dry-run": "", "source <(keycare completion bash)": "", "keycare man >x": "", "keycare": "",
		"keycare rotat": "no such command", "keycare rotate --dryrun": "no such flag", "keycare audit work": "it takes no",
		"keycare audit --fail-on hihg": "no such value", "keycare audit --output": "has no value", "aws": "does not run keycare",
	} {
		if err := parses(app, example); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", example, err, want)
		}
	}
}

func TestFilled(t *testing.T) {
	const text = "one two\nthree four\n\n  kept as   it is\n  and this\n\nfive sixsixsix"
	const want = "one two\nthree four\n\n  kept as   it is\n  and this\n\nfive\nsixsixsix\n"
	if got := filled(text, 10); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
