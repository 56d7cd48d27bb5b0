package credfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Diagnostic is a quirk at a place of a file.
type Diagnostic struct {
	Quirk   Quirk
	Path    string
	Pos     Position
	Profile string // the profile whose section holds it; empty outside of one
}

// String is file:line:col and one sentence.
func (d Diagnostic) String() string {
	t := QuirkTexts[d.Quirk]
	return fmt.Sprintf("%s:%d:%d: %s: %s; %s", d.Path, d.Pos.Line, d.Pos.Col, t.What, t.Tools, t.Repair)
}

// Diagnostics returns every place of the file that AWS's tools read
// differently, in the order of the file.
func (f *File) Diagnostics() []Diagnostic {
	d := &differ{file: f, above: -1, sections: make(map[string]bool, len(f.Sections))}
	other := f.both && f.Kind == ConfigFile // of one file, each thing is said once
	if strings.HasPrefix(f.Text, bom) && !other {
		d.add("bom", 0)
	}
	if !utf8.ValidString(f.Text) && !other {
		d.addLine("not-utf8", lineOfInvalid(f.Text)-1)
	}
	for i, sec := range f.Sections {
		if !f.othersSection(sec) {
			d.section(i, sec)
		}
	}
	return d.found
}

type differ struct {
	file     *File
	sections map[string]bool // normal forms of the headers seen
	found    []Diagnostic
	profile  string

	names   map[string]bool // settings of this section
	glued   int             // the line that ends in a header, or -1
	above   int             // indentation of the setting above, -1 at the start of a section
	value   bool            // the setting above has a value
	nesting bool            // below a setting without a value
}

func (d *differ) add(q Quirk, at int) {
	d.found = append(d.found, Diagnostic{q, d.file.Path, d.file.At(at), d.profile})
}

func (d *differ) addLine(q Quirk, line int) {
	at := 0
	if line < len(d.file.Lines) {
		at = d.file.Lines[line].Start
	}
	d.add(q, at)
}

func (d *differ) section(i int, sec Section) {
	above := d.above
	d.profile, d.above, d.value, d.nesting = sec.Profile, -1, false, false
	d.names, d.glued = nil, d.file.gluedHeader(sec)
	for n := sec.First; n < sec.Last; n++ {
		l := d.file.Lines[n]
		d.loneCR(l)
		d.oddSpaces(l)
		switch l.Kind {
		case Header:
			d.header(sec, l)
			switch {
			case above >= 0 && indentOf(d.file.Text[l.Start:l.End]) > above:
				d.add("indented-header", l.Start)
			case l.Indented:
				d.add("indented", l.Start)
			}
		case Comment:
			if l.Indented && d.above >= 0 && d.value {
				d.add("indented-comment", l.Start)
			}
		case Property, Junk:
			if d.hiddenHeader(l) {
				d.add("header-hidden", l.Start)
				d.names = nil // what follows is meant for another section
				continue
			}
			if i == 0 {
				d.add("no-section", l.Start)
				continue
			}
			d.setting(l)
		}
	}
}

// hiddenHeader reports whether a line would be a header but for characters before
// it that do not show. A byte order mark at the start is a quirk of its own.
func (d *differ) hiddenHeader(l Line) bool {
	text := strings.TrimRight(d.file.Text[l.Start:l.End], " \t\r\n")
	if l.Start == 0 {
		text = strings.TrimPrefix(text, bom)
	}
	rest := strings.TrimLeftFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	return len(rest) < len(text) && strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]") && strings.TrimLeft(text, " \t") != rest
}

func (d *differ) loneCR(l Line) {
	end := l.End - int(l.EOL)
	if i := strings.IndexByte(d.file.Text[l.Start:end], '\r'); i >= 0 {
		d.add("lone-cr", l.Start+i)
	}
}

// oddSpace is white space other than spaces and tabs. A carriage return is a
// quirk of its own.
func oddSpace(r rune) bool { return pySpace(r) && r != ' ' && r != '\t' && r != '\r' && r != '\n' }

// oddSpaces looks at what surrounds the parts of a line.
func (d *differ) oddSpaces(l Line) {
	if l.Kind != Property && l.Kind != Header {
		return
	}
	look := func(q Quirk, s Span) {
		if i := strings.IndexFunc(s.In(d.file.Text), oddSpace); i >= 0 {
			d.add(q, s.Start+i)
		}
	}
	gaps := d.file.gaps(l)
	look("odd-space", gaps[0])
	if l.Kind == Property {
		look("odd-space", gaps[1])
	}
	if l.Kind == Header { // spaces inside of the brackets are a quirk of every kind
		if i := strings.IndexFunc(l.Name.In(d.file.Text), oddSpace); i >= 0 {
			d.add("header-odd-space", l.Name.Start+i)
		}
		return
	}
	before, after := d.file.aroundValue(l)
	switch i := strings.IndexFunc(before.In(d.file.Text), oddSpace); {
	case l.Value.Start == l.Value.End:
	case i >= 0:
		d.add("value-space", before.Start+i)
	default:
		look("value-space", after)
	}
}

