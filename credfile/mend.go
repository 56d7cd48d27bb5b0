package credfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mend is one repair of a quirk: an edit that keeps every key and setting as it
// is read, and every other byte.
type Mend struct {
	Diagnostic
	What string // what is done, as a command: "remove the byte order mark"
	Diff string // the lines before and after, secrets redacted
	// Moves names the profiles for which the Go SDK reads another key afterwards:
	// the one that the AWS CLI reads.
	Moves []string

	kind  FileKind
	edits []edit
}

// mostMends bounds the repairs of one run; each is proved with all readers.
const mostMends = 500

// Mend repairs the quirks of both files one after another. A repair is offered
// to accept only if it is proved to be safe: the AWS CLI reads every setting of
// every profile as before (or, where it rejects the file, the Go SDK does), and
// where the two read a key they read the same one afterwards, or at least not
// less alike. It returns the files with the accepted repairs.
func (s *Set) Mend(accept func(Mend) (bool, error)) (*Set, []Mend, error) {
	var done []Mend
	refused := map[string]bool{}
	start := s
	for len(done)+len(refused) < mostMends {
		m, after := s.nextMend(start, refused)
		if after == nil {
			break
		}
		ok, err := accept(m)
		if err != nil {
			return s, done, err
		}
		if !ok {
			refused[m.key(s)] = true
			continue
		}
		done, s = append(done, m), after
	}
	return s, done, nil
}

// LeftToPerson returns the quirks that Mend cannot take away and that matter:
// they spoil a file for a tool, or stand in a section with a key. One of a kind
// in a section is enough.
func (s *Set) LeftToPerson() (left []Diagnostic) {
	after, _, _ := s.Mend(func(Mend) (bool, error) { return true, nil })
	for _, f := range after.Files() {
		type place struct {
			quirk   Quirk
			section int
		}
		told := map[place]bool{}
		for _, d := range f.Diagnostics() {
			sec := f.sectionAt(min(d.Pos.Line, len(f.Lines)) - 1)
			at := place{d.Quirk, sec.First}
			if !told[at] && (QuirkTexts[d.Quirk].Whole || f.holdsKey(sec)) {
				told[at] = true
				left = append(left, d)
			}
		}
	}
	return left
}

// holdsKey reports whether a part of a key stands in a section.
func (f *File) holdsKey(sec Section) bool {
	return slices.ContainsFunc(f.Lines[sec.First:sec.Last], func(l Line) bool {
		return l.Kind == Property && isKeyName(strings.ToLower(l.Name.In(f.Text)))
	})
}

// key names a repair, wherever it moves.
func (m Mend) key(s *Set) string {
	f := s.Files()[m.kind]
	line := ""
	if n := m.Pos.Line - 1; n < len(f.Lines) {
		line = f.Lines[n].In(f.Text)
	}
	return fmt.Sprint(m.kind, m.Quirk, m.Profile, line)
}

// nextMend finds a repair that is safe and not refused; after is nil if there is
// none.
func (s *Set) nextMend(start *Set, refused map[string]bool) (Mend, *Set) {
	for k, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			what, edits := f.repair(d)
			m := Mend{Diagnostic: d, What: what, kind: FileKind(k), edits: edits}
			if len(edits) == 0 || refused[m.key(s)] {
				continue
			}
			if after := s.mended(start, m); after != nil {
				m.Diff = mendDiff(f, after.Files()[k].Text, edits)
				m.Moves = s.moved(after)
				return m, after
			}
		}
	}
	return Mend{}, nil
}

// mended returns the files with a repair, nil if it is not safe.
func (s *Set) mended(start *Set, m Mend) *Set {
	f := s.Files()[m.kind]
	texts := [2]string{s.Credentials.Text, s.Config.Text}
	edited, err := applyEdits(f.Text, m.edits)
	if err != nil || edited == f.Text {
		return nil
	}
	if back, err := undoEdits(edited, f.Text, m.edits); err != nil || back != f.Text {
		return nil
	}
	texts[m.kind] = edited
	after := NewSet(s.Paths, texts[CredentialsFile], texts[ConfigFile])
	after.Missing = s.Missing
	if !s.sameReadings(after) || !start.keptBy(after) {
		return nil
	}
	return after
}

// mostTried and largestTried bound what Mendable looks at: each repair is proved
// with all readers.
const mostTried, largestTried = 50, 64 << 10

// Mendable returns the quirks that Mend offers to repair as the files are now. Of
// large files, and of many quirks, some may be missing.
func (s *Set) Mendable() map[Diagnostic]bool {
	able := map[Diagnostic]bool{}
	if len(s.Credentials.Text)+len(s.Config.Text) > largestTried {
		return able
	}
	tried := 0
	for k, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			what, edits := f.repair(d)
			if len(edits) == 0 {
				continue
			}
			if tried++; tried > mostTried {
				return able
			}
			able[d] = s.mended(s, Mend{Diagnostic: d, What: what, kind: FileKind(k), edits: edits}) != nil
		}
	}
	return able
}

