package format

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keycare/report"
)

// page is an HTML page as a tree without its texts: the names of elements and
// attributes, in order. The pages are XML too, so a strict reader sees all of them.
func page(t testing.TB, text string) (tree []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "<!DOCTYPE html>")))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return tree
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			line := e.Name.Local
			for _, a := range e.Attr {
				line += " " + a.Name.Local
				if a.Name.Local == "class" || a.Name.Local == "href" {
					line += "=" + a.Value
				}
			}
			tree = append(tree, line)
		case xml.EndElement:
			tree = append(tree, "/"+e.Name.Local)
		}
	}
}

// A name, however it is made, changes nothing of a page but its text.
func FuzzHTMLNames(f *testing.F) {
	for _, s := range []string{nasty, "", "javascript:alert(1)", "</style><script>", "]]>", "<!--", "&#60;", "\x00", "\u2028", "x\ufffe", strings.Repeat("y", 3000)} {
		f.Add(s)
	}
	plain := page(f, written(f, "html", hostile("x"), Options{}))
	both := slices.Sorted(slices.Values(page(f, writtenAll(f, "html", []*report.Report{hostile("x"), secondHost()}, Options{}))))
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			s = " " // an empty text is left out with what stands around it
		}
		if tree := page(t, written(t, "html", hostile(s), Options{})); !slices.Equal(tree, plain) {
			t.Errorf("%q changes the page: %v", s, tree)
		}
		if tree := page(t, writtenAll(t, "html", []*report.Report{hostile(s), secondHost()}, Options{})); !slices.Equal(slices.Sorted(slices.Values(tree)), both) { // in another order
			t.Errorf("%q changes the page of both: %v", s, tree)
		}
	})
}

var (
	askedFor = regexp.MustCompile(`^(script|link|img|iframe|object|embed|base|form|a .*href=[^#])| (on\w*|src|style)\b`)
	heading  = regexp.MustCompile(`^h[1-6]$`)
)

// The page asks for nothing, runs nothing, and its style is the one that its
// policy names.
func TestHTMLPolicy(t *testing.T) {
	for name, rs := range samples() {
		out := writtenAll(t, "html", rs, Options{Home: "/home/u"})
		style := regexp.MustCompile("(?s)<style>(.*?)</style>").FindStringSubmatch(out)
		sum := sha256.Sum256([]byte(style[1]))
		if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(html.UnescapeString(out), want) {
			t.Errorf("%s: the policy does not have %s", name, want)
		}
		if strings.Count(out, "<style") != 1 || !strings.Contains(out, "default-src &#39;none&#39;") {
			t.Errorf("%s: the policy is another one", name)
		}
		for _, line := range page(t, out) {
			if askedFor.MatchString(line) {
				t.Errorf("%s: the page has %s", name, line)
			}
		}
		if strings.Contains(out, "ZgotmplZ") || strings.Contains(out, "<no value>") || strings.Contains(out, "%!") {
			t.Errorf("%s: a part of the page is not filled in", name)
		}
	}
}

// Headings go down a step at a time, tables have heads, drawings have names.
func TestHTMLIsReadableAloud(t *testing.T) {
	last := "h1"
	out := written(t, "html", story2(), Options{Home: "/home/u"})
	for _, line := range page(t, out) {
		name, _, _ := strings.Cut(line, " ")
		if heading.MatchString(name) {
			if name[1] > last[1]+1 {
				t.Errorf("%s follows %s", name, last)
			}
			last = name
		}
		if name == "th" && !strings.Contains(line, "scope") || name == "svg" && (!strings.Contains(line, "role") || !strings.Contains(line, "aria-labelledby")) {
			t.Errorf("%s", line)
		}
	}
	if strings.Count(out, "<h1>") != 1 || !strings.Contains(out, `<html lang="en">`) {
		t.Error("no title or language")
	}
	for _, want := range []string{"root of 000000000001", "Since the last audit", "ours | &lt;b&gt;soon&lt;/b&gt;", "400 days", "~/.aws/credentials:", "when it was used last (needs iam:GetAccessKeyLastUsed)", "(40 days)", "7 findings"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