// gaps are the white space in front of a Property or Header, and what stands
// around the text that names it.
func (f *File) gaps(l Line) []Span {
	start := l.Start
	if start == 0 && strings.HasPrefix(f.Text, bom) {
		start = len(bom)
	}
	if l.Kind == Property {
		return []Span{{start, l.Name.Start}, {l.Name.End, l.Delim}}
	}
	open := start + strings.IndexByte(f.Text[start:l.End], '[')
	return []Span{{start, open}, {open + 1, l.Name.Start}}
}

// aroundValue is the white space in front of a Property's value and behind it.
func (f *File) aroundValue(l Line) (before, after Span) {
	return Span{l.Delim + 1, l.Value.Start}, Span{l.Value.End, l.End - int(l.EOL)}
}

// setting looks at a Property or Junk line inside a section.
func (d *differ) setting(l Line) {
	text := d.file.Text
	indent := indentOf(text[l.Start:l.End])
	deeper := d.above >= 0 && indent > d.above
	if deeper && d.nesting {
		d.nested(l)
		return
	}
	switch {
	case deeper && l.Kind == Junk:
		d.add("continuation", l.Start)
		return
	case deeper:
		d.add("indented-setting", l.Start)
	case l.Indented && l.Kind == Property:
		d.add("indented", l.Start)
	}
	if l.Kind == Junk {
		if words := strings.Fields(text[l.Start:l.End]); len(words) > 1 && isKeyName(strings.ToLower(words[0])) {
			d.add("key-no-delimiter", l.Start)
		} else {
			d.add("no-delimiter", l.Start)
		}
		return
	}
	if !deeper {
		d.above = indent
	}
	value := l.Value.In(text)
	d.value, d.nesting = value != "", value == ""
	d.name(l)
	d.valueOf(l, value)
	if d.glued >= 0 && l.Span == d.file.Lines[d.glued].Span {
		d.add("header-glued", l.Start+strings.LastIndexByte(text[l.Start:l.End], '['))
		d.names = nil // of a section of its own, as it was meant
	}
}

func (d *differ) nested(l Line) {
	if l.Kind == Junk || d.file.Text[l.Delim] != '=' && !strings.Contains(l.Value.In(d.file.Text), "=") {
		d.add("nested-bad", l.Start)
		return
	}
	if name := strings.ToLower(l.Name.In(d.file.Text)); isKeyName(name) {
		d.add("nested-key", l.Start)
	}
	if l.Name.Start == l.Name.End {
		d.add("no-name", l.Start)
	}
	if v := l.Value.In(d.file.Text); v == `"` || v == `'` {
		d.add("lone-quote", l.Value.Start)
	}
}

func isKeyName(name string) bool {
	switch name {
	case nameID, nameSecret, nameToken, nameOldToken:
		return true
	}
	return false
}

func (d *differ) name(l Line) {
	raw := l.Name.In(d.file.Text)
	name := strings.ToLower(raw)
	if raw == "" {
		d.add("no-name", l.Start)
		return
	}
	if d.names == nil {
		d.names = make(map[string]bool, 4)
	}
	if d.names[name] {
		d.add("twice-setting", l.Name.Start)
	}
	d.names[name] = true
	if strings.ContainsAny(raw, `"'`) || raw[0] == '`' {
		d.add("name-quotes", l.Name.Start)
	}
	if raw != name && isKeyName(name) {
		d.add("caps", l.Name.Start)
	}
	if name == nameOldToken {
		d.oldToken(l)
	}
	if d.file.Text[l.Delim] == ':' && plainSetting(raw) {
		d.add("colon", l.Delim)
	}
}

// oldToken looks for the other name of the session token beside line l.
func (d *differ) oldToken(l Line) {
	f := d.file
	quirk := Quirk("old-token")
	sec := f.sectionAt(f.At(l.Start).Line - 1)
	for _, o := range f.Lines[sec.First:sec.Last] {
		if o.Kind == Property && f.nameOf(o) == nameToken {
			if quirk = "old-token-other"; o.Value.In(f.Text) == l.Value.In(f.Text) {
				quirk = "old-token-same"
			}
		}
	}
	d.add(quirk, l.Name.Start)
}

// plainSetting reports whether a name is one that a tool may look for.
func plainSetting(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.\"'", r))
	})
}

func (d *differ) valueOf(l Line, value string) {
	if value == "" {
		return
	}
	at := l.Value.Start
	switch first := value[0]; {
	case first == '#' || first == ';':
		d.add("value-comment", at)
		return
	case value == `"` || value == `'`:
		d.add("lone-quote", at)
		return
	case first == '"' || first == '\'':
		if value[len(value)-1] == first {
			d.add("value-quotes", at)
		}
	case first == '`':
		d.add("backtick", at)
	}
	if cut := sdkUncomment(value); cut != value {
		d.add("inline-comment", at+len(cut)+1)
	}
}
