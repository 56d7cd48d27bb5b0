package copies

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"keycare/credfile"
)

const (
	idLetters     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	secretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

func drawnFrom(r *rand.Rand, letters string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// newID is an ID of the account 12 digits long.
func newID(r *rand.Rand, prefix string, account uint64) string {
	v := 1<<44 | account<<4 | r.Uint64N(16)
	id := ""
	for i := range 9 {
		id += string(idLetters[v>>(5*(8-i))&31])
	}
	return prefix + id + drawnFrom(r, idLetters, 7)
}

func newKey(r *rand.Rand) Key {
	return Key{ID: newID(r, "AKIA", 123456789012), Secret: credfile.NewSecret(drawnFrom(r, secretLetters, 40)), State: Current}
}

// spelling is one way to write a text. It may put more around it.
type spelling struct {
	name  string
	form  Form
	write func(text string) string
}

func wide(text string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func asJSON(text string) string {
	b, _ := json.Marshal(text)
	return string(b[1 : len(b)-1])
}

func replacing(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

var spellings = []spelling{
	{"plain", Plain, func(s string) string { return s }},
	{"a word with letters around", Plain, func(s string) string { return "x" + s + "Y" }},
	{"a URL", Escaped, url.QueryEscape},
	{"a URL in small letters", Escaped, replacing("+", "%2b", "/", "%2f")},
	{"a URL in a URL", Escaped, func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"a path of a URL", Escaped, replacing("/", "%2F")},
	{"JSON of PHP", Escaped, replacing("/", `\/`)},
	{"that in JSON", Escaped, func(s string) string { return asJSON(replacing("/", `\/`)(s)) }},
	{"that in JSON again", Escaped, func(s string) string { return asJSON(asJSON(replacing("/", `\/`)(s))) }},
	{"JSON that escapes all", Escaped, replacing("+", `\u002B`, "/", `\u002f`)},
	{"that in JSON again", Escaped, func(s string) string { return asJSON(replacing("+", `\u002B`, "/", `\u002f`)(s)) }},
	{"HTML", Escaped, func(s string) string { return replacing("+", "&#43;")(html.EscapeString(s)) }},
	{"XML", Escaped, replacing("+", "&#x2B;", "/", "&#x2F;")},
	{"a shell", Escaped, replacing("+", `\+`, "/", `\/`)},
	{"fish", Escaped, replacing("+", `\x2b`, "/", `\x2f`)},
	{"octal", Escaped, replacing("+", `\053`, "/", `\057`)},
	{"a form that lost its plus", Escaped, replacing("+", " ")},
	{"UTF-16 LE", Wide, func(s string) string { return wide("a="+s+"\n", false) }},
	{"UTF-16 BE", Wide, func(s string) string { return wide("a="+s+"\n", true) }},
	{"UTF-16 with escapes", Wide, func(s string) string { return wide("a="+url.QueryEscape(s)+"\n", false) }},
	{"base64", Base64, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64, one before", Base64, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(":" + s + "\n")) }},
	{"base64, two before", Base64, func(s string) string { return base64.URLEncoding.EncodeToString([]byte("a=" + s + "?")) }},
	{"base64 of URLs", Base64, func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("user:" + s + "\xff")) }},
	{"base64 in a URL", Base64, func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("~~" + s))) }},
	{"base64 in lines", Base64, func(s string) string {
		all := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("?", 31) + s + "!"))
		return all[:64] + "\r\n" + all[64:]
	}},
	{"hex", Hex, func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"hex in capitals", Hex, func(s string) string { return fmt.Sprintf("%X", s) }},
	{"base64 of UTF-16", Base64, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(wide("$a='"+s+"'", false))) }},
	{"base64 in a YAML block", Base64, inLines(base64.StdEncoding.EncodeToString, 60, "\n        ")},
	{"base64 in a source file", Base64, inLines(base64.StdEncoding.EncodeToString, 60, "' +\n    '")},
	{"base64 in a mail that is quoted", Base64, inLines(base64.StdEncoding.EncodeToString, 60, "\n> ")},
	{"hex in lines", Hex, inLines(func(b []byte) string { return hex.EncodeToString(b) }, 60, "\n")},
	{"hex in lines of a string", Hex, inLines(func(b []byte) string { return hex.EncodeToString(b) }, 64, `\n`)},
	{"a shell that goes on in the next line", Broken, broken("\\\n")},
	{"a terminal of few columns", Broken, broken("\r\n")},
	{"a shell in one", Broken, broken(" \r")},
	{"a mail of few columns", Broken, broken("=\r\n")},
	{"a folded YAML string", Broken, broken("\\\n    ")},
	{"strings of a source file", Broken, broken("\" +\n\t\"")},
	{"that in JSON", Broken, broken(`\" +\n\"`)},
	{"a list of numbers", Bytes, list{"%d", ","}.write},
	{"that for people", Bytes, list{"%d", ", "}.write},
	{"bytes as Go prints them", Bytes, list{"%d", " "}.write},
	{"an array of C", Bytes, list{"0x%02x", ", "}.write},
	{"quoted-printable", Escaped, replacing("+", "=2B", "/", "=2F")},
	{"Swift", Escaped, replacing("+", `\u{2B}`, "/", `\u{2f}`)},
	{"a URL in a URL in a URL", Escaped, func(s string) string { return url.QueryEscape(url.QueryEscape(url.QueryEscape(s))) }},
	{"HTML in HTML", Escaped, replacing("+", "&amp;#43;", "/", "&amp;#x2F;")},
	{"XML with zeros", Escaped, replacing("+", "&#x002B;", "/", "&#047;")},
	{"small letters", CaseLost, strings.ToLower},
	{"capitals", CaseLost, strings.ToUpper},
}

