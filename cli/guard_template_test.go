package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A new clone has the hooks, and what git gives every new repository; a removal leaves
// what was there, and of the folder what a person has put into it.
func TestGuardTemplate(t *testing.T) {
	g := newGuarded(t)
	config := filepath.Join(g.home, ".gitconfig")
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	h := hereIn(g.home)
	h.Folders.Config = filepath.Join(g.home, ".config")
	program := lookKeycare(t)
	if hasConfigHooks(t.Context(), "git") {
		if err := installTemplate(t.Context(), h.env, program); err == nil || !strings.Contains(err.Error(), "--global") {
			t.Errorf("got %v", err)
		}
		return
	}
	g.env = append(g.env, "GIT_CONFIG_GLOBAL="+config)
	mine := filepath.Join(g.home, "mine")
	g.file(filepath.Join(h.Folders.Config, "other.ini"), "x")
	for _, c := range []struct{ before, dir string }{
		{"[user]\n\tname = x", filepath.Join(h.Folders.Config, "keycare", "git-template")},
		{"[init]\n\ttemplateDir = ~/mine\n", mine},
	} {
		g.file(config, c.before)
		g.env = append(g.env, "HOME="+g.home)
		t.Setenv("HOME", g.home)
		g.file(filepath.Join(mine, "hooks", "pre-commit"), "#!/bin/sh\necho theirs\n")
		if err := os.Chmod(filepath.Join(mine, "hooks", "pre-commit"), 0o755); err != nil {
			t.Fatal(err)
		}
		before := treeOf(t, g.home)
		for range 2 { // twice is once
			if err := installTemplate(t.Context(), h.env, program); err != nil {
				t.Fatal(err)
			}
		}
		if says := templateStatus(t.Context(), h.env, "git", program); !strings.Contains(says, "installed in") {
			t.Errorf("status: %q", says)
		}
		g.repo = g.home
		g.must("git", "clone", "-q", filepath.Join(g.home, "src", "app"), "clone")
		g.repo = filepath.Join(g.home, "clone")
		g.add("a", g.id)
		out, err := g.run("git", "commit", "-m", "x")
		if err == nil || !strings.Contains(out, "keycare guard: stopped") || strings.Contains(out, "theirs") != (c.dir == mine) {
			t.Errorf("a new clone: %v %s", err, out)
		}
		if _, err := os.Stat(filepath.Join(g.repo, ".git", "info", "exclude")); err != nil && c.dir != mine {
			t.Error("a new clone lacks what git gives it:", err)
		}
		if err := os.Remove(filepath.Join(c.dir, "hooks", "pre-push")); err != nil {
			t.Fatal(err)
		}
		if says := templateStatus(t.Context(), h.env, "git", program); !strings.Contains(says, "not whole") {
			t.Errorf("status without a hook: %q", says)
		}
		if err := installTemplate(t.Context(), h.env, program); err != nil {
			t.Fatal(err)
		}
		if err := removeTemplate(t.Context(), h.env); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(g.repo); err != nil {
			t.Fatal(err)
		}
		if after := treeOf(t, g.home); after != before {
			t.Errorf("a removal leaves\n%s, not\n%s", after, before)
		}
	}
	// what a person has added stays
	g.file(config, "")
	if err := installTemplate(t.Context(), h.env, program); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(ownTemplate(h.env), "info", "mine")
	g.file(own, "x")
	if err := removeTemplate(t.Context(), h.env); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(own); err != nil || !strings.Contains(h.talk.String(), "is left: it holds files") {
		t.Errorf("%v: %s", err, h.talk.String())
	}
}

// treeOf are the files below a folder but those of repositories, with their texts.
func treeOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{".gitconfig", "mine/hooks", ".config", ".config/keycare", ".config/keycare/git-template/hooks"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		fi, err := os.Stat(path)
		switch {
		case err != nil:
		case fi.IsDir():
			b.WriteString(name + ":\n" + filesAt(t, path))
		default:
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(name + ":\n" + string(text))
		}
	}
	return b.String()
}

func filesAt(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		text, _ := os.ReadFile(filepath.Join(dir, e.Name())) // a folder has none
		b.WriteString(e.Name() + "=" + string(text) + "\n")
	}
	return b.String()
}
