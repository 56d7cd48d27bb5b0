package format

import (
	"strings"

	"github.com/mattn/go-runewidth"

	"keycare/credfile/show"
)

// wrapped writes s in as many lines as it needs.
func (t *tableWriter) wrapped(indent, s string, c show.Style) {
	for _, line := range t.lines(indent, show.Flow(s)) {
		t.b.WriteString(indent + t.color(strings.TrimPrefix(line, indent), c) + "\n")
	}
}

// lines breaks s between words, each line with its indentation. A longer word,
// such as a path, stays whole: a terminal breaks it without adding anything, so
// it can still be copied. A number stays with what it counts.
func (t *tableWriter) lines(indent, s string) []string {
	var lines []string
	line, width := indent, len(indent)
	for _, word := range words(s) {
		n := runewidth.StringWidth(word)
		if width > len(indent) && width+1+n > t.Width {
			lines = append(lines, line)
			line, width = indent, len(indent)
		}
		if width > len(indent) {
			line += " "
			width++
		}
		line += word
		width += n
	}
	return append(lines, line)
}

// words are what stays together: each word, and each number with the next one.
func words(s string) (all []string) {
	number := false
	for word := range strings.SplitSeq(s, " ") {
		if number {
			all[len(all)-1] += " " + word
		} else {
			all = append(all, word)
		}
		number = !number && word != "" && strings.Trim(word, "0123456789") == ""
	}
	return all
}
