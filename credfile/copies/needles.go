package copies

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// needle is one spelling of a half of a key.
type needle struct {
	key    int
	part   Part
	form   Form
	text   string // what stands there once escapes are undone
	unit   int    // bytes a character: 2 for UTF-16
	breaks bool   // lines may end between its characters
	url    bool   // - and _ may stand for + and /
	exact  bool   // nothing in it is escaped
}

// core is a run of bytes that every occurrence of a needle has, whatever the
// escapes around it. It begins at the needle's character at.
type core struct {
	text string
	at   int // in characters of the needle
	n    int // characters that the text stands for
	// window is where in the text the step grams begin that the filter knows.
	window int
	needle *needle
}

const (
	gram = 4
	// leastCore is the length that lets the matcher look at every 16th byte.
	leastCore = 16 + gram - 1
	// mostPieces bounds the cores of a text that may be broken: one of them has to be
	// whole.
	mostPieces = 4
	// leastSecret is the shortest secret that is looked for: a shorter one would be
	// found in texts that have nothing to do with it.
	leastSecret = 16
)

// escapes are how programs write a character that is no letter or digit. They
// matter to cores where no run of letters and digits is long enough.
func (n *needle) escapes(c byte) []string {
	x, X := fmt.Sprintf("%02x", c), fmt.Sprintf("%02X", c)
	all := []string{
		string(c), "%" + X, "%" + x, "%25" + X, "%25" + x, "%2525" + X, "%2525" + x, `\` + string(c), `\\` + string(c), `\\\` + string(c), `\\\\` + string(c),
		`\u00` + X, `\u00` + x, `\\u00` + X, `\\u00` + x, `\x` + X, `\x` + x, `\\x` + X, `\\x` + x, fmt.Sprintf(`\%03o`, c), fmt.Sprintf(`\\%03o`, c),
	}
	all = append(all, "="+X, "="+x, `\u{`+X+"}", `\u{`+x+"}", "&#x"+X+";", "&#x"+x+";", "&#x00"+X+";", "&#x00"+x+";", fmt.Sprintf("&#%d;", c), fmt.Sprintf("&#0%d;", c), names[c],
		"&amp;#x"+X+";", "&amp;#x"+x+";", fmt.Sprintf("&amp;#%d;", c))
	switch {
	case n.url && c == '+':
		all = append(all, "-")
	case n.url && c == '/':
		all = append(all, "_")
	case c == '+':
		all = append(all, " ")
	}
	return all
}

// writings are how programs write text: each of its odd characters, two at most, in
// one way wherever it stands, and both in the same way, or one of them as it is.
func (n *needle) writings(text string) []string {
	var odd []byte
	for i := range len(text) {
		if !letter(text[i]) && !slices.Contains(odd, text[i]) {
			odd = append(odd, text[i])
		}
	}
	if len(odd) == 0 {
		return []string{text}
	}
	first, second := n.escapes(odd[0]), []string{""}
	if len(odd) > 1 {
		second = n.escapes(odd[1])
	}
	var all []string
	for i, one := range first {
		for j, other := range second {
			if len(odd) > 1 && !together(one, other, i-j) {
				continue
			}
			b := make([]byte, 0, len(text)*mostEscape)
			for i := range len(text) {
				switch {
				case text[i] == odd[0]:
					b = append(b, one...)
				case len(odd) > 1 && text[i] == odd[1]:
					b = append(b, other...)
				default:
					b = append(b, text[i])
				}
			}
			all = append(all, string(b))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// together reports whether one program may write two characters so: one of them as it
// is, both in one way, or as entities. Of ways beside each other one is in capitals.
func together(one, other string, apart int) bool {
	return len(one) == 1 || len(other) == 1 || apart >= -1 && apart <= 1 || one[0] == '&' && other[0] == '&'
}

// needlesOf are all spellings of one key.
func needlesOf(index int, k Key) (all []needle) {
	for _, half := range []struct {
		part Part
		text string
	}{{ID, k.ID}, {Secret, k.Secret.Reveal()}} {
		text := half.text
		if text == "" || half.part == Secret && len(text) < leastSecret {
			continue
		}
		add := func(n needle) {
			n.key, n.part = index, half.part
			if n.unit == 0 {
				n.unit = 1
			}
			all = append(all, n)
		}
		add(needle{text: text, breaks: half.part == Secret})
		add(needle{form: Wide, text: text, unit: 2})
		for _, other := range []string{strings.ToLower(text), strings.ToUpper(text)} {
			if other != text {
				add(needle{form: CaseLost, text: other})
			}
		}
		digits := hex.EncodeToString([]byte(text))
		add(needle{form: Hex, text: digits, breaks: true})
		add(needle{form: Hex, text: strings.ToUpper(digits), breaks: true})
		for phase := range 3 {
			add(needle{form: Base64, text: encoded(text, phase), breaks: true, url: true})
		}
		if k.Secret.Empty() {
			continue // of the many past keys the usual forms
		}
		for phase := range 3 { // the commands that PowerShell takes encoded
			add(needle{form: Base64, text: encoded(strings.Join(strings.Split(text, ""), "\x00")+"\x00", phase)})
		}
		for _, l := range lists {
			add(needle{form: Bytes, text: l.write(text), exact: true})
		}
	}
	return all
}

// list is a way to write bytes one by one.
type list struct{ each, between string }

func (l list) write(text string) string {
	all := make([]string, len(text))
	for i := range len(text) {
		all[i] = fmt.Sprintf(l.each, text[i])
	}
	return strings.Join(all, l.between)
}

// lists are how programs write bytes one by one.
var lists = []list{
	{"%d", ","}, {"%d", ", "}, {"%d", " "}, {"0x%02x", ", "},
}

// encoded is the part of a base64 text that depends on text alone, where so many
// other bytes, modulo three, stand before it.
func encoded(text string, phase int) string {
	all := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", phase) + text))
	first, last := (8*phase+5)/6, 8*(phase+len(text))/6
	return all[first:last]
}

// cores are byte strings of which every occurrence of the needle has one, unless a
// line ends in the middle of each.
func (n *needle) cores(step int) []core {
	least := step + gram - 1
	size := len(n.text)
	if n.exact {
		return []core{n.core(0, size, n.text)}
	}
	var all []core
	parts := [][2]int{{0, size}}
	if n.breaks && size >= 2*least {
		pieces := min(size/least, mostPieces)
		var some [][2]int
		for i := range pieces {
			some = append(some, [2]int{i * size / pieces, (i + 1) * size / pieces})
		}
		if n.form != Plain {
			parts = some
		} else { // what is broken is not escaped, too
			for _, p := range some {
				all = append(all, n.core(p[0], p[1], n.text[p[0]:p[1]]))
			}
		}
	}
	for _, p := range parts {
		from, to := longestRun(n.text, p[0], p[1])
		if (to-from)*n.unit-(n.unit-1) >= least {
			all = append(all, n.core(from, to, n.text[from:to]))
			continue
		}
		from, to = plainest(n.text, p[0], p[1], (least+n.unit-1)/n.unit)
		for _, text := range n.writings(n.text[from:to]) {
			all = append(all, n.core(from, to, text))
		}
	}
	return all
}

func (n *needle) core(from, to int, text string) core {
	if n.unit == 2 {
		text = strings.TrimSuffix(strings.Join(strings.Split(text, ""), "\x00"), "\x00")
	}
	return core{text: text, at: from, n: to - from, needle: n}
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// longestRun is the longest run of letters and digits in text[from:to].
func longestRun(text string, from, to int) (first, last int) {
	first, last = from, from
	for i := from; i < to; i++ {
		j := i
		for j < to && letter(text[j]) {
			j++
		}
		if j-i > last-first {
			first, last = i, j
		}
		i = j
	}
	return first, last
}

// plainest is the stretch of so many characters with the fewest that may be
// escaped.
func plainest(text string, from, to, size int) (first, last int) {
	size = min(size, to-from)
	best := size + 1
	for i := from; i+size <= to; i++ {
		odd := 0
		for j := i; j < i+size; j++ {
			if !letter(text[j]) {
				odd++
			}
		}
		if odd < best {
			best, first = odd, i
		}
	}
	return first, first + size
}

// mostEscape is the length of the longest escape of a character.
const mostEscape = 14

// unescape returns how many bytes at the start of b stand for the character c; 0
// if they do not.
func (n *needle) unescape(b []byte, c byte) int {
	if len(b) == 0 {
		return 0
	}
	if b[0] == c {
		return 1
	}
	if letter(c) || n.exact {
		return 0
	}
	switch {
	case c == '+' && (b[0] == ' ' || n.url && b[0] == '-'), n.url && c == '/' && b[0] == '_':
		return 1
	case b[0] == '%':
		i := 1
		for i+2 < len(b) && b[i] == '2' && b[i+1] == '5' && i < 7 {
			i += 2
		}
		return i2(i, hexIs(b, i, 2, c))
	case b[0] == '\\':
		i := 1
		for i < len(b) && i < 8 && b[i] == '\\' {
			i++
		}
		switch {
		case i >= len(b):
			return 0
		case b[i] == c:
			return i + 1
		case b[i] == 'u' && i+1 < len(b) && b[i+1] == '{':
			if size := hexIs(b, i+2, 2, c); size > 0 && i+4 < len(b) && b[i+4] == '}' {
				return i + 5
			}
		case b[i] == 'u':
			return i2(i+1, hexIs(b, i+1, 4, c))
		case b[i] == 'x':
			return i2(i+1, hexIs(b, i+1, 2, c))
		case i+3 <= len(b) && string(b[i:i+3]) == fmt.Sprintf("%03o", c):
			return i + 3
		}
	case b[0] == '=':
		return i2(1, hexIs(b, 1, 2, c))
	case b[0] == '&':
		return entity(b, c)
	}
	return 0
}

// entity returns how many bytes at the start of b are the entity of c in XML, in the
// text of an entity too.
func entity(b []byte, c byte) int {
	const amp = "amp;"
	first := 1
	for len(b) > first+len(amp) && string(b[first:first+len(amp)]) == amp {
		first += len(amp)
	}
	end := bytes.IndexByte(b[first:min(len(b), first+mostEscape)], ';')
	if end < 0 {
		return 0
	}
	text := string(b[first : first+end])
	size := first + end + 1
	if digits, ok := strings.CutPrefix(text, "#"); ok {
		base := 10
		if len(digits) > 0 && digits[0]|0x20 == 'x' {
			digits, base = digits[1:], 16
		}
		if v, err := strconv.ParseUint(digits, base, 8); err != nil || byte(v) != c {
			return 0
		}
		return size
	}
	if "&"+text+";" != names[c] {
		return 0
	}
	return size
}

// names are the entities that have one.
var names = map[byte]string{'+': "&plus;", '/': "&sol;", '=': "&equals;"}

func i2(at, n int) int {
	if n == 0 {
		return 0
	}
	return at + n
}

// hexIs returns size if b has at i so many hex digits that stand for c.
func hexIs(b []byte, i, size int, c byte) int {
	if i+size > len(b) {
		return 0
	}
	if v := fmt.Sprintf("%0*x", size, c); strings.EqualFold(string(b[i:i+size]), v) {
		return size
	}
	return 0
}
