package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// The name of a branch or of a tag is sent too, once: a remote that has it has it.
func TestGuardRefNames(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.remote("origin")
	g.must("git", "push", "-q", "origin", "main")
	g.must("git", "branch", "b-"+g.id)
	g.must("git", "tag", "t-"+g.id)
	for _, name := range []string{"b-" + g.id, "t-" + g.id, "main:refs/heads/x-" + g.id} {
		g.stopped("git", "push", "-q", "origin", name)
	}
	out, err := g.run("git", "push", "-q", "origin", "b-"+g.id)
	if err == nil || !strings.Contains(out, "the name refs/heads/b-"+g.id+": ID of key") {
		t.Errorf("%v: %s", err, out)
	}
	g.must("git", "push", "-q", "--no-verify", "origin", "b-"+g.id)
	g.must("git", "commit", "-q", "--allow-empty", "-m", "x")
	g.must("git", "push", "-q", "origin", "main:b-"+g.id)
	g.must("git", "push", "-q", "origin", ":b-"+g.id)
}

// A remote that lacks a branch that is known of it is another repository: its URL was
// changed, or pushes have another one.
func TestGuardAnotherRemote(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.remote("origin")
	g.must("git", "commit", "-q", "--allow-empty", "--no-verify", "-m", g.id)
	g.must("git", "push", "-q", "--no-verify", "origin", "main")
	g.must("git", "push", "-q", "origin", "main:new") // which brings nothing
	public := filepath.Join(g.home, "public.git")
	g.must("git", "init", "-q", "--template=", "--bare", public)
	g.must("git", "config", "remote.origin.pushurl", public)
	g.stopped("git", "push", "-q", "origin", "main")
	g.must("git", "config", "--unset", "remote.origin.pushurl")
	g.must("git", "remote", "set-url", "origin", public)
	g.stopped("git", "push", "-q", "origin", "main")
	g.stopped("git", "push", "-q", "origin", "main", "main:again")
}