// moved are the profiles for which the Go SDK reads one key before and another
// one after.
func (s *Set) moved(after *Set) (profiles []string) {
	for _, p := range s.Profiles() {
		was, is := s.SDK(p), after.SDK(p)
		if was.None == "" && is.None == "" && was.Pair.ID != is.Pair.ID {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

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
		if sec, ok := f.sameSectionAbove(n); ok {
			put(Span{f.Lines[sec.First].Start, f.Lines[sec.Last-1].End}, "")
			return "remove the second of two equal sections", edits
		}
		return "move the settings of the second section to the first of that name", f.join(n)
	case "lone-cr":
		put(Span{at, at + 1}, f.lineEnd(n))
		return "write a line end for the carriage return", edits
	case "no-section", "nested-bad":
		put(Span{l.Start, l.Start}, "# ")
		return "make the line a comment, as no tool reads it", edits
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
// one of that name, if no setting stands in both.
func (f *File) join(n int) []edit {
	sec := f.sectionAt(n)
	i := slices.IndexFunc(f.Sections, func(o Section) bool { return o.Raw == sec.Raw })
	first := f.Sections[i]
	if first.First >= sec.First || sec.Raw == "" {
		return nil
	}
	have, _ := f.plainSettings(first)
	more, _ := f.plainSettings(sec)
	for name := range more {
		for other := range have {
			if strings.EqualFold(name, other) {
				return nil
			}
		}
	}
	last := first.Last - 1
	for last > first.First && f.Lines[last].Kind == Blank {
		last--
	}
	moved := f.Text[f.Lines[sec.First].End:f.Lines[sec.Last-1].End]
	if !strings.HasSuffix(moved, "\n") {
		moved += f.lineEnd(n)
	}
	to := f.Lines[last].End
	return []edit{{Span{to, to}, moved}, {Span{f.Lines[sec.First].Start, f.Lines[sec.Last-1].End}, ""}}
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

// sameSectionAbove returns the section of header n if an earlier one has the
// same header and settings, and it holds nothing else that would be lost.
func (f *File) sameSectionAbove(n int) (Section, bool) {
	sec := f.sectionAt(n)
	for _, o := range f.Sections {
		if o.First >= sec.First {
			break
		}
		if o.Raw != sec.Raw || o.Raw == "" {
			continue
		}
		a, _ := f.plainSettings(o)
		b, plain := f.plainSettings(sec)
		return sec, plain && maps.Equal(a, b)
	}
	return sec, false
}

// plainSettings are the settings of a section; plain says that there are no
// other lines in it but blank ones.
func (f *File) plainSettings(sec Section) (settings map[string]string, plain bool) {
	settings, plain = map[string]string{}, true
	for _, l := range f.Lines[sec.First:sec.Last] {
		switch l.Kind {
		case Property:
			settings[l.Name.In(f.Text)] = l.Value.In(f.Text)
		case Comment, Junk:
			plain = false
		}
	}
	return settings, plain
}

// sameReadings reports whether after is read as s is meant to be read.
func (s *Set) sameReadings(after *Set) bool {
	for k := range s.Files() {
		if s.Files()[k].Text == after.Files()[k].Text {
			continue
		}
		before, rejected := s.cli[k].byName, s.cli[k].refused != nil
		now := after.cli[k].byName
		if rejected {
			before = s.sdk[k].byName
			if s.sdk[k].refused != nil {
				return false // no tool reads it, so nobody knows what was meant
			}
			if after.cli[k].refused != nil {
				now = after.sdk[k].byName // one cause of several is mended
			}
		} else if after.cli[k].refused != nil || len(before) != len(now) {
			return false
		}
		for name, g := range before {
			if !s.sameGroup(k, name, g, now[name]) {
				return false
			}
		}
	}
	for _, p := range s.Profiles() {
		if s.agreeOn(p) && !after.agreeOn(p) {
			return false
		}
	}
	return true
}

// keptBy reports whether after keeps the keys that the Go SDK read where the AWS
// CLI rejected the files: mending one cause after another must not end up with
// the reading of neither.
func (s *Set) keptBy(after *Set) bool {
	if s.cli[CredentialsFile].refused == nil && s.cli[ConfigFile].refused == nil {
		return true
	}
	for _, p := range s.Profiles() {
		if r := s.SDK(p); r.None == "" && !r.same(after.SDK(p)) {
			return false
		}
	}
	return true
}

// sameGroup compares a section before and after. A value of the AWS CLI's that
// holds a comment or quotes, which no key and no plain setting has, may become
// what the Go SDK reads.
func (s *Set) sameGroup(k int, section string, before, after *group) bool {
	if before == nil || after == nil {
		return before == after
	}
	if len(before.settings) != len(after.settings) {
		return false
	}
	for _, b := range before.settings {
		a := after.find(b.name)
		if a == nil || a.nested != b.nested {
			return false
		}
		if a.value == b.value {
			continue
		}
		meant, ok := s.sdk[k].byName[section].value(b.name)
		if !ok || meant == b.value || a.value != meant || !impossible(b) {
			return false
		}
	}
	return true
}

// impossible reports whether a value cannot have been meant as the AWS CLI reads
// it: a comment in it, or a quoted part of a key.
func impossible(st setting) bool {
	if sdkUncomment(st.value) != st.value {
		return true
	}
	return isKeyName(st.name) && strings.ContainsAny(st.value, "\"'")
}

// agreeOn reports whether the AWS CLI and the Go SDK read the same under a
// profile, be it nothing. One that rejects a file agrees with nobody.
func (s *Set) agreeOn(profile string) bool {
	cli, sdk := s.CLI(profile), s.SDK(profile)
	if cli.Refused != nil || sdk.Refused != nil {
		return false
	}
	if cli.None != "" || sdk.None != "" {
		return cli.None != "" && sdk.None != ""
	}
	return cli.same(sdk)
}
