package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// Help pages, man page and completion are made from the command tree. The
// Description of a command is paragraphs, which are filled; lines that begin
// with a space stay as they are. The `NAME` in a flag's Usage stands for its
// value: FILE and PROFILE are completed.

// helpWidth is the number of columns of a help page.
const helpWidth = 80

// helpGroups are the commands by what a person wants, in the order of newApp.
var helpGroups = []struct {
	title    string
	commands []string
}{
	{"Look", []string{"audit", "explain", "status"}},
	{"Mend", []string{"fix", "replace-root"}},
	{"Rotate", []string{"rotate", "resume", "policy"}},
	{"Automate", []string{"schedule", "settings"}},
	{"More", []string{"demo", "completion", "man"}},
}

// examples are command lines with what they do, by the full name of a command;
// those of the program have none.
var examples = map[string][][2]string{
	"": {
		{"keycare", "what it sees, and what to do next"},
		{"keycare audit", "all that is wrong; changes nothing"},
		{"keycare rotate work --dry-run", "what a rotation would do"},
		{"keycare rotate work", "rotate the key of profile work"},
		{"keycare demo", "see it work without keys of your own"},
	},
	"audit": {
		{"keycare audit", "all profiles"},
		{"keycare audit --profile work --max-age 60d", "one profile, stricter"},
		{"keycare audit --offline", "make no network call"},
		{"keycare audit --format json --output r.json", "for another program"},
		{"keycare audit --baseline r.json", "what is new since"},
	},
	"explain": {
		{"keycare explain", "all rules"},
		{"keycare explain old-key", "one of them"},
	},
	"settings": {
		{"keycare settings", "those in force"},
		{"keycare settings --format json", "for another program"},
	},
	"fix": {
		{"keycare fix --dry-run", "what would be changed"},
		{"keycare fix", "show each change and ask"},
	},
	"rotate": {
		{"keycare rotate work --dry-run", "what would be done"},
		{"keycare rotate work", "ask first"},
		{"keycare rotate work --grace 24h", "retire the old key later"},
		{"keycare rotate --due --yes --grace 24h", "in a script"},
	},
	"replace-root": {
		{"keycare replace-root --dry-run", "what would be made and changed"},
		{"keycare replace-root --user dana", "asks several times"},
	},
	"resume": {
		{"keycare resume", "finish what is unfinished"},
		{"keycare resume --keep-both", "close it, and delete nothing"},
	},
	"status": {
		{"keycare status", "what is in flight, and what was done"},
		{"keycare status --format json", "for another program"},
	},
	"policy": {
		{"keycare policy", "show it"},
		{"keycare policy >policy.json", "for \"aws iam put-user-policy\""},
	},
	"schedule": {
		{"keycare schedule install", "audit every day"},
		{"keycare schedule status", "is it there, and does it run?"},
	},
	"schedule install": {
		{"keycare schedule install", "audit every day"},
		{"keycare schedule install --rotate work", "rotate that key when due"},
	},
	"schedule print": {
		{"keycare schedule print", "the files of the best timer here"},
		{"keycare schedule print --kind cron", "a block for the crontab"},
	},
	"schedule status": {
		{"keycare schedule status", "when it runs, how it went"},
		{"keycare schedule status --format json", "for another program"},
	},
	"schedule remove": {
		{"keycare schedule status", "what there is"},
		{"keycare schedule remove", "take it away"},
	},
	"schedule run": {
		{"keycare schedule run", "do now what the timer would"},
		{"keycare schedule run --always", "also if it was done today"},
	},
	"demo": {
		{"keycare demo", "all of it, in a few seconds"},
		{"keycare demo | less", "page by page"},
	},
	"completion": {
		{`eval "$(keycare completion bash)"`, "for this bash"},
		{"source <(keycare completion zsh)", "for this zsh"},
		{"keycare completion fish | source", "for this fish"},
	},
	"man": {
		{"keycare man | man -l -", "read it"},
		{"keycare man >keycare.1", "keep it"},
	},
}

// answerHelp writes the page that args ask for by a flag, whatever else stands
// there. It reports false if they ask for none.
func answerHelp(w io.Writer, app *cli.App, args []string) bool {
	if len(args) < 2 {
		return false
	}
	l := typedIn(app, args[1:])
	if !slices.Contains(l.used, "help") && !slices.Contains(l.used, "h") {
		return false
	}
	page := appHelp(app)
	if command, _ := commandOf(app, args); command != nil {
		page = commandHelp(l.name, command)
	}
	fmt.Fprint(w, page)
	return true
}

func appHelp(app *cli.App) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "keycare - %s\n\nUsage: keycare [COMMAND] [FLAG]... [ARGUMENT]...\n\n%s", app.Usage, filled(app.Description, helpWidth))
	for _, g := range helpGroups {
		fmt.Fprintf(b, "\n%s:\n%s", g.title, commandRows(app.Commands, func(c *cli.Command) bool { return slices.Contains(g.commands, c.Name) }))
	}
	fmt.Fprintf(b, "\nExamples:\n%s\nExit codes:\n", examplesOf(""))
	for _, e := range exitTable {
		b.WriteString(row(strconv.Itoa(e.code), e.text, 5))
	}
	b.WriteString("\n\"keycare COMMAND --help\" tells more about a command, \"keycare man | man -l -\" is\nall of it, \"keycare --version\" the version.\n")
	return b.String()
}