// inLines encodes, and ends lines after so many characters, one of them in the text
// wherever it stands.
func inLines(encode func([]byte) string, width int, end string) func(string) string {
	return func(s string) string {
		all := encode([]byte(strings.Repeat("?", width*3/4-len(s)%7-9) + s + "!!"))
		var b strings.Builder
		for len(all) > width {
			b.WriteString(all[:width] + end)
			all = all[width:]
		}
		return b.String() + all
	}
}

// broken ends a line in the middle of a secret. An ID is too short for that.
func broken(end string) func(string) string {
	return func(s string) string {
		if len(s) < 40 {
			return s
		}
		at := 3 + int(s[0]+s[1])%35
		return s[:at] + end + s[at:]
	}
}

func hitsOf(t *testing.T, s *Scanner, r io.Reader) (hits []Hit) {
	t.Helper()
	if _, err := s.Scan(r, func(h Hit) { hits = append(hits, h) }); err != nil {
		t.Fatal(err)
	}
	return hits
}

// Each spelling of each half is found, once, wherever buffers end in it.
func TestForms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var keys []Key
	for range 60 {
		keys = append(keys, newKey(r))
	}
	// The longest stretch without + and / is short in these.
	for _, secret := range []string{"a/Bc+d/Ef+1/2g+h/iJ+k/lM+n/oP+q/rS+t/uVw", "0123456789abcdef/GHIJKLMNOPQRST+vwxyzABCD", "AAAAAAAAAAAAAAAAAAAA//////////++++++++++", "/123456789abcdefGHIJKLMNOPQRST+vwxyzABCD"} {
		keys = append(keys, Key{ID: newID(r, "AKIA", 210987654321), Secret: credfile.NewSecret(secret)})
	}
	m := NewMatcher(keys, Options{})
	for i, k := range keys {
		for _, how := range spellings {
			for part, text := range map[Part]string{ID: k.ID, Secret: k.Secret.Reveal()} {
				written := how.write(text)
				if how.form == CaseLost && written == text {
					continue
				}
				want := how.form
				if (want == Escaped || want == Broken) && written == text {
					want = Plain
				}
				for _, at := range []int{0, 1, 2000 + r.IntN(40), 4096 - r.IntN(len(written)+1)} {
					if i > 6 && i < 57 && at == 1 {
						continue
					}
					around := []byte(strings.Repeat("# in an ASIA of WORDS\n", 400))
					b := slices.Concat(around[:at], []byte(written), around[:500])
					hits := hitsOf(t, newScanner(m, 1024), bytes.NewReader(b))
					if strings.HasPrefix(how.name, "base64 in ") && part == ID && len(hits) == 0 {
						continue // the line ends in the one core of an ID
					}
					if len(hits) != 1 || hits[0].Key != i || hits[0].Part != part || hits[0].Form != want {
						t.Fatalf("key %d, %s in %s at %d: %+v, want one in %q\n%s", i, part, how.name, at, hits, want, written)
					}
					h := hits[0]
					if int(h.Off) < at-1 || int(h.Off)+h.Len > at+len(written)+1 {
						t.Errorf("%s in %s stands at %d+%d, not in %d+%d", part, how.name, h.Off, h.Len, at, len(written))
					}
					if line := 1 + bytes.Count(b[:h.Off], []byte{'\n'}); h.Line != line {
						t.Errorf("%s in %s: line %d, want %d", part, how.name, h.Line, line)
					}
				}
			}
		}
	}
}

