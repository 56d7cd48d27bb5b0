package credfile

import (
	"fmt"
	"strings"
)

// FileKind says which of the two shared files a file is: their header rules
// differ.
type FileKind int

const (
	CredentialsFile FileKind = iota
	ConfigFile
)

func (k FileKind) String() string {
	if k == ConfigFile {
		return "config"
	}
	return "credentials"
}

// MarshalText writes "credentials" or "config".
func (k FileKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *FileKind) UnmarshalText(b []byte) error {
	switch string(b) {
	case CredentialsFile.String():
		*k = CredentialsFile
	case ConfigFile.String():
		*k = ConfigFile
	default:
		return fmt.Errorf("no such kind of file %q", b)
	}
	return nil
}

// Span is a half-open byte range of a file's text.
type Span struct{ Start, End int }

// In returns the text that the span covers.
func (s Span) In(text string) string { return text[s.Start:s.End] }

// LineKind is what a line looks like by itself, before any tool's rules for
// indentation apply.
type LineKind uint8

const (
	Blank LineKind = iota
	Comment
	Header   // first character is [
	Property // has = or :
	Junk     // none of these
)

// Line is one line of a file. Lines tile the text: the first begins at 0 and
// each begins where the one before it ends, so joining them gives the file back.
type Line struct {
	Span     // with its line end
	Kind     LineKind
	Indented bool // begins with white space of any kind
	EOL      int8 // bytes of the line end: 0 (end of file), 1 (LF) or 2 (CRLF)
	// Name is what stands between the brackets of a Header, or before the
	// delimiter of a Property; Value what follows it. Both without the white
	// space around them, of whatever kind. Delim is the place of the = or :.
	Name, Value Span
	Delim       int
}

// Section is a header and the lines up to the next header. Section 0 of a file
// holds what stands before the first header and has no name.
type Section struct {
	Profile     string // the profile that the header means to name; empty where it names none
	Raw         string // the header's text between the brackets
	First, Last int    // lines [First, Last)
}

// File is one parsed shared file.
type File struct {
	Path     string
	Kind     FileKind
	Text     string
	Lines    []Line
	Sections []Section

	byProfile map[string][]int // indexes of Sections; nil where they are few
	both      bool             // it is the other of the two shared files as well
}

// Parse scans text into lines and sections. It refuses nothing: whatever it
// cannot name becomes a line of kind Junk. What AWS's tools make of the file is
// said by File.Diagnostics and Set.Readings.
func Parse(path string, kind FileKind, text string) *File {
	f := &File{Path: path, Kind: kind, Text: text}
	n := strings.Count(text, "\n") + 1
	f.Lines = make([]Line, 0, n)
	f.Sections = append(make([]Section, 0, n/4+1), Section{})
	for at := 0; at < len(text); {
		l := scanLine(text, at)
		if l.Kind == Header {
			f.Sections[len(f.Sections)-1].Last = len(f.Lines)
			raw := l.Name.In(text)
			f.Sections = append(f.Sections, Section{
				Profile: profileName(kind, raw), Raw: raw, First: len(f.Lines),
			})
		}
		f.Lines = append(f.Lines, l)
		at = l.End
	}
	f.Sections[len(f.Sections)-1].Last = len(f.Lines)
	return f
}

// scanLine reads the line that begins at byte at.
func scanLine(text string, at int) Line {
	l := Line{Span: Span{at, len(text)}}
	end := len(text)
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		end = at + i
		l.End, l.EOL = end+1, 1
		if end > at && text[end-1] == '\r' {
			end--
			l.EOL = 2
		}
	}
	start := at
	if start == 0 && strings.HasPrefix(text, bom) {
		start = len(bom)
	}
	body := trim(text, Span{start, end})
	l.Indented = body.Start > start
	if body.Start == body.End {
		return l
	}
	switch text[body.Start] {
	case '#', ';':
		l.Kind = Comment
	case '[':
		l.Kind = Header
		l.Name = headerName(text, body)
	default:
		i := strings.IndexAny(text[body.Start:body.End], "=:")
		if i < 0 {
			l.Kind = Junk
			break
		}
		l.Kind = Property
		l.Delim = body.Start + i
		l.Name = trim(text, Span{body.Start, l.Delim})
		l.Value = trim(text, Span{l.Delim + 1, body.End})
	}
	return l
}

const bom = "\uFEFF"

// headerName returns what stands between the brackets of a header: up to the
// last ] where both the AWS CLI and the Go SDK read it so, or else to the first;
// the rest of the line where none closes it.
func headerName(text string, body Span) Span {
	in := Span{body.Start + 1, body.End}
	rest := in.In(text)
	i, last := strings.IndexByte(rest, ']'), strings.LastIndexByte(rest, ']')
	if last == len(rest)-1 && !strings.ContainsAny(rest, "#;") {
		i = last
	}
	if i >= 0 {
		in.End = in.Start + i
	}
	return trim(text, in)
}

// trim narrows s by the white space at both ends, of every kind that one of the
// readers skips: no-break spaces and their like stand in many a pasted file.
func trim(text string, s Span) Span {
	in := s.In(text)
	left := strings.TrimLeftFunc(in, pySpace)
	start := s.Start + len(in) - len(left)
	return Span{start, start + len(strings.TrimRightFunc(left, pySpace))}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// profileName returns the profile that a header means to name, generously:
// quotes and odd spacing are forgiven here and diagnosed elsewhere.
func profileName(kind FileKind, raw string) string {
	name := raw
	if kind == ConfigFile {
		rest, ok := strings.CutPrefix(raw, "profile")
		switch {
		case ok && rest != "" && isBlank(rest[0]):
			name = strings.Trim(rest, " \t")
		case raw != "default":
			return ""
		}
	} else if rest, ok := strings.CutPrefix(raw, "profile"); ok && rest != "" && isBlank(rest[0]) {
		return ""
	}
	if n := len(name); n >= 2 && (name[0] == '"' || name[0] == '\'') && name[n-1] == name[0] {
		name = name[1 : n-1]
	}
	return name
}

// Position is a place in a file for people: line and column count from 1, the
// column in bytes.
type Position struct{ Line, Col int }

// At returns the position of byte offset at.
func (f *File) At(at int) Position {
	lo, hi := 0, len(f.Lines)
	for lo < hi {
		mid := (lo + hi) / 2
		if f.Lines[mid].End <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(f.Lines) {
		return Position{len(f.Lines) + 1, 1}
	}
	return Position{lo + 1, at - f.Lines[lo].Start + 1}
}

// othersSection reports whether a section of a file that is both of the shared
// files counts for the other: for the config file what the credentials file's
// rules make no profile of.
func (f *File) othersSection(sec Section) bool {
	if !f.both {
		return false
	}
	if f.Kind == ConfigFile {
		return profileName(CredentialsFile, sec.Raw) != "" || sec.Raw == ""
	}
	return profileName(CredentialsFile, sec.Raw) == "" && profileName(ConfigFile, sec.Raw) != ""
}
