package credfile

import (
	"slices"
	"strings"

	"keycare/credfile/show"
)

// repair returns the edits that mend a quirk; none where only a person can say
// what was meant.
func (f *File) repair(d Diagnostic) (what string, edits []edit) {
	n := d.Pos.Line - 1
	if n >= len(f.Lines) {
		return "", nil
	}
	l := f.Lines[n]
	at := l.Start + d.Pos.Col - 1
	end := l.End - int(l.EOL)
	put := func(span Span, text string) { edits = append(edits, edit{span, text}) }
	switch d.Quirk {
	case "bom":
		put(Span{0, len(bom)}, "")
		return "remove the byte order mark", edits
	case "header-tail":
		tail := trim(f.Text, Span{at, end})
		gap := ""
		if tail.Start == at {
			gap = " "
		}
		put(Span{tail.Start, tail.Start}, gap+"# ")
		return "make the text after the header a comment", edits
	case "no-delimiter":
		put(Span{l.Start, l.Start}, "# ")
		return "make the line a comment", edits
	case "inline-comment":
		value := trim(f.Text, Span{l.Value.Start, at})
		comment := trim(f.Text, Span{at, end}).In(f.Text)
		if value.End >= at || comment == "" || comment[0] != '#' && comment[0] != ';' {
			return "", nil
		}
		put(Span{l.Start, l.Start}, comment+f.lineEnd(n))
		put(Span{value.End, end}, "")
		return "move the comment to a line of its own", edits
	case "value-quotes":
		if !isKeyName(strings.ToLower(l.Name.In(f.Text))) || l.Value.End-l.Value.Start < 3 {
			return "", nil
		}
		put(Span{l.Value.Start, l.Value.Start + 1}, "")
		put(Span{l.Value.End - 1, l.Value.End}, "")
		return "remove the quotes", edits
	case "caps":
		put(l.Name, strings.ToLower(l.Name.In(f.Text)))
		return "write the name in lower case", edits
	case "colon":
		put(Span{l.Delim, l.Delim + 1}, "=")
		return "write = instead of :", edits
	case "header-gap":
		rest := strings.TrimPrefix(l.Name.In(f.Text), "profile")
		gap := len(rest) - len(strings.TrimLeft(rest, " \t"))
		start := l.Name.Start + len("profile")
		put(Span{start, start + gap}, " ")
		return "write one space in the header", edits
	case "indented":
		return "remove the spaces at the start of the lines", f.unindent(n)
	case "indented-comment":
		put(Span{l.Start, trim(f.Text, Span{l.Start, end}).Start}, "")
		return "remove the spaces at the start of the line", edits
	case "twice-setting":
		if first := f.sameSettingAbove(n); first {
			put(l.Span, "")
			return "remove the second of two equal lines", edits
		}
	case "twice-section":
		return f.join(n)
	case "lone-cr": // all of them, since some make no sense without the others
		for _, l := range f.Lines {
			end := l.End - int(l.EOL)
			for i := l.Start; i < end; i++ {
				if f.Text[i] == '\r' {
					put(Span{i, i + 1}, f.lineEnd(n))
				}
			}
		}
		return "write line ends for the carriage returns", edits
	case "no-section":
		if first := f.Sections[0]; f.holdsKey(first) || f.holdsID(first) || len(f.Sections) == 1 {
			return "", nil // it needs a header, or is no AWS file
		}
		put(Span{l.Start, l.Start}, "# ")
		return "make the line a comment, as no tool reads it", edits
	case "nested-bad":
		put(Span{l.Start, l.Start}, "# ")
		return "make the line a comment, as no tool reads it", edits
	case "old-token-same":
		put(l.Span, "")
		return "remove aws_security_token, which aws_session_token repeats", edits
	case "value-space":
		before, after := f.aroundValue(l)
		return "remove the unusual spaces", append(f.withoutOdd(before), f.withoutOdd(after)...)
	case "odd-space":
		gaps := f.gaps(l)
		if all := f.unindent(n); at < gaps[0].End && len(all) > 0 && l.Kind == Property {
			return "remove the spaces at the start of the lines", all
		}
		if at < gaps[0].End {
			put(gaps[0], "")
		}
		return "remove the unusual spaces", append(edits, f.withoutOdd(gaps[1])...)
	}
	return "", nil
}

