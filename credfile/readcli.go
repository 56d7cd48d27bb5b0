package credfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// readCLI reads a file as the AWS CLI does: Python's configparser with its
// default options, over text with universal newlines, and botocore's rule for
// nested values. Source: Python 3.11 configparser, botocore 1.43 configloader.
func readCLI(text string) *view {
	if !utf8.ValidString(text) {
		return &view{refused: &Refusal{lineOfInvalid(text), "the file is not valid UTF-8"}}
	}
	p := &cliParser{view: newView(strings.Count(text, "[")), defaults: &group{}}
	line := 1 // as editors count: a lone CR, which ends a line for Python, does not
	for at := 0; at < len(text); {
		end, next := pyLine(text, at)
		if r := p.line(text[at:end], line); r != nil {
			return &view{refused: r}
		}
		if text[next-1] == '\n' {
			line++
		}
		at = next
	}
	p.endValue()
	p.inherit()
	if p.bad != nil {
		return &view{refused: p.bad}
	}
	return p.view
}

// pyLine returns the end of the line that begins at at, without and with its
// line end. In Python's text mode a lone CR ends a line too.
func pyLine(text string, at int) (end, next int) {
	i := strings.IndexAny(text[at:], "\r\n")
	if i < 0 {
		return len(text), len(text)
	}
	end = at + i
	next = end + 1
	if text[end] == '\r' && next < len(text) && text[next] == '\n' {
		next++
	}
	return end, next
}

type cliParser struct {
	view     *view
	defaults *group // [DEFAULT], which lends its settings to every section
	cur      *group // nil before the first header
	name     string // option that a continuation would extend
	first    string
	more     []string // further lines of the value, blank ones too
	at       int      // line of the option
	indent   int
	bad      *Refusal // first of the errors that are raised at the end of the file
}

func (p *cliParser) line(line string, n int) *Refusal {
	value := strings.TrimFunc(line, pySpace)
	if value == "" {
		if p.cur != nil && p.name != "" {
			p.more = append(p.more, "")
		}
		return nil
	}
	if value[0] == '#' || value[0] == ';' {
		return nil
	}
	indent := indentOf(line)
	if p.cur != nil && p.name != "" && indent > p.indent {
		p.more = append(p.more, value)
		return nil
	}
	p.indent = indent
	if value[0] == '[' {
		if i := strings.LastIndexByte(value, ']'); i > 1 {
			return p.header(value[1:i], n)
		}
	}
	if p.cur == nil {
		return &Refusal{n, "text before the first [section] header"}
	}
	i := strings.IndexAny(value, "=:")
	if i < 0 {
		p.fail(n, "a line that is neither a header, a setting nor a comment")
		return nil
	}
	p.endValue()
	p.name = pyLower(strings.TrimRightFunc(value[:i], pySpace))
	if p.name == "" {
		p.fail(n, "a setting without a name")
	}
	if p.cur.find(p.name) != nil {
		return &Refusal{n, "a setting that appears twice in its section"}
	}
	p.first, p.at = strings.TrimLeftFunc(value[i+1:], pySpace), n
	p.cur.set(setting{name: p.name, line: n})
	return nil
}

func (p *cliParser) header(name string, n int) *Refusal {
	p.endValue()
	p.name = ""
	if name == "DEFAULT" {
		p.cur = p.defaults
		return nil
	}
	g, isNew := p.view.section(name)
	if !isNew {
		return &Refusal{n, "a second section of the same name"}
	}
	p.cur = g
	return nil
}

func (p *cliParser) fail(n int, why string) {
	if p.bad == nil {
		p.bad = &Refusal{n, why}
	}
}

// endValue joins the value's lines and stores it.
func (p *cliParser) endValue() {
	if p.cur == nil || p.name == "" {
		return
	}
	s := p.cur.find(p.name)
	s.value = p.first
	if len(p.more) > 0 {
		s.value = strings.TrimRightFunc(p.first+"\n"+strings.Join(p.more, "\n"), pySpace)
		p.more = p.more[:0]
	}
	p.name = ""
	if !strings.HasPrefix(s.value, "\n") {
		return
	}
	s.nested = true
	if p.cur != p.defaults {
		p.checkNested(*s)
	}
}

// checkNested looks for sub-properties without =, which botocore finds when it
// takes a setting out of a section.
func (p *cliParser) checkNested(s setting) {
	for _, l := range strings.FieldsFunc(s.value, pyLineBreak) {
		if strings.TrimFunc(l, pySpace) != "" && !strings.Contains(l, "=") {
			p.fail(s.line, "an indented line without = below a setting without a value")
		}
	}
}

// inherit lends the settings of [DEFAULT] to every section that lacks them.
func (p *cliParser) inherit() {
	for _, d := range p.defaults.settings {
		lent := false
		for _, name := range p.view.order {
			if g := p.view.byName[name]; g.find(d.name) == nil {
				g.set(d)
				lent = true
			}
		}
		if lent && d.nested {
			p.checkNested(d)
		}
	}
}

// indentOf counts the characters before the first that is not white space.
func indentOf(line string) int {
	n := 0
	for _, r := range line {
		if !pySpace(r) {
			break
		}
		n++
	}
	return n
}

// pySpace is Python's str.isspace for one character.
func pySpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// pyLower is Python's str.lower. Go makes a plain i of the dotted capital İ, so
// that it would find key names where Python does not.
func pyLower(s string) string {
	if strings.ContainsRune(s, 'İ') {
		s = strings.ReplaceAll(s, "İ", "i\u0307")
	}
	return strings.ToLower(s)
}

// pyLineBreak is where Python's str.splitlines splits.
func pyLineBreak(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func lineOfInvalid(text string) int {
	line := 1
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		i += n
	}
	return line
}

// cliProfiles maps profile names to their sections in a config file, as
// botocore's build_profile_map does: a later section of the same profile
// replaces an earlier one.
func cliProfiles(v *view) map[string]*group {
	m := make(map[string]*group, len(v.order))
	for _, name := range v.order {
		switch {
		case strings.HasPrefix(name, "profile"):
			if words, ok := shellWords(name); ok && len(words) == 2 {
				m[words[1]] = v.byName[name]
			}
		case name == "default":
			m[name] = v.byName[name]
		}
	}
	return m
}

// shellWords splits s into words by POSIX shell quoting, as Python's shlex
// does. ok is false where a quote or an escape is left open.
func shellWords(s string) (words []string, ok bool) {
	var word strings.Builder
	open := false // inside a word, perhaps an empty one
	var quote rune
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, open = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == '\r' || r == '\n':
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 || escaped {
		return nil, false
	}
	if open {
		words = append(words, word.String())
	}
	return words, true
}
