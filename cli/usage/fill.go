package usage

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// row is a name and what it is, in two columns; the second begins after width
// columns and two spaces of either side.
func row(name, text string, width int) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "  %-*s", width, name)
	if utf8.RuneCountInString(name) > width {
		fmt.Fprintf(b, "\n  %-*s", width, "")
	}
	indent := strings.Repeat(" ", width+4)
	for i, line := range Lines(text, Width-len(indent)) {
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
		b.WriteString(strings.Join(Lines(p, width), "\n") + "\n")
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

// Lines breaks text between words, into lines of at most width columns where
// words allow it.
func Lines(text string, width int) (out []string) {
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
