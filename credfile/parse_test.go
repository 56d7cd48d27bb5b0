package credfile

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"keycare/credfile/nasty"
)

// tiles fails where the lines and sections of f do not cover its text exactly,
// or a span leaves its line.
func tiles(t *testing.T, f *File) {
	t.Helper()
	at := 0
	for i, l := range f.Lines {
		if l.Start != at || l.End <= l.Start {
			t.Fatalf("line %d of %q spans %v, want it to begin at %d", i+1, f.Text, l.Span, at)
		}
		if end := l.Span.In(f.Text); strings.Contains(end[:len(end)-int(l.EOL)], "\n") || l.EOL == 0 && l.End != len(f.Text) {
			t.Fatalf("line %d of %q ends in %d bytes of line end: %q", i+1, f.Text, l.EOL, end)
		}
		for _, s := range []Span{l.Name, l.Value} {
			if s != (Span{}) && (s.Start < l.Start || s.End < s.Start || s.End > l.End-int(l.EOL)) {
				t.Fatalf("line %d of %q: span %v is outside of %v", i+1, f.Text, s, l.Span)
			}
		}
		at = l.End
	}
	if at != len(f.Text) {
		t.Fatalf("the lines of %q cover %d bytes of %d", f.Text, at, len(f.Text))
	}
	line := 0
	for _, sec := range f.Sections {
		if sec.First != line || sec.Last < line {
			t.Fatalf("section %q of %q has lines [%d, %d), want it to begin at %d", sec.Raw, f.Text, sec.First, sec.Last, line)
		}
		line = sec.Last
	}
	if line != len(f.Lines) {
		t.Fatalf("the sections of %q cover %d lines of %d", f.Text, line, len(f.Lines))
	}
}

func TestParseTiles(t *testing.T) {
	texts := []string{"", "\n", "\r\n", "\r", "a", "[a]", "[a]\r\nx=1\r\n\r\n# end", bom, bom + "[a]\nx = 1", "[\n]\n=\n:\n", "x=\x00\xff\n[\xff]"}
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		texts = append(texts, nasty.Text(r))
	}
	for _, text := range texts {
		for _, kind := range []FileKind{CredentialsFile, ConfigFile} {
			tiles(t, Parse("f", kind, text))
		}
	}
}

func TestParseLines(t *testing.T) {
	for _, c := range []struct {
		text        string
		kind        LineKind
		indented    bool
		eol         int8
		name, value string
	}{
		{"", Blank, false, 0, "", ""},
		{" \t\r\n", Blank, true, 2, "", ""},
		{"# x = 1\n", Comment, false, 1, "", ""},
		{"  ; x", Comment, true, 0, "", ""},
		{"[ a b ] # c\n", Header, false, 1, "a b", ""},
		{"\t[open\r\n", Header, true, 2, "open", ""},
		{"[]", Header, false, 0, "", ""},
		{"Name \t=\t v = w : x \r\n", Property, false, 2, "Name", "v = w : x"},
		{"a:b=c", Property, false, 0, "a", "b=c"},
		{" = v\n", Property, true, 1, "", "v"},
		{"name=", Property, false, 0, "name", ""},
		{"junk \n", Junk, false, 1, "", ""},
		{bom + "a = 1\n", Property, false, 1, "a", "1"},
	} {
		f := Parse("f", CredentialsFile, c.text)
		if c.text == "" {
			if len(f.Lines) != 0 {
				t.Errorf("an empty text has %d lines", len(f.Lines))
			}
			continue
		}
		l := f.Lines[0]
		if l.Kind != c.kind || l.Indented != c.indented || l.EOL != c.eol || l.Name.In(c.text) != c.name || l.Value.In(c.text) != c.value {
			t.Errorf("%q: got kind %d indented %v eol %d name %q value %q, want %+v",
				c.text, l.Kind, l.Indented, l.EOL, l.Name.In(c.text), l.Value.In(c.text), c)
		}
	}
}

func TestProfileName(t *testing.T) {
	for _, c := range []struct {
		kind      FileKind
		raw, want string
	}{
		{CredentialsFile, "default", "default"},
		{CredentialsFile, "a b", "a b"},
		{CredentialsFile, `"a"`, "a"},
		{CredentialsFile, `"a'`, `"a'`},
		{CredentialsFile, "profile a", ""},
		{CredentialsFile, "profile", "profile"},
		{CredentialsFile, "profilea", "profilea"},
		{ConfigFile, "default", "default"},
		{ConfigFile, "a", ""},
		{ConfigFile, "profile a", "a"},
		{ConfigFile, "profile \t 'a b'", "a b"},
		{ConfigFile, "profile", ""},
		{ConfigFile, "profilea", ""},
		{ConfigFile, "sso-session a", ""},
	} {
		if got := profileName(c.kind, c.raw); got != c.want {
			t.Errorf("[%s] in the %s file: profile %q, want %q", c.raw, c.kind, got, c.want)
		}
	}
}

func TestAt(t *testing.T) {
	f := Parse("f", CredentialsFile, "[a]\r\nb=1\n")
	for at, want := range map[int]Position{0: {1, 1}, 4: {1, 5}, 5: {2, 1}, 7: {2, 3}, 9: {3, 1}} {
		if got := f.At(at); got != want {
			t.Errorf("byte %d is at %+v, want %+v", at, got, want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for in, want := range map[string][]string{
		"":                         nil,
		"profile a":                {"profile", "a"},
		"profile \t a\r\n":         {"profile", "a"},
		`profile "a b"`:            {"profile", "a b"},
		`profile 'a "b'`:           {"profile", `a "b`},
		`profile a"b c"d`:          {"profile", "ab cd"},
		`profile a\ b`:             {"profile", "a b"},
		`profile "a\"b\\c\d"`:      {"profile", `a"b\c\d`},
		`profile 'a\b'`:            {"profile", `a\b`},
		`profile ""`:               {"profile", ""},
		"profile \u00a0 a\vb":      {"profile", "\u00a0", "a\vb"},
		`profile "a` + "\n" + `b"`: {"profile", "a\nb"},
	} {
		if got, ok := shellWords(in); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{`"a`, `'a`, `a\`, `"a\`, `"a\"`} {
		if got, ok := shellWords(in); ok {
			t.Errorf("%q: got %q, want it refused", in, got)
		}
	}
}
