package usage

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Synopsis is how a command is called.
func Synopsis(name string, c *cli.Command) string {
	s := "keycare " + name
	if len(c.Subcommands) > 0 {
		s += " COMMAND"
	}
	if len(Flags(c.Flags)) > 0 {
		s += " [FLAG]..."
	}
	return strings.TrimSpace(s + " " + c.ArgsUsage)
}

// Examples are command lines, each with a few words on what it does, for a
// command's UsageText.
func Examples(pairs ...string) string {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	b := &strings.Builder{}
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(b, "  %-*s%s%s\n", width, pairs[i], mark, pairs[i+1])
	}
	return b.String()
}

// mark stands between an example and what it does.
const mark = "  # "

// Flag is what there is to say about a flag.
type Flag struct {
	Name    string
	Value   string // stands for its value; empty where it takes none
	Usage   string
	Default string // empty if there is none to tell
}

// Flags are the visible flags in their order; --help is not among them.
func Flags(flags []cli.Flag) (texts []Flag) {
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if v, can := f.(cli.VisibleFlag); !ok || can && !v.IsVisible() || f.Names()[0] == "help" {
			continue
		}
		t := Flag{Name: f.Names()[0], Usage: d.GetUsage()}
		if before, rest, ok := strings.Cut(t.Usage, "`"); ok {
			name, after, _ := strings.Cut(rest, "`")
			t.Value, t.Usage = name, before+name+after
		}
		if d.TakesValue() {
			t.Default = strings.Trim(d.GetDefaultText(), `"`)
			if t.Value == "" {
				t.Value = "VALUE"
			}
		}
		texts = append(texts, t)
	}
	return texts
}

// form is the flag as it is written.
func (f Flag) form() string { return strings.TrimSpace("--" + f.Name + " " + f.Value) }

// full is the usage with the default.
func (f Flag) full() string {
	if f.Default == "" {
		return f.Usage
	}
	return f.Usage + " (default: " + f.Default + ")"
}
