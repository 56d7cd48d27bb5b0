package show_test

import (
	"strings"
	"testing"

	"keycare/credfile/show"
)

// The status stands below the text, whatever is written, and nothing of it stays.
func TestStatus(t *testing.T) {
	const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzzz"
	for _, c := range []struct {
		desc string
		do   func(w *show.Writer)
		want string
	}{
		{"shown and taken away", func(w *show.Writer) { w.Status("3 of 4"); w.Status("") }, "3 of 4\r      \r"},
		{"a new one", func(w *show.Writer) { w.Status("10"); w.Status("9") }, "10\r  \r9"},
		{"the same again", func(w *show.Writer) { w.Status("9"); w.Status("9") }, "9"},
		{"text in between", func(w *show.Writer) { w.Status("9"); say(w, "done\n") }, "9\r \rdone\n9"},
		{"a prompt has no line below", func(w *show.Writer) { w.Status("9"); say(w, "yes? "); w.Status("8"); say(w, "no\n") }, "9\r \ryes? no\n8"},
		{"nor until it is answered", func(w *show.Writer) { say(w, "yes? "); w.Status("8"); w.LineEnded(); w.Status("7") }, "yes? 7"},
		{"another program writes", func(w *show.Writer) { w.Status("9"); w.Yield(); w.Status("8"); w.LineEnded(); w.Status("7") }, "9\r \r7"},
		{"half a character", func(w *show.Writer) { w.Status("9"); say(w, "\xc3"); say(w, "\xbc\n") }, "9\r \rü\n9"},
		{"wide characters", func(w *show.Writer) { w.Status("名前"); w.Status("") }, "名前\r    \r"},
		{"what moves the cursor", func(w *show.Writer) { w.Status("a\nb\x1b[2J"); w.Status("") }, "a\\nb\\x1b[2J\r           \r"},
		{"a secret", func(w *show.Writer) { w.Hide(secret); w.Status(secret) }, show.Redacted},
	} {
		t.Run(c.desc, func(t *testing.T) {
			var out strings.Builder
			w := show.NewWriter(&out, false)
			if c.do(w); out.String() != c.want {
				t.Errorf("got  %q\nwant %q", out.String(), c.want)
			}
		})
	}
}

func say(w *show.Writer, text string) { _, _ = w.Write([]byte(text)) }
