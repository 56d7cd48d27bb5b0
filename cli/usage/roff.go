package usage

import (
	"strings"

	"keycare/credfile/pattern"
)

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
var sentenceEnd = pattern.Of(`([^.])\. `)

// text writes filled text, each sentence in lines of its own.
func (m *roff) text(s string) {
	m.last = ""
	s = sentenceEnd().ReplaceAllString(strings.Join(strings.Fields(s), " "), "$1.\n")
	for sentence := range strings.SplitSeq(s, "\n") {
		for _, line := range Lines(sentence, 72) {
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
