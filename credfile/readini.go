package credfile

import (
	"fmt"
	"strings"

	"gopkg.in/ini.v1"
)

// iniOptions are the two option sets that come nearest to AWS's readers. Both
// keep ini.v1 from inventing values: no continuation lines, no inheritance
// between [a] and [a.b], no flattening of sub-properties.
var iniOptions = map[Tool]ini.LoadOptions{
	ToolINIGo: {
		InsensitiveKeys: true, SpaceBeforeInlineComment: true, IgnoreContinuation: true,
		AllowNestedValues: true, SkipUnrecognizableLines: true, ChildSectionDelimiter: "\x00",
	},
	ToolINIPlan: {
		InsensitiveKeys: true, IgnoreInlineComment: true, IgnoreContinuation: true,
		PreserveSurroundedQuote: true, AllowNestedValues: true, ChildSectionDelimiter: "\x00",
	},
}

// readINI reads one section's text with ini.v1. Only the text of that section
// is given to it: its load of a whole file grows with the square of the number
// of sections.
func readINI(tool Tool, text string) (r Reading) {
	r.Tool = tool
	f, err := ini.LoadSources(iniOptions[tool], []byte(text))
	if err != nil {
		r.None = "nothing, it rejects the section" // its error quotes the line, perhaps a secret
		return r
	}
	for _, sec := range f.Sections() {
		if sec.Name() == ini.DefaultSection && len(sec.Keys()) == 0 {
			continue
		}
		value := func(name string) string {
			if !sec.HasKey(name) {
				return ""
			}
			return sec.Key(name).Value() // String would expand %(name)s
		}
		r.take(value(nameID), value(nameSecret), value(nameToken), CredentialsFile)
		return r
	}
	r.none(false)
	return r
}

// iniText returns the lines of section sec, to be read alone.
func (f *File) iniText(sec Section) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[section]\n") // the header's odd forms are the other readers' matter
	first := sec.First
	if first < sec.Last && f.Lines[first].Kind == Header {
		first++
	}
	if first < sec.Last {
		b.WriteString(f.Text[f.Lines[first].Start:f.Lines[sec.Last-1].End])
	}
	return b.String()
}