// join moves the settings of the section with header n to the end of the first
// one of that name, if no setting stands in both with different values. What
// stands in both goes.
func (f *File) join(n int) (what string, edits []edit) {
	sec := f.sectionAt(n)
	i := slices.IndexFunc(f.Sections, func(o Section) bool { return o.Raw == sec.Raw })
	first := f.Sections[i]
	if first.First >= sec.First || sec.Raw == "" {
		return "", nil
	}
	have, more := f.settings(first), f.settings(sec)
	for name, value := range more {
		if old, ok := have[name]; ok && old != value {
			return "", nil
		}
	}
	last := first.Last - 1
	for last > first.First && f.Lines[last].Kind == Blank {
		last--
	}
	var moved strings.Builder
	for _, l := range f.Lines[sec.First+1 : sec.Last] {
		if _, ok := have[f.nameOf(l)]; !ok || l.Kind != Property {
			moved.WriteString(l.In(f.Text))
		}
	}
	text := moved.String()
	gone := edit{Span{f.Lines[sec.First].Start, f.Lines[sec.Last-1].End}, ""}
	if strings.TrimFunc(text, pySpace) == "" {
		return "remove the second section, which says nothing that the first one does not", []edit{gone}
	}
	if !strings.HasSuffix(text, "\n") {
		text += f.lineEnd(n)
	}
	to := f.Lines[last].End
	if l := f.Lines[last]; l.EOL == 0 {
		text = f.lineEnd(n) + text
	}
	return "move the settings of the second section to the first of that name", []edit{{Span{to, to}, text}, gone}
}

// settings are the names, in lower case, and values of a section.
func (f *File) settings(sec Section) map[string]string {
	m := map[string]string{}
	for _, l := range f.Lines[sec.First:sec.Last] {
		if l.Kind == Property {
			m[f.nameOf(l)] = l.Value.In(f.Text)
		}
	}
	return m
}

func (f *File) nameOf(l Line) string { return strings.ToLower(l.Name.In(f.Text)) }

// holdsID reports whether the text of a section has a key ID anywhere.
func (f *File) holdsID(sec Section) bool {
	return sec.First < sec.Last && len(show.KeyIDsIn(f.Text[f.Lines[sec.First].Start:f.Lines[sec.Last-1].End])) > 0
}

// lineEnd is how line n ends, or how the file's lines do.
func (f *File) lineEnd(n int) string {
	for _, l := range []Line{f.Lines[n], f.Lines[0]} {
		if l.EOL > 0 {
			return f.Text[l.End-int(l.EOL) : l.End]
		}
	}
	return "\n"
}

// unindent moves all settings of a section to the start of their lines if they
// begin in the same column; moving one of them would join the next to it.
func (f *File) unindent(n int) (edits []edit) {
	sec := f.sectionAt(n)
	column := -1
	for _, l := range f.Lines[sec.First:sec.Last] {
		if l.Kind != Property && l.Kind != Header && l.Kind != Comment {
			continue
		}
		body := trim(f.Text, Span{l.Start, l.End - int(l.EOL)})
		indent := indentOf(l.In(f.Text))
		if l.Kind == Property {
			if column < 0 {
				column = indent
			}
			if indent != column {
				return nil
			}
		}
		if indent > 0 {
			edits = append(edits, edit{Span{l.Start, body.Start}, ""})
		}
	}
	return edits
}

// withoutOdd takes unusual white space out of s.
func (f *File) withoutOdd(s Span) []edit {
	old := s.In(f.Text)
	if !strings.ContainsFunc(old, oddSpace) {
		return nil
	}
	return []edit{{s, strings.Map(func(r rune) rune {
		if oddSpace(r) {
			return -1
		}
		return r
	}, old)}}
}

// sameSettingAbove reports whether the section has the setting of line n, with
// the same value, above it.
func (f *File) sameSettingAbove(n int) bool {
	l := f.Lines[n]
	for _, o := range f.Lines[f.sectionAt(n).First:n] {
		if o.Kind == Property && strings.EqualFold(o.Name.In(f.Text), l.Name.In(f.Text)) {
			return o.Value.In(f.Text) == l.Value.In(f.Text)
		}
	}
	return false
}
