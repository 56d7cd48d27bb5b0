package credfile

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/ini.v1"

	"keycare/credfile/sorting"
)

// Mention is a line in which a text stands.
type Mention struct {
	Path    string
	Line    int
	Profile string // whose section it is; may be empty
}

// Mentions returns the lines of both files, comments left out, and of the copies
// that hold id. A comment ends at a carriage return, as it does for the AWS CLI.
func (s *Set) Mentions(id string) []Mention {
	var found []Mention
	for _, f := range s.Files() {
		for _, at := range f.mentions(id) {
			found = append(found, f.mention(f.At(at).Line))
		}
	}
	for _, c := range s.Copies {
		for _, n := range c.lines(id) {
			found = append(found, Mention{Path: c.Path, Line: n})
		}
	}
	return found
}

func (f *File) mention(line int) Mention {
	return Mention{f.Path, line, f.sectionAt(line - 1).Profile}
}

func (f *File) mentions(text string) []int {
	var at []int
	if text == "" {
		return nil
	}
	for from := 0; ; {
		i := strings.Index(f.Text[from:], text)
		if i < 0 {
			return at
		}
		if !f.inComment(from + i) {
			at = append(at, from+i)
		}
		from += i + len(text)
	}
}

// inComment reports whether byte at is in a comment for every tool.
func (f *File) inComment(at int) bool {
	l := f.Lines[f.At(at).Line-1]
	if l.Kind != Comment {
		return false
	}
	i := strings.LastIndexByte(f.Text[l.Start:at], '\r')
	return i < 0 || scanLine(f.Text[l.Start+i+1:l.End], 0).Kind == Comment
}

// Held is a place where a tool reads a key ID.
type Held struct {
	Mention
	Tool Tool
}

// Holds returns where a tool (the AWS CLI, the Go SDK, ini.v1 with either of its
// option sets) reads id as an access key ID, or as a part of one, in any section
// of either file, whether a profile or not. A key that is about to be deleted
// must have none, and no Mentions: a tool that rejects a file holds nothing, until
// the file is mended.
func (s *Set) Holds(id string) []Held {
	var found []Held
	for k, f := range s.Files() {
		if id == "" || !strings.Contains(f.Text, id) {
			continue
		}
		for _, v := range []struct {
			tool Tool
			view *view
		}{{ToolCLI, s.cli[k]}, {ToolSDK, s.sdk[k]}} {
			for _, name := range v.view.order {
				if st := v.view.byName[name].find(nameID); st != nil && strings.Contains(st.value, id) {
					found = append(found, Held{f.mention(st.line), v.tool})
				}
			}
		}
		for _, sec := range f.Sections {
			text := f.iniText(sec)
			if at := strings.Index(text, id); at >= 0 {
				for _, tool := range []Tool{ToolINIGo, ToolINIPlan} {
					if iniHolds(tool, text, id) {
						// its first line is the header, or one put there in front of line 1
						line := sec.First + strings.Count(text[:at], "\n") + 1
						if f.Lines[sec.First].Kind != Header {
							line--
						}
						found = append(found, Held{f.mention(line), tool})
					}
				}
			}
		}
	}
	return found
}

// iniHolds reports whether ini.v1 reads id as an access key ID in text.
func iniHolds(tool Tool, text, id string) bool {
	f, err := ini.LoadSources(iniOptions[tool], []byte(text))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(f.Sections(), func(sec *ini.Section) bool {
		return sec.HasKey(nameID) && strings.Contains(sec.Key(nameID).Value(), id)
	})
}

// Read is a key ID that a tool reads under a profile, from one of the files by
// itself: the other file may have a key that the tool prefers.
type Read struct {
	Profile string
	Kind    FileKind
	Line    int // of the access key ID, counted from 1
	Tool    Tool
	ID      string // as the tool reads it: perhaps no key ID
	Secret  Secret // may be empty
	Token   Secret
}

// Reads returns all access key IDs that the AWS CLI or the Go SDK reads in a
// profile, in the order of the files and of their lines.
func (s *Set) Reads() []Read {
	var all []Read
	for k := range s.Files() {
		from := len(all)
		for tool, m := range map[Tool]map[string]*group{ToolCLI: s.cliProf[k], ToolSDK: s.sdkProf[k]} {
			for name, g := range m {
				if id, ok := g.value(nameID); ok && id != "" {
					secret, _ := g.value(nameSecret)
					token, _ := g.value(nameToken)
					all = append(all, Read{name, FileKind(k), g.find(nameID).line, tool, id, NewSecret(secret), NewSecret(token)})
				}
			}
		}
		sorting.By(all[from:], func(a, b Read) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Tool, b.Tool))
		})
	}
	return all
}
