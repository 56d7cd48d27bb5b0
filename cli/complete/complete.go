// Package complete answers the shells: how a command line may go on, by the
// command tree. It has the scripts that ask.
package complete

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/sorting"
)

// The shells' scripts ask this program how a command line may go on: they run it
// with the words so far, the one at the cursor last even if it is empty, and
// completionFlag behind them. Nothing else is done then, whatever the words are.
// The answer is a line for each candidate: value, tab, a few words about it. A
// line that begins with a tab asks for file names.
const completionFlag = "--generate-bash-completion"

// Two shells need more than that. bash leaves quotes to the script: it passes the
// last word as it was typed and gets what is missing from it, quoted.
// PowerShell drops empty arguments: a dot stands before the last word.
const (
	PlainWords      = completionFlag
	BashWords       = completionFlag + "=bash"
	PowershellWords = completionFlag + "=powershell"
)

// Candidate is a word by which a command line may go on, and a few words about
// it.
type Candidate struct{ Value, About string }

// Words are candidates that speak for themselves.
func Words(values ...string) (found []Candidate) {
	for _, v := range values {
		found = append(found, Candidate{Value: v})
	}
	return found
}

// Flag is a flag that knows what may be its value. Of others, only those whose
// value is a FILE are completed.
type Flag interface{ Candidates() []Candidate }

// Arguments makes a command's BashComplete of what may be its arguments.
func Arguments(candidates func() []Candidate) cli.BashCompleteFunc {
	return func(c *cli.Context) {
		for _, one := range candidates() {
			_, _ = io.WriteString(c.App.Writer, one.line()) // a buffer
		}
	}
}

func (c Candidate) line() string { return c.Value + "\t" + c.About + "\n" }

// Answer answers the script of a shell. It reports false if words, which do not
// have the program's name, ask for something else.
func Answer(w io.Writer, app *cli.App, words []string) bool {
	last := len(words) - 1
	if last < 0 {
		return false
	}
	protocol := words[last]
	if !slices.Contains([]string{PlainWords, BashWords, PowershellWords}, protocol) {
		return false
	}
	if words = words[:last]; len(words) == 0 {
		return true
	}
	cur, quote := words[len(words)-1], byte(0)
	switch protocol {
	case BashWords:
		cur, quote = bashWord(cur)
	case PowershellWords:
		cur = strings.TrimPrefix(cur, ".")
	}
	found, files := Next(app, words[:len(words)-1], cur)
	// Some shells sort and some do not; in this way all show the same.
	sorting.By(found, func(a, b Candidate) int { return strings.Compare(a.Value, b.Value) })
	out := bufio.NewWriter(w)
	defer out.Flush()
	if files {
		out.WriteString("\tfiles\n")
	}
	for _, c := range found {
		rest, ok := strings.CutPrefix(c.Value, cur)
		switch {
		case !ok:
		case protocol == BashWords:
			out.WriteString(bashQuoted(rest, quote) + "\n")
		default:
			out.WriteString(c.line())
		}
	}
	return true
}

// Next returns what may stand in the place of the word cur, which follows words,
// and whether that is the name of a file. It does not look at how cur begins,
// but for flags.
func Next(app *cli.App, words []string, cur string) (found []Candidate, files bool) {
	l := usage.Read(app, words)
	flag, _, hasValue := strings.Cut(cur, "=")
	switch {
	case l.Open != "":
		return values(usage.Find(l.Flags, l.Open))
	case l.Literal || !strings.HasPrefix(cur, "-"):
		return arguments(app, l)
	case !hasValue:
		return flagNames(l), false
	}
	found, files = values(usage.Find(l.Flags, strings.TrimLeft(flag, "-")))
	for i := range found {
		found[i].Value = flag + "=" + found[i].Value
	}
	return found, files
}

// values returns what may be the value of a flag.
func values(f cli.Flag) (found []Candidate, files bool) {
	if f == nil {
		return nil, false
	}
	if known, ok := f.(Flag); ok {
		return known.Candidates(), false
	}
	texts := usage.Flags([]cli.Flag{f})
	return nil, len(texts) > 0 && texts[0].Value == "FILE"
}

// arguments are the commands and arguments that may follow.
func arguments(app *cli.App, l usage.Line) (found []Candidate, files bool) {
	commands, wants := app.Commands, ""
	if l.Command != nil {
		commands, wants = l.Command.Subcommands, l.Command.ArgsUsage
	}
	help := l.Command == nil && len(l.Given) == 1 && l.Given[0] == "help"
	if len(commands) > 0 && (len(l.Given) == 0 || help) {
		for _, c := range commands {
			if !c.Hidden {
				found = append(found, Candidate{c.Name, c.Usage})
			}
		}
		return found, false
	}
	if l.Command == nil || len(l.Given) > 0 && !strings.HasSuffix(wants, "...") {
		return nil, false
	}
	return slices.DeleteFunc(offered(l.Command), func(c Candidate) bool {
		return slices.Contains(l.Given, c.Value) || !l.Literal && strings.HasPrefix(c.Value, "-")
	}), strings.Trim(wants, "[].") == "FILE"
}

// offered are the arguments that the command itself offers.
func offered(c *cli.Command) (found []Candidate) {
	if c.BashComplete == nil {
		return nil
	}
	var lines bytes.Buffer
	c.BashComplete(cli.NewContext(&cli.App{Writer: &lines}, nil, nil))
	for line := range strings.Lines(lines.String()) {
		value, about, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found = append(found, Candidate{value, about})
	}
	return found
}

// flagNames are the flags that may follow.
func flagNames(l usage.Line) (found []Candidate) {
	for _, f := range l.Flags {
		slice, ok := f.(cli.DocGenerationSliceFlag)
		again := ok && slice.IsSliceFlag()
		for _, t := range usage.Flags([]cli.Flag{f}) {
			if again || !slices.Contains(l.Used, t.Name) {
				found = append(found, Candidate{"--" + t.Name, t.Usage})
			}
		}
	}
	found = append(found, Candidate{"--debug", "also show errors in the AWS SDK's own words"}, Candidate{"--help", "show the help page"})
	if l.Command == nil {
		found = append(found, Candidate{"--version", "print the version"})
	}
	return found
}
