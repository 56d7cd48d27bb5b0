package complete

import (
	"os/exec"
	"strings"
	"testing"
)

// What is quoted is one word to bash, and the word that was meant.
func TestBashQuoted(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash to ask: ", err)
	}
	var all strings.Builder
	for c := ' '; c < 0x7f; c++ {
		all.WriteRune(c)
	}
	for _, text := range []string{all.String(), "~", "~root", "#x", "a b", "'", `\"`, "$(touch ran)", "schön", "{a,b}", "*", "a=b", "!!"} {
		for _, open := range []string{"", "'", "\""} {
			quote := byte(0)
			if open != "" {
				quote = open[0]
			}
			typed := open + bashQuoted(text, quote)
			if word, left := bashWord(typed); word != text && !strings.Contains(text, "!") || left != quote {
				t.Errorf("%s: it reads as %q, %q", typed, word, left)
			}
			out, err := exec.Command("bash", "--norc", "-c", "printf '<%s>' "+typed+open).Output()
			if err != nil || string(out) != "<"+text+">" {
				t.Errorf("%s: bash reads %q: %v", typed, out, err)
			}
		}
	}
}
