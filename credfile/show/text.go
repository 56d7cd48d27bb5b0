package show

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable reports whether s shows as itself on every terminal. Control
// characters, marks of writing direction, what takes no room and bytes that are
// not UTF-8 do not.
func Printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0
}

// hidden reports whether r shows as something else, or as nothing. The tables
// hold what unicode.IsPrint takes for letters and marks, but has no shape of
// its own (Unicode, DerivedCoreProperties, Default_Ignorable_Code_Point).
func hidden(r rune) bool {
	const brailleBlank = '\u2800'
	return !unicode.IsPrint(r) || r == brailleBlank ||
		r >= 0x300 && unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Text writes s in one line: what would not show as itself as an escape in Go's
// notation, as %q does (a line's end too), so that no name or message can steer a
// terminal or add a line of its own. A tab becomes a space.
func Text(s string) string { return escaped(s, func(r rune) bool { return r == '\t' }, " ") }

// Flow is Text for a sentence: a line's end is a space, too.
func Flow(s string) string {
	return escaped(s, func(r rune) bool { return r == '\t' || r == '\n' }, " ")
}

// Lines is Text for a text of several lines: line ends and tabs stay.
func Lines(s string) string {
	if Printable(s) {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j, cell := range cells {
			cells[j] = Text(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

func escaped(s string, blank func(rune) bool, space string) string {
	if Printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		one := s[:n]
		s = s[n:]
		switch {
		case blank(r):
			b.WriteString(space)
		case Printable(one):
			b.WriteString(one)
		default:
			b.WriteString(escape(one))
		}
	}
	return b.String()
}

// escape writes one character, or one byte that is none, so that it shows.
func escape(one string) string {
	q := strconv.QuoteToASCII(one)
	return q[1 : len(q)-1]
}

// Sentence begins s with a capital letter, but for keycare's own name.
func Sentence(s string) string {
	if s == "" || strings.HasPrefix(s, "keycare") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Path is a path for people: the home folder as ~, and nothing that steers a
// terminal. An empty home shows the whole path.
func Path(path, home string) string {
	if rest, ok := strings.CutPrefix(path, home); ok && home != "" && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		path = "~" + rest
	}
	return Text(path)
}

// Paths is a sentence for people that may name paths: the home folder in it as
// ~, and nothing that steers a terminal.
func Paths(text, home string) string {
	var b strings.Builder
	for home != "" {
		before, rest, ok := strings.Cut(text, home)
		if !ok {
			break
		}
		b.WriteString(before)
		inner := before != "" && strings.IndexByte(" \"'([:", before[len(before)-1]) < 0
		if text = rest; inner || !strings.HasPrefix(filepath.ToSlash(rest), "/") {
			b.WriteString(home)
		} else {
			b.WriteByte('~')
		}
	}
	b.WriteString(text)
	return Flow(b.String())
}
