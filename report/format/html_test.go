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
	"time"

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
		if name == "th" && !strings.Contains(line, "scope") || name == "svg" && (!strings.Contains(line, "role") || !strings.Contains(line, "aria-labelledby")) ||
			strings.Contains(line, "tabindex") && (!strings.Contains(line, "role") || !strings.Contains(line, "aria-label")) {
			t.Errorf("%s", line)
		}
	}
	if strings.Count(out, "<h1>") != 1 || !strings.Contains(out, `<html lang="en">`) {
		t.Error("no title or language")
	}
	for _, want := range []string{"root of 000000000001", "Since the last audit", "ours | &lt;b&gt;soon&lt;/b&gt;", "400 days", "~/.aws/credentials:", "when it was used last (needs iam:GetAccessKeyLastUsed)", "(40 days)", "of profile &#34;default&#34;: due since 28 Dec 2025.", `medium">since 28 Dec 2025<`, `medium">replace it<`, "Who uses the keys", "at least 430, 12 refused", "198.51.100.9 (28, last on 30 Oct 2026)", "AWS CLI (402), Terraform (28)", "not known in 1 region", "has used 2 of the 37 services", "7 findings"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// A bar begins where its key was created and ends at the audit; the zone is as wide
// as the limit, the ring stands at the last use, the dashes at the rotation.
func TestTimeline(t *testing.T) {
	l := view{story2(), Options{}}.lives()
	at := func(days float64) string { return units(drawnRight - (drawnRight-drawnLeft)*days/450) }
	var got []string
	for _, b := range l.Bars {
		got = append(got, strings.Join([]string{b.Label, b.Note, b.Class, b.Age, b.X, b.UsedX}, " "))
	}
	hour := 1.0 / 24
	want := []string{
		"default …4BKH dev high 400 days, rotation overdue " + at(400+hour) + " " + at(1),
		"(not on this machine) …4BAA dev past 450 days, inactive " + at(450) + " " + at(420),
		"prod …AAAA root of 000000000001 critical 10 days " + at(10+hour) + " ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if l.ZoneX != at(90) || l.Limit != "90 days" || l.Bars[0].Rotated != "replaced "+keyOld+" on 28 Sep 2025" || !strings.HasPrefix(l.Bars[0].Rotation, "M"+at(400)+" ") {
		t.Errorf("got %+v", l)
	}
	if len(l.Ticks) < 3 || len(l.Ticks) > 12 {
		t.Errorf("ticks %+v", l.Ticks)
	}
	// Keys of all ages have ticks that can be read.
	for _, days := range []int{0, 1, 30, 100, 400, 1500, 5000, 9000} {
		r := story2()
		r.Inventory = r.Inventory[:1]
		r.Inventory[0].Created, r.Inventory[0].Others = now.Add(-time.Duration(days)*day-time.Hour), nil
		if n := len(view{r, Options{}}.lives().Ticks); n < 1 || n > 12 {
			t.Errorf("%d days: %d ticks", days, n)
		}
	}
}

// A page without keys has no empty table of them; of many keys the first are shown
// and the others unfold.
func TestHTMLOfFewAndMany(t *testing.T) {
	none := written(t, "html", report.Audit(input("", "")), Options{})
	if page(t, none); strings.Contains(none, "Your keys over time") || !strings.Contains(none, `<b class="dim">0</b>critical`) {
		t.Error("no keys are shown as if there were some")
	}
	r := story2()
	for range 5 {
		r.Inventory = append(r.Inventory, r.Inventory...)
	}
	many := written(t, "html", r, Options{})
	if page(t, many); strings.Count(many, "<dt>Calls</dt>") != 32 || !strings.Contains(many, "<summary>22 more</summary>") {
		t.Errorf("%d keys", strings.Count(many, "<dt>Calls</dt>"))
	}
}
