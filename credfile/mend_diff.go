package credfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// mendDiff shows the lines that edits change, secrets redacted.
func mendDiff(f *File, after string, edits []edit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", f.Path, f.Path)
	lines := map[int][]edit{}
	removed := map[int]bool{}
	for _, e := range edits {
		first, last := f.At(e.Start).Line-1, f.At(max(e.Start, e.End-1)).Line-1
		whole := last > first || e.Span == f.Lines[first].Span && e.text == ""
		for n := first; n <= last; n++ {
			removed[n] = removed[n] || whole
			lines[n] = append(lines[n], e)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(lines)) {
		l := f.Lines[n]
		old := l.In(f.Text)
		fmt.Fprintf(&b, "@@ line %d @@\n-%s\n", n+1, redactLine(old))
		if removed[n] {
			continue
		}
		shifted := make([]edit, len(lines[n]))
		for i, e := range lines[n] {
			shifted[i] = edit{Span{e.Start - l.Start, e.End - l.Start}, e.text}
		}
		now, err := applyEdits(old, shifted)
		if err != nil {
			continue // proved before not to happen
		}
		for line := range strings.SplitSeq(strings.TrimRight(now, "\r\n"), "\n") {
			fmt.Fprintf(&b, "+%s\n", redactLine(line))
		}
	}
	return b.String()
}

var longText = pattern.Of(`[A-Za-z0-9/+=_-]{16,}`)

// redactLine shows a line without what may be a secret in it. What a terminal
// would not show is named.
func redactLine(line string) string {
	line, marked := strings.CutPrefix(strings.TrimRight(line, "\r\n"), bom)
	line = redactText(line)
	if marked {
		line = bom + line
	}
	var b strings.Builder
	for _, r := range line {
		switch {
		case r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\r':
			b.WriteString("<CR>")
		case string(r) == bom:
			b.WriteString("<BOM>")
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

func redactText(line string) string {
	l := scanLine(line, 0)
	head, rest := "", line
	if l.Kind == Property && l.Name.End <= 64 {
		head, rest = line[:l.Delim+1], line[l.Delim+1:]
		switch strings.Trim(strings.ToLower(l.Name.In(line)), `"'# `) {
		case nameSecret, nameToken, nameOldToken:
			comment := commentOf(l.Value.In(line))
			before, after := around(sdkUncomment(rest))
			return head + before + redacted + after + comment
		}
	}
	if len(longText().FindString(head)) > len(nameSecret)+8 {
		head = redacted + " ="
	}
	return head + longText().ReplaceAllStringFunc(rest, func(s string) string {
		if show.IsKeyID(s) {
			return s
		}
		return redacted
	})
}

// around is what stands before and behind a value that is not a part of it for
// every tool: spaces of all kinds and quotes.
func around(text string) (before, after string) {
	edge := func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '\'' }
	value := strings.TrimLeftFunc(text, edge)
	before = text[:len(text)-len(value)]
	return before, value[len(strings.TrimRightFunc(value, edge)):]
}

// commentOf is the comment behind a value, with what may be a secret redacted.
func commentOf(value string) string {
	cut := sdkUncomment(value)
	if cut == value {
		return ""
	}
	return longText().ReplaceAllString(value[len(cut):], redacted)
}