// naive finds the plain and some escaped spellings in the simplest way.
func naive(keys []Key, b string) (found []string) {
	for i, k := range keys {
		for part, text := range map[Part]string{ID: k.ID, Secret: k.Secret.Reveal()} {
			if text == "" {
				continue
			}
			seen := map[string]bool{}
			for _, how := range spellings {
				if how.form == Base64 || how.form == Wide || strings.Contains(how.name, "around") {
					continue
				}
				written := how.write(text)
				if seen[written] {
					continue
				}
				seen[written] = true
				for at := 0; ; {
					next := strings.Index(b[at:], written)
					if next < 0 {
						break
					}
					found = append(found, fmt.Sprintf("key %d %s at %d", i, part, pastBackslashes(b, at+next)))
					at += next + 1
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// pastBackslashes is where the backslashes at a place of b end: of those in front of a
// + nobody can say whether they are a part of it.
func pastBackslashes(b string, at int) int {
	for b[at] == '\\' {
		at++
	}
	return at
}

// FuzzScanner builds texts out of whole and broken spellings and holds what is
// found, with buffers of any size, against the naive search.
func FuzzScanner(f *testing.F) {
	f.Add(uint64(1), uint16(64), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40, 80, 120, 200})
	f.Add(uint64(2), uint16(1), []byte{1, 0, 65, 3, 129, 3, 193, 0, 255, 16, 33, 48, 65, 82, 99})
	f.Add(uint64(3), uint16(4096), bytes.Repeat([]byte{7, 77, 177, 240}, 30))
	f.Fuzz(func(t *testing.T, seed uint64, size uint16, program []byte) {
		r := rand.New(rand.NewPCG(seed, 9))
		keys := []Key{newKey(r), newKey(r), {ID: newID(r, "AKIA", 123456789012)}}
		if seed%3 == 0 {
			keys[1].Secret = credfile.NewSecret("a/Bc+d/Ef+1/2g+h/iJ+k/lM+n/oP+q/rS+t/uVw")
		}
		var b strings.Builder
		for _, op := range program[:min(len(program), 200)] {
			k := keys[int(op)%len(keys)]
			text := k.ID
			if op&4 != 0 && !k.Secret.Empty() {
				text = k.Secret.Reveal()
			}
			written := spellings[int(op>>3)%len(spellings)].write(text)
			switch r.IntN(4) {
			case 0:
				b.WriteString(written[:r.IntN(len(written))])
			case 1:
				b.WriteString(strings.Repeat(string(program[r.IntN(len(program))]), r.IntN(40)))
				b.WriteString(written)
			default:
				b.WriteString(written + drawnFrom(r, secretLetters+"\n\\%\x00 =", r.IntN(30)))
			}
		}
		m := NewMatcher(keys, Options{Others: true})
		var found []string
		lines := map[int64]int{}
		for _, h := range hitsOf(t, newScanner(m, int(size)+1), strings.NewReader(b.String())) {
			if h.Key >= 0 {
				lines[h.Off] = h.Line
			}
			if h.Key < 0 || h.Form == Base64 || h.Form == Wide {
				continue
			}
			found = append(found, fmt.Sprintf("key %d %s at %d", h.Key, h.Part, pastBackslashes(b.String(), int(h.Off))))
		}
		slices.Sort(found)
		want := naive(keys, b.String())
		for _, w := range want {
			if !slices.Contains(found, w) {
				t.Errorf("not found: %s in %q", w, b.String())
			}
		}
		for i, one := range found {
			if i > 0 && found[i-1] == one {
				t.Errorf("twice: %s in %q", one, b.String())
			}
		}
		for off, line := range lines {
			if want := 1 + strings.Count(b.String()[:off], "\n"); want != line {
				t.Errorf("line %d of offset %d, want %d", line, off, want)
			}
		}
		// However it is read, the same is found.
		var whole []Hit
		newScanner(m, 1<<16).Bytes([]byte(b.String()), func(h Hit) { whole = append(whole, h) })
		bits := hitsOf(t, newScanner(m, int(size)+1), iotest.HalfReader(strings.NewReader(b.String())))
		byPlace := func(a, b Hit) int {
			return strings.Compare(fmt.Sprintf("%08d %d %d", a.Off, a.Key, a.Part), fmt.Sprintf("%08d %d %d", b.Off, b.Key, b.Part))
		}
		slices.SortFunc(whole, byPlace)
		slices.SortFunc(bits, byPlace)
		if !slices.Equal(whole, bits) {
			t.Errorf("whole:   %+v\nin bits: %+v\nof %q", whole, bits, b.String())
		}
	})
}

func TestOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	own := newKey(r)
	m := NewMatcher([]Key{own}, Options{Others: true})
	id, secret := newID(r, "AKIA", 333333333333), "wJalrXUtnFEMIK7MDENGbPxRfiCYzX8kQ2mNvB4d"
	for _, c := range []struct {
		text        string
		found, near bool
	}{
		{"aws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n", true, true},
		{"aws_access_key_id = " + id + "\n", true, false},
		{id, true, false},
		{`{"a":"` + "x\\n" + id + `","b":"` + strings.ReplaceAll(secret[:39]+"/", "/", `\/`) + `"}`, true, true},
		{"?k%3D" + id + "%26s%3D" + url.QueryEscape(secret[:38]+"+/"), true, true},
		{"\x1b[32m" + id + "\x1b[0m", true, false},
		{"X" + id, false, false},
		{id + "A", false, false},
		{id + strings.Repeat("\n", 7) + secret, true, false},
		{id + strings.Repeat(" ", 400) + secret, true, false},
		{id + "\n" + hex.EncodeToString([]byte(secret[:20])), true, false},
		{own.ID, false, false},
		{"AKIAIOSFODNN7EXAMPLE " + secret, false, false},
		{"AKIAIO5FODNN7EXAMPL2 " + secret, false, false},
		{"AKIAQQQQQQQQQQQQQQQQ", false, false},
		{"AKIA234567ABCDEFGHIJ", false, false},
		{newID(r, "ASIA", 333333333333) + " " + secret, true, true},
	} {
		for _, at := range []int{0, 3, 900, 1015} {
			for _, unit := range []string{"bytes", "LE", "BE"} {
				b := strings.Repeat("ABBA IS AKIN\n", 100)[:at] + "\n" + c.text + "\n" + strings.Repeat("ASIA AKIA\n", 150)
				switch unit {
				case "LE":
					b = wide("\ufeff"+b, false)
				case "BE":
					b = wide("\ufeff"+b, true)
				}
				n, near := 0, false
				for _, h := range hitsOf(t, newScanner(m, 1024), strings.NewReader(b)) {
					if h.Key < 0 {
						n, near = n+1, h.Near
						if !strings.Contains(c.text, h.ID) {
							t.Errorf("%q: %+v", c.text, h)
						}
					}
				}
				if n > 1 || c.found != (n == 1) || near != c.near {
					t.Errorf("%q at %d in %s: found %d times, near %v", c.text, at, unit, n, near)
				}
			}
		}
	}
}

// The quick look for a row of a secret's characters agrees with a slow one.
func TestMayHoldSecret(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		b := make([]byte, r.IntN(200))
		for i := range b {
			b[i] = 'a'
			if r.IntN(30) == 0 {
				b[i] = '\n'
			}
		}
		longest := 0
		for _, row := range bytes.Split(b, []byte("\n")) {
			longest = max(longest, len(row))
		}
		if got, want := mayHoldSecret(b), longest >= secretSize; got != want {
			t.Fatalf("%v for %q", got, b)
		}
	}
}
