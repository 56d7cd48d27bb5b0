package show_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"keycare/credfile/show"
)

const hostile = "a\x1b[8mb\x1b]0;t\x07c\rd\be\x7ff\u009bg\u202eh\u200bi\u2066j\u2028k\ufeffl\U000e0041m\xffn\xc3"

// However a text is cut into writes, nothing that is not printable comes out,
// and what is printable comes out as it is.
func TestWriter(t *testing.T) {
	const kept = "größe 名前 \ufffd |\n\tplain"
	text := show.Paint("red", show.Red) + kept + hostile + "\n"
	var want string
	for _, color := range []bool{true, false} {
		for cut := 0; cut <= len(text); cut++ {
			var out strings.Builder
			w := show.NewWriter(&out, color)
			for _, part := range []string{text[:cut], text[cut:]} {
				if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if cut == 0 {
				want = out.String()
			}
			got := out.String()
			if got != want {
				t.Fatalf("cut at %d: %q\nwhole:     %q", cut, got, want)
			}
			rest, painted := strings.CutPrefix(got, "\x1b[31;1mred\x1b[0m")
			if painted != color || !strings.Contains(rest, kept) {
				t.Fatalf("got %q", got)
			}
			for _, line := range strings.Split(rest, "\n") {
				if line := strings.ReplaceAll(line, "\t", ""); !show.Printable(line) {
					t.Fatalf("not printable: %q", line)
				}
			}
		}
	}
	for _, s := range []string{`\u001b[8m`, `\u000d`, `\u0008`, `\u007f`, `\u009b`, `\u202e`, `\u200b`, `\u2028`, `\udb40\udc41`, `\xff`, `\xc3`} {
		if !strings.Contains(want, s) {
			t.Errorf("%s is missing in %q", s, want)
		}
	}
}

// A character that is cut off at the end is not lost.
func TestWriterFlush(t *testing.T) {
	var out strings.Builder
	w := show.NewWriter(&out, true)
	for _, part := range []string{"a\xe5\x90", "\x1b[31"} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || out.String() != `a\xe5\x90\u001b[31` {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

// A JSON document stays one, and says the same.
func TestWriterKeepsJSON(t *testing.T) {
	b, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := show.NewWriter(&out, true).Write(b); err != nil {
		t.Fatal(err)
	}
	var before, after string
	if json.Unmarshal(b, &before) != nil || json.Unmarshal([]byte(out.String()), &after) != nil || before != after {
		t.Errorf("%q became %q", before, after)
	}
	if !show.Printable(out.String()) {
		t.Errorf("not printable: %q", out.String())
	}
}

// What was given and may be a secret is not repeated, whoever writes the message.
func TestWriterHides(t *testing.T) {
	const secret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
	var b strings.Builder
	w := show.NewWriter(&b, false)
	w.Hide("--format="+secret, "AWS_REGION=us-east-1", "work")
	fmt.Fprintf(w, "no %q in us-east-1, work", secret+" x")
	if got, want := b.String(), `no "[redacted] x" in us-east-1, work`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
