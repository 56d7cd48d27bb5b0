package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

// Every page fits a terminal, says what the command does, and has examples that
// can be run as they stand.
func TestHelpPages(t *testing.T) {
	app := newApp(testEnv())
	pages := map[string]string{"": manual(app).Page()}
	examples := map[string]string{"": app.UsageText}
	usage.Each(app.Commands, func(name string, c *cli.Command) {
		pages[name] = usage.Page(name, c)
		examples[name] = c.UsageText
		if c.Usage == "" || strings.ToLower(c.Usage[:1]) != c.Usage[:1] || strings.HasSuffix(c.Usage, ".") {
			t.Errorf("keycare %s: its usage %q is no phrase", name, c.Usage)
		}
		if len(c.Subcommands) == 0 && len(strings.Fields(name)) == 1 && c.Description == "" {
			t.Errorf("keycare %s has no description", name)
		}
		for _, f := range usage.Flags(c.Flags) {
			switch {
			case f.Usage == "":
				t.Errorf("keycare %s --%s has no usage", name, f.Name)
			case f.Value == "VALUE":
				t.Errorf("keycare %s --%s does not name its value", name, f.Name)
			case f.Default != "" && strings.Contains(f.Usage, "default"):
				t.Errorf("keycare %s --%s tells its default twice", name, f.Name)
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
		lines := strings.Split(strings.TrimSuffix(examples[name], "\n"), "\n")
		if n := len(lines); examples[name] == "" || n > 5 {
			t.Errorf("keycare %s has %d examples", name, n)
		}
		for _, line := range lines {
			example, does, ok := strings.Cut(line, "  # ")
			if err := parses(app, example); err != nil {
				t.Errorf("%s: %v", example, err)
			}
			if !ok || does == "" {
				t.Errorf("%s: it does not say what it does", line)
			}
			if n := len(line); n > 73 { // the man page indents by 7
				t.Errorf("an example of %d columns: %s", n, line)
			}
		}
	}
	// Each group is together, and each command in one.
	var groups []string
	for _, c := range app.Commands {
		if c.Category == "" {
			t.Errorf("keycare %s is in no group", c.Name)
		}
		if len(groups) == 0 || groups[len(groups)-1] != c.Category {
			groups = append(groups, c.Category)
		}
	}
	for i, g := range groups {
		if slices.Contains(groups[:i], g) {
			t.Errorf("the group %s is in two places", g)
		}
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
	words := strings.Fields(m)[1:]
	l := usage.Read(app, words)
	switch {
	case l.Command == nil && len(words) > 0:
		return fmt.Errorf("no such command")
	case len(l.Given) > 0 && l.Command.ArgsUsage == "":
		return fmt.Errorf("it takes no %q", l.Given[0])
	case l.Open != "":
		return fmt.Errorf("--%s has no value", l.Open)
	}
	for _, flag := range l.Used {
		if usage.Find(l.Flags, flag) == nil {
			return fmt.Errorf("no such flag")
		}
	}
	for i, word := range words {
		before := usage.Read(app, words[:i])
		flag, ok := usage.Find(before.Flags, before.Open).(*choiceFlag)
		if ok && !slices.Contains(flag.values, word) {
			return fmt.Errorf("no such value %q", word)
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
