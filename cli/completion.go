package cli

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate/schedule"
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
	plainWords      = completionFlag
	bashWords       = completionFlag + "=bash"
	powershellWords = completionFlag + "=powershell"
)

func completionCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands, flags and profiles",
		ArgsUsage: "bash|zsh|fish|powershell",
		Description: "Put the line of your shell into the file that it reads when it starts: ~/.bashrc,\n" +
			"~/.zshrc (below compinit), ~/.config/fish/config.fish or $PROFILE.\n\n" +
			"  bash        eval \"$(keycare completion bash)\"\n" +
			"  zsh         source <(keycare completion zsh)\n" +
			"  fish        keycare completion fish | source\n" +
			"  PowerShell  keycare completion powershell | Out-String | iex\n\n" +
			"Profile names come from your files. No secret is shown and AWS is not called.",
		Action: action(e, runCompletion),
	}
}

// otherShells are no slips of the keyboard for one that has a script.
var otherShells = []string{"ksh", "csh", "tcsh", "dash", "sh", "ash", "nu", "elvish", "xonsh", "cmd"}

func runCompletion(e *env, c *cli.Context) error {
	shells := strings.Split(c.Command.ArgsUsage, "|")
	if c.NArg() != 1 {
		return usagef("name your shell: one of %s", strings.Join(shells, ", "))
	}
	name := c.Args().First()
	script, ok := completionScripts[name]
	switch {
	case slices.Contains(otherShells, name):
		return usagef("there is no completion for %s; there is: %s", name, strings.Join(shells, ", "))
	case !ok:
		return badValue("the shell", name, shells)
	}
	fmt.Fprint(e.Out, script)
	return nil
}

// fixedValues are the values of flags that have a fixed set; "COMMAND FLAG" goes
// before "FLAG".
var fixedValues = map[string][]string{
	"audit format": format.Names(),
	"format":       {"text", "json"},
	"retire":       {"delete", "deactivate"},
	"free-slot":    {"never", "inactive", "unused"},
	"fail-on":      report.LevelNames(),
	"kind":         schedule.Names(),
}

// wantsKey names what takes only profiles with a long-term key: arguments by the
// command, flags as in fixedValues.
var wantsKey = []string{"rotate", "replace-root profile", "schedule install rotate", "schedule print rotate", "schedule run rotate"}

// candidate is a word by which a command line may go on.
type candidate struct{ value, about string }

// answerCompletion answers the script of a shell. It reports false if args ask
// for something else.
func answerCompletion(e *env, app *cli.App, args []string) bool {
	last := len(args) - 1
	if last < 1 {
		return false
	}
	protocol := args[last]
	if !slices.Contains([]string{plainWords, bashWords, powershellWords}, protocol) {
		return false
	}
	words := args[1:last]
	if len(words) == 0 {
		return true
	}
	cur, quote := words[len(words)-1], byte(0)
	switch protocol {
	case bashWords:
		cur, quote = bashWord(cur)
	case powershellWords:
		cur = strings.TrimPrefix(cur, ".")
	}
	found, files := complete(e, app, words[:len(words)-1], cur)
	// Some shells sort and some do not; in this way all show the same.
	slices.SortStableFunc(found, func(a, b candidate) int { return strings.Compare(a.value, b.value) })
	out := bufio.NewWriter(e.Out)
	defer out.Flush()
	if files {
		out.WriteString("\tfiles\n")
	}
	for _, c := range found {
		rest, ok := strings.CutPrefix(c.value, cur)
		switch {
		case !ok:
		case protocol == bashWords:
			out.WriteString(bashQuoted(rest, quote) + "\n")
		default:
			out.WriteString(c.value + "\t" + c.about + "\n")
		}
	}
	return true
}

// complete returns what may stand in the place of the word cur, which follows
// words, and whether that is the name of a file. It does not look at how cur
// begins, but for flags.
func complete(e *env, app *cli.App, words []string, cur string) (found []candidate, files bool) {
	l := typedIn(app, words)
	flag, _, hasValue := strings.Cut(cur, "=")
	switch {
	case l.open != "":
		return valuesFor(e, l.name+" "+l.open, valueOf(l.flags, l.open))
	case l.literal || !strings.HasPrefix(cur, "-"):
		return l.arguments(e)
	case !hasValue:
		return l.flagNames(), false
	}
	name := strings.TrimLeft(flag, "-")
	found, files = valuesFor(e, l.name+" "+name, valueOf(l.flags, name))
	for i := range found {
		found[i].value = flag + "=" + found[i].value
	}
	return found, files
}

// line is a command line up to the word at the cursor.
type line struct {
	name     string // of the command; empty for none
	commands []*cli.Command
	flags    []cli.Flag
	wants    string // ArgsUsage
	given    []string
	used     []string // flags
	open     string   // the flag that waits for its value
	literal  bool     // behind "--"
}

// typedIn reads the words as permute does.
func typedIn(app *cli.App, words []string) line {
	args := append([]string{app.Name}, words...)
	l := line{commands: app.Commands, flags: app.Flags}
	command, first := commandOf(app, args)
	if command != nil {
		l = line{commands: command.Subcommands, flags: command.Flags, wants: command.ArgsUsage, name: strings.Join(args[1:first], " ")}
	}
	for i := first; i < len(args); i++ {
		switch a := args[i]; {
		case l.literal || a == "-" || !strings.HasPrefix(a, "-"):
			l.given = append(l.given, a)
		case a == "--":
			l.literal = true
		default:
			flag, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
			l.used = append(l.used, flag)
			if hasValue || valueOf(l.flags, flag) == "" {
				continue
			}
			if i++; i == len(args) {
				l.open = flag
			}
		}
	}
	return l
}

