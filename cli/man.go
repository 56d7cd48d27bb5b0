package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile/show"
)

// manDate is the date of the man page. A page without one is not well formed, and
// the day of the build would make each build another one.
const manDate = "2026-11-23"

func manCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the man page",
		Description: "The page has all commands, flags, exit codes, variables and files. It is made for\n" +
			"the programs man and mandoc.",
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			fmt.Fprint(e.Out, manPage(c.App))
			return nil
		},
	}
}

// environmentTable are the variables that keycare reads.
var environmentTable = [][2]string{
	{"AWS_PROFILE, AWS_DEFAULT_PROFILE", "The profile where none is named; the first of the two that is set, else \"default\"."},
	{"AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE", "The two files. A ~ or $ in them is reported, and no edit is made."},
	{"AWS_REGION, AWS_DEFAULT_REGION", "The region for signing; else the profile's, else us-east-1."},
	{"AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS", "Other endpoints, as in all AWS SDKs."},
	{"AWS_CA_BUNDLE, HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "As in the AWS SDK for Go."},
	{"AWS_CLI_HISTORY_FILE", "Where the audit looks for the AWS CLI's record of calls."},
	{"HOME, USERPROFILE", "Where the folder .aws is; the second on Windows."},
	{"XDG_STATE_HOME, XDG_CONFIG_HOME", "Where the state folder and the settings are."},
	{"KEYCARE_NAME", "A setting, with its name in capitals: KEYCARE_MAX_AGE. It goes before the file, and flags before both. One that is no setting is an error."},
	{"NO_COLOR, TERM", "No colour if the first is set, or the second is empty or \"dumb\"."},
}

// filesTable are the files that keycare reads and writes, as Linux has them.
var filesTable = [][2]string{
	{"~/.aws/credentials, ~/.aws/config", "The AWS shared files."},
	{"~/.aws/.credentials.keycare-lock", "An empty lock file. It stays."},
	{"~/.config/keycare.ini", "The settings. There need not be any; \"keycare settings\" shows where they are looked for on other systems."},
	{"~/.local/state/keycare/", "The state folder: history.jsonl, what audits learned (facts.json), and rotations/ with a journal and a recovery file for each rotation in flight. " +
		"It is ~/Library/Application Support/keycare on macOS and %LOCALAPPDATA%\\keycare on Windows."},
}

// manPage is the man page in the macros of man(7), made from the command tree.
func manPage(app *cli.App) string {
	m := &roff{}
	fmt.Fprintf(m, ".TH KEYCARE 1 %s keycare \"User Commands\"\n", manDate)
	m.macro("SH", "NAME")
	m.text("keycare - " + app.Usage)
	m.macro("SH", "SYNOPSIS")
	m.macro("B", "keycare")
	m.WriteString("[COMMAND] [FLAG]... [ARGUMENT]...\n")
	m.macro("SH", "DESCRIPTION")
	m.paragraphs(app.Description)
	m.macro("SH", "COMMANDS")
	eachCommand(app.Commands, func(name string, c *cli.Command) {
		if c.Hidden {
			return
		}
		m.macro("SS", synopsis(name, c))
		m.text(sentence(c.Usage))
		if c.Description != "" {
			m.macro("PP")
			m.paragraphs(c.Description)
		}
		for _, f := range flagTexts(c.Flags) {
			m.item(f.form(), sentence(f.usage))
			if f.initial != "" {
				m.text("The default is " + f.initial + ".")
			}
		}
		if e := examplesOf(name); e != "" {
			m.macro("PP")
			m.text("Examples:")
			m.verbatim(e)
		}
	})
	m.macro("SH", "OPTIONS")
	m.item("--help, -h", "Show the help page, also of a command.")
	m.item("--version, -v", "Print the version.")
	m.macro("PP")
	m.text("Flags may stand before or after other arguments; behind \"--\" all are arguments.")
	m.macro("SH", "EXIT STATUS")
	for _, e := range exitTable {
		m.item(strconv.Itoa(e.code), sentence(e.text))
	}
	for _, s := range []struct {
		title string
		table [][2]string
	}{{"ENVIRONMENT", environmentTable}, {"FILES", filesTable}} {
		m.macro("SH", s.title)
		for _, e := range s.table {
			m.item(e[0], e[1])
		}
	}
	m.macro("SH", "EXAMPLES")
	m.verbatim(examplesOf(""))
	m.macro("SH", "SEE ALSO")
	m.text("\"keycare explain\" has what man pages have of rules: what each looks for, why it matters and how to mend it.")
	m.macro("PP")
	m.text("crontab(1), systemd.timer(5)")
	return m.String()
}

// sentence makes one of a usage.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return show.Sentence(s) + "."
}

// roff is a man page as it is written.
type roff struct {
	strings.Builder
	last string // the macro before
}

// macro writes a request with its arguments. A paragraph begins by itself below a
// heading.
func (m *roff) macro(name string, args ...string) {
	if name == "PP" && (m.last == "SH" || m.last == "SS") {
		return
	}
	m.last = name
	m.WriteString("." + name)
	for _, a := range args {
		m.WriteString(` "` + strings.ReplaceAll(escaped(a), `"`, `\(dq`) + `"`)
	}
	m.WriteByte('\n')
}

// item is something with a tag and what it is.
func (m *roff) item(tag, text string) {
	m.macro("TP")
	m.macro("B", tag)
	m.text(text)
}

// sentenceEnd is between two sentences; "..." ends none.
var sentenceEnd = regexp.MustCompile(`([^.])\. `)

// text writes filled text, each sentence in lines of its own.
func (m *roff) text(s string) {
	m.last = ""
	s = sentenceEnd.ReplaceAllString(strings.Join(strings.Fields(s), " "), "$1.\n")
	for sentence := range strings.SplitSeq(s, "\n") {
		for _, line := range lines(sentence, 72) {
			m.WriteString(plainLine(escaped(line)) + "\n")
		}
	}
}

// paragraphs writes a Description.
func (m *roff) paragraphs(text string) {
	for i, p := range paragraphs(text) {
		switch {
		case strings.HasPrefix(p, " "):
			m.verbatim(p + "\n")
			continue
		case i > 0:
			m.macro("PP")
		}
		m.text(p)
	}
}

// verbatim writes lines as they are.
func (m *roff) verbatim(text string) {
	m.macro("PP")
	m.macro("nf")
	for line := range strings.Lines(text) {
		m.WriteString(plainLine(escaped(strings.TrimRight(line, "\n"))) + "\n")
	}
	m.macro("fi")
}

// escaped keeps characters from being commands or typographic ones: what is
// copied from the page must work in a shell.
var escaped = strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "'", `\(aq`, "`", `\(ga`).Replace

// plainLine keeps a line from being a request.
func plainLine(s string) string {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