func commandHelp(name string, c *cli.Command) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\nUsage: %s\n", filled("keycare "+name+" - "+c.Usage, helpWidth), synopsis(name, c))
	if c.Description != "" {
		b.WriteString("\n" + filled(c.Description, helpWidth))
	}
	if len(c.Subcommands) > 0 {
		b.WriteString("\nCommands:\n" + commandRows(c.Subcommands, func(*cli.Command) bool { return true }))
	}
	if lines := examplesOf(name); lines != "" {
		b.WriteString("\nExamples:\n" + lines)
	}
	b.WriteString("\nFlags:\n")
	for _, f := range flagTexts(c.Flags) {
		b.WriteString(row(f.form(), f.full(), 24))
	}
	b.WriteString(row("--help, -h", "show this page", 24))
	return b.String()
}

// synopsis is how a command is called.
func synopsis(name string, c *cli.Command) string {
	s := "keycare " + name
	if len(c.Subcommands) > 0 {
		s += " COMMAND"
	}
	if len(flagTexts(c.Flags)) > 0 {
		s += " [FLAG]..."
	}
	return strings.TrimSpace(s + " " + c.ArgsUsage)
}

func commandRows(commands []*cli.Command, want func(*cli.Command) bool) string {
	b := &strings.Builder{}
	for _, c := range commands {
		if !c.Hidden && want(c) {
			b.WriteString(row(c.Name, c.Usage, 13))
		}
	}
	return b.String()
}

// flagText is what there is to say about a flag.
type flagText struct {
	name    string
	value   string // stands for its value; empty where it takes none
	usage   string
	initial string // the default, if there is one to tell
}

// flagTexts are the visible flags in their order; --help is not among them.
func flagTexts(flags []cli.Flag) (texts []flagText) {
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if v, can := f.(cli.VisibleFlag); !ok || can && !v.IsVisible() || f.Names()[0] == "help" {
			continue
		}
		t := flagText{name: f.Names()[0], usage: d.GetUsage()}
		if before, rest, ok := strings.Cut(t.usage, "`"); ok {
			name, after, _ := strings.Cut(rest, "`")
			t.value, t.usage = name, before+name+after
		}
		if d.TakesValue() {
			t.initial = strings.Trim(d.GetDefaultText(), `"`)
			if t.value == "" {
				t.value = "VALUE"
			}
		}
		texts = append(texts, t)
	}
	return texts
}

// form is the flag as it is written.
func (f flagText) form() string { return strings.TrimSpace("--" + f.name + " " + f.value) }

// full is the usage with the default.
func (f flagText) full() string {
	if f.initial == "" {
		return f.usage
	}
	return f.usage + " (default: " + f.initial + ")"
}

// examplesOf are the examples of a command, a line each.
func examplesOf(name string) string {
	width := 0
	for _, e := range examples[name] {
		width = max(width, len(e[0]))
	}
	b := &strings.Builder{}
	for _, e := range examples[name] {
		fmt.Fprintf(b, "  %-*s  # %s\n", width, e[0], e[1])
	}
	return b.String()
}

// row is a name and what it is, in two columns; the second begins after width
// columns and two spaces of either side.
func row(name, text string, width int) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "  %-*s", width, name)
	if utf8.RuneCountInString(name) > width {
		fmt.Fprintf(b, "\n  %-*s", width, "")
	}
	indent := strings.Repeat(" ", width+4)
	for i, line := range lines(text, helpWidth-len(indent)) {
		if i > 0 {
			b.WriteString(indent[2:])
		}
		b.WriteString("  " + line + "\n")
	}
	return b.String()
}

// filled breaks the paragraphs of text between words. Lines that begin with a
// space stay as they are.
func filled(text string, width int) string {
	b := &strings.Builder{}
	for i, p := range paragraphs(text) {
		if i > 0 {
			b.WriteByte('\n')
		}
		if strings.HasPrefix(p, " ") {
			b.WriteString(p + "\n")
			continue
		}
		b.WriteString(strings.Join(lines(p, width), "\n") + "\n")
	}
	return b.String()
}

// paragraphs are the parts of a text between empty lines. A line that begins
// with a space is a part of one that stays as it is.
func paragraphs(text string) (parts []string) {
	open := false
	for line := range strings.SplitSeq(text, "\n") {
		last := len(parts) - 1
		switch {
		case line == "":
			open = false
		case open && strings.HasPrefix(line, " ") == strings.HasPrefix(parts[last], " "):
			parts[last] += "\n" + line
		default:
			parts, open = append(parts, line), true
		}
	}
	return parts
}

// lines breaks text between words, into lines of at most width columns where
// words allow it.
func lines(text string, width int) (out []string) {
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if len(out) == 0 || at+1+n > width {
			out, at = append(out, word), n
			continue
		}
		out[len(out)-1] += " " + word
		at += 1 + n
	}
	return out
}
