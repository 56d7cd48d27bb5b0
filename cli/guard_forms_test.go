package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"keycare/credfile/disk/testrun"
)

// guardForms are ways to bring a key into a commit; those that git-secrets and
// gitleaks let through are among them.
var guardForms = map[string]func(g *guarded){
	"ID":                  func(g *guarded) { g.file("a", "id = "+g.id) },
	"bare secret":         func(g *guarded) { g.file("a", g.secret) },
	"name with accents":   func(g *guarded) { g.file("é.txt", g.secret) },
	"name with a quote":   func(g *guarded) { g.file(`a"q.txt`, g.id) },
	"name with a space":   func(g *guarded) { g.file("a [1] b", g.id) },
	"name with a newline": func(g *guarded) { g.file("a\nb", g.id) },
	"binary":              func(g *guarded) { g.file("a.bin", "\x00\x01\x02"+g.secret+"\x00") },
	"UTF-16":              func(g *guarded) { g.file("a.reg", wide(g.id+" "+g.secret)) },
	"JSON escapes":        func(g *guarded) { g.file("a.json", `{"s":"`+strings.ReplaceAll(g.secret, "/", `\/`)+`"}`) },
	"URL escapes": func(g *guarded) {
		g.file("a.url", strings.NewReplacer("/", "%2F", "+", "%2b").Replace(g.secret))
	},
	"base64":              func(g *guarded) { g.file("a", base64.StdEncoding.EncodeToString([]byte("x:"+g.id+":"+g.secret))) },
	"glued to a letter":   func(g *guarded) { g.file("a", "x"+g.id+"y") },
	"beside an example":   func(g *guarded) { g.file("AKIAIOSFODNN7EXAMPLE/a", g.id+" AKIAIOSFODNN7EXAMPLE gitleaks:allow") },
	"package-lock.json":   func(g *guarded) { g.file("package-lock.json", g.secret) },
	"attributes -diff":    func(g *guarded) { g.file(".gitattributes", "* -diff binary\n"); g.file("a.svg", g.secret) },
	"a key of my account": func(g *guarded) { g.file("a", guardOther) },
	"another with secret": func(g *guarded) { g.file("a", otherID+" "+otherSecret) },
	"target of a link": func(g *guarded) {
		if err := os.Symlink(g.id, filepath.Join(g.repo, "l")); err != nil {
			g.t.Skip("no links here")
		}
	},
}

func wide(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

// Every form is stopped at the commit, and in the range and the push where the
// commit went past the hook.
func TestGuardForms(t *testing.T) {
	for name, bring := range guardForms {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains([]string{"bare secret", "name with a newline", "UTF-16"}, name) {
				testrun.NotShort(t)
			}
			t.Parallel()
			g := newGuarded(t)
			g.install()
			remote := filepath.Join(g.home, "remote.git")
			g.must("git", "init", "-q", "--bare", remote)
			g.must("git", "remote", "add", "origin", remote)
			g.must("git", "push", "-q", "origin", "main")
			bring(g)
			g.must("git", "add", "-A")
			g.stopped("git", "commit", "-m", "x")
			g.must("git", "commit", "-q", "--no-verify", "-m", "x")
			g.stopped(lookKeycare(t), "guard", "check", "--range", "HEAD~1..HEAD")
			g.stopped("git", "push", "-q", "origin", "main")
			if out := g.must("git", "--git-dir="+remote, "rev-list", "--count", "main"); strings.TrimSpace(out) != "1" {
				t.Errorf("the remote has %s commits", out)
			}
			g.must("git", "rm", "-q", "-r", "--cached", ".")
			g.must("git", "commit", "-q", "-m", "a removal passes")
		})
	}
}
