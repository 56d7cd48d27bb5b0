package cli

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
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
	"the name of a file":  func(g *guarded) { g.file("d/"+g.id+".txt", "x") },
	"another with secret": func(g *guarded) { g.file("a", otherID+" "+otherSecret) },
	"target of a link": func(g *guarded) {
		if err := os.Symlink(g.id, filepath.Join(g.repo, g.in, "l")); err != nil {
			g.file("l", g.id) // no links here
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
// commits went past the hook.
func TestGuardForms(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	remote := g.remote("origin")
	g.must("git", "push", "-q", "origin", "main")
	forms := slices.Sorted(maps.Keys(guardForms))
	if testing.Short() {
		forms = []string{"bare secret", "name with a newline", "UTF-16"}
	}
	const together = 6 // guard names only so many places
	for some := range slices.Chunk(forms, together) {
		for _, name := range some {
			g.in = strings.ReplaceAll(name, " ", "-")
			g.file("other", "x")
			guardForms[name](g)
		}
		stops := func(args ...string) {
			t.Helper()
			out, err := g.run(args...)
			for _, name := range some {
				if place := strings.ReplaceAll(name, " ", "-") + "/"; err == nil || !strings.Contains(out, place) {
					t.Errorf("%v lets pass %s: %v: %s", args, name, err, out)
				}
			}
		}
		g.must("git", "add", "-A")
		stops("git", "commit", "-m", "x")
		g.must("git", "commit", "-q", "--no-verify", "-m", "x")
		stops(lookKeycare(t), "guard", "check", "--range", "origin/main..HEAD")
		stops("git", "push", "-q", "origin", "main")
		if out := g.must("git", "--git-dir="+remote, "rev-list", "--count", "main"); strings.TrimSpace(out) != "1" {
			t.Errorf("the remote has %s commits", out)
		}
		g.must("git", "rm", "-q", "-r", "--cached", ".")
		g.must("git", "commit", "-q", "-m", "a removal passes")
		g.must("git", "reset", "-q", "--hard", "origin/main")
	}
}