// valueOf is what stands for the value of a flag; empty if it takes none.
func valueOf(flags []cli.Flag, name string) string {
	for _, t := range flagTexts(flags) {
		if t.name == name {
			return t.value
		}
	}
	return ""
}

// arguments are the commands and arguments that may follow.
func (l line) arguments(e *env) (found []candidate, files bool) {
	help := l.name == "" && len(l.given) == 1 && l.given[0] == "help"
	if len(l.commands) > 0 && (len(l.given) == 0 || help) {
		for _, c := range l.commands {
			if !c.Hidden {
				found = append(found, candidate{c.Name, c.Usage})
			}
		}
		return found, false
	}
	if len(l.given) > 0 && !strings.HasSuffix(l.wants, "...") {
		return nil, false
	}
	found, files = valuesFor(e, l.name, strings.Trim(l.wants, "[]."))
	return slices.DeleteFunc(found, func(c candidate) bool {
		return slices.Contains(l.given, c.value) || !l.literal && strings.HasPrefix(c.value, "-")
	}), files
}

// flagNames are the flags that may follow.
func (l line) flagNames() (found []candidate) {
	for _, f := range l.flags {
		_, again := f.(*cli.StringSliceFlag)
		for _, t := range flagTexts([]cli.Flag{f}) {
			if again || !slices.Contains(l.used, t.name) {
				found = append(found, candidate{"--" + t.name, t.usage})
			}
		}
	}
	found = append(found, candidate{"--help", "show the help page"})
	if l.name == "" {
		found = append(found, candidate{"--version", "print the version"})
	}
	return found
}

// valuesFor returns the values of a flag, which is named "COMMAND FLAG", or the
// arguments of a command. wants is what stands for them in the help.
func valuesFor(e *env, of, wants string) (found []candidate, files bool) {
	values, ok := fixedValues[of]
	if !ok {
		values = fixedValues[of[strings.LastIndexByte(of, ' ')+1:]]
	}
	switch {
	case wants == "FILE":
		return nil, true
	case wants == "PROFILE":
		values = profileNames(e, slices.Contains(wantsKey, of))
	case wants == "RULE":
		for _, r := range report.Rules {
			found = append(found, candidate{r.ID, r.Title})
		}
	case strings.Contains(wants, "|"):
		values = strings.Split(wants, "|")
	}
	for _, v := range values {
		found = append(found, candidate{value: v})
	}
	return found, false
}

// profileNames are the profiles of the user's files; with a key, those that hold
// a long-term key. A file that cannot be read has none, and names that cannot be
// shown are left out.
func profileNames(e *env, withKey bool) (names []string) {
	paths, err := e.Paths()
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for kind, path := range []string{paths.Credentials, paths.Config} {
		text, err := credfile.ReadText(e.Disk, path)
		if err != nil {
			continue
		}
		f := credfile.Parse(path, credfile.FileKind(kind), text)
		for _, s := range f.Sections {
			if s.Profile == "" || seen[s.Profile] || !show.Printable(s.Profile) || withKey && !holdsKey(f, s) {
				continue
			}
			seen[s.Profile] = true
			names = append(names, s.Profile)
		}
	}
	return names
}

// holdsKey reports whether a long-term key stands in a section.
func holdsKey(f *credfile.File, s credfile.Section) bool { return keyIn(f, s) != "" }

// keyIn is the ID of the long-term key in a section; empty if there is none.
func keyIn(f *credfile.File, s credfile.Section) string {
	for _, l := range f.Lines[s.First:s.Last] {
		if l.Kind == credfile.Property && strings.EqualFold(l.Name.In(f.Text), "aws_access_key_id") {
			id := strings.TrimSpace(l.Value.In(f.Text))
			if credfile.FactsOf(id).Kind == credfile.LongTerm {
				return id
			}
		}
	}
	return ""
}

// bashWord returns what bash makes of a word, and which quote is open at its end:
// ' or " or 0. Nothing in it is expanded.
func bashWord(typed string) (word string, quote byte) {
	b := make([]byte, 0, len(typed))
	for i := 0; i < len(typed); i++ {
		c := typed[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && i+1 < len(typed) && (quote == 0 || quote == '"' && strings.IndexByte("$`\"\\", typed[i+1]) >= 0):
			i++
			b = append(b, typed[i])
		default:
			b = append(b, c)
		}
	}
	return string(b), quote
}

// bashQuoted writes text so that bash takes it for itself and nothing else, after
// an open quote or none.
func bashQuoted(text string, quote byte) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case quote == '\'' && c == '\'':
			b = append(b, `'\''`...)
		case quote == '"' && c == '!': // the history is looked up in double quotes, too
			b = append(b, `"\!"`...)
		case quote == '"' && strings.IndexByte("$`\"\\", c) >= 0,
			quote == 0 && c < 0x80 && !isWordByte(c):
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// isWordByte reports whether no shell gives a meaning to c within a word.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_./:@%+,=", c) >= 0
}
