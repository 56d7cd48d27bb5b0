package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile/hook"
)

// A hook of keycare's to which somebody has added lines is nobody's to delete, nor is
// a link that leads nowhere; one for another program is keycare's.
func TestGuardEditedHook(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	d, dir := testEnv().Disk, filepath.Join(g.repo, ".git", "hooks")
	path := filepath.Join(dir, "pre-commit")
	text := hook.Script(hook.Events[0], "/o'pt/keycare")
	g.file(path, text)
	g.install()
	if _, err := hook.Remove(d, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it was not removed")
	}
	g.file(path, strings.Replace(text, "kept=", "npm test\nkept=", 1))
	if err := hook.Install(d, dir, "/opt/keycare"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("install: %v", err)
	}
	if _, err := hook.Remove(d, dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("remove: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "npm test") {
		t.Errorf("the line is gone: %v", err)
	}
	if err := errors.Join(os.Remove(path), os.Symlink("nowhere", path)); err != nil {
		t.Skip("SKIPPED: no links here:", err)
	}
	g.install()
	if _, err := hook.Remove(d, dir); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(path); err != nil || to != "nowhere" {
		t.Errorf("the link is gone: %v", err)
	}
}

// A hook that was there is kept and called, also with what git hands to pre-push;
// without the program commits pass; a removal leaves what was there before.
func TestGuardKeepsHooks(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	dir := filepath.Join(g.repo, ".git", "hooks")
	mine := "#!/bin/sh\necho mine >>\"$HOME/ran\"\n"
	g.file(filepath.Join(dir, "pre-commit"), mine)
	g.file(filepath.Join(dir, "pre-push"), "#!/bin/sh\ncat >>\"$HOME/ran\"\n")
	for _, name := range []string{"pre-commit", "pre-push"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := filesIn(t, dir)
	g.install()
	g.install() // twice is once
	g.must("git", "commit", "-q", "--allow-empty", "-m", "x")
	remote := filepath.Join(g.home, "remote.git")
	g.must("git", "init", "-q", "--bare", remote)
	g.must("git", "push", "-q", remote, "main")
	ran, _ := os.ReadFile(filepath.Join(g.home, "ran"))
	if !strings.HasPrefix(string(ran), "mine\n") || !strings.Contains(string(ran), "refs/heads/main") {
		t.Errorf("the hooks that were there did: %q", ran)
	}
	if err := hook.Install(testEnv().Disk, dir, filepath.Join(g.home, "gone", "keycare")); err != nil {
		t.Fatal(err)
	}
	if out := g.must("git", "commit", "--allow-empty", "-m", "x"); !strings.Contains(out, "is gone, so this was not checked") {
		t.Errorf("no warning: %s", out)
	}
	if _, err := hook.Remove(testEnv().Disk, dir); err != nil {
		t.Fatal(err)
	}
	if after := filesIn(t, dir); after != before {
		t.Errorf("a removal leaves %s, not %s", after, before)
	}
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s:%s\n", e.Name(), text)
	}
	return b.String()
}

// Git's own configuration gets a block, which a removal takes away to the byte; the
// hooks run in every repository, beside those of a folder.
func TestGuardGlobal(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	config := filepath.Join(g.home, ".gitconfig")
	for _, before := range []string{"", "[user]\n\tname = x\n", "# no line end at the end"} {
		g.file(config, before)
		with, err := hook.WithBlock(before, lookKeycare(t))
		if err != nil {
			t.Fatal(err)
		}
		g.file(config, with)
		if got := g.must("git", "config", "--global", "--get", "hook.keycare-pre-push.event"); strings.TrimSpace(got) != "pre-push" {
			t.Errorf("git reads %q", got)
		}
		if got := strings.TrimSpace(g.must("git", "config", "--global", "--get", "hook.keycare-pre-commit.command")); got != hook.Command(hook.Events[0], lookKeycare(t)) {
			t.Errorf("git reads %q", got)
		}
		again, err := hook.WithBlock(with, lookKeycare(t))
		if err != nil || again != with {
			t.Errorf("twice is not once: %v", err)
		}
		g.must(lookKeycare(t), "guard", "remove", "--global")
		if b, err := os.ReadFile(config); err != nil || string(b) != before {
			t.Errorf("a removal leaves %q, not %q (%v)", b, before, err)
		}
	}
	if !hasConfigHooks(t.Context(), "git") {
		t.Skip("SKIPPED: Git before 2.54 has no hooks in its configuration")
	}
	with, err := hook.WithBlock("", lookKeycare(t))
	if err != nil {
		t.Fatal(err)
	}
	g.file(config, with)
	husky := filepath.Join(g.repo, ".husky")
	g.file(filepath.Join(husky, "pre-commit"), "#!/bin/sh\necho mine >>\"$HOME/ran\"\n")
	if err := os.Chmod(filepath.Join(husky, "pre-commit"), 0o755); err != nil {
		t.Fatal(err)
	}
	g.must("git", "config", "core.hooksPath", ".husky")
	g.file("a", g.secret)
	g.must("git", "add", "a")
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "a")
	g.stopped("git", "commit", "--allow-empty", "-m", g.id)
	g.must("git", "commit", "-q", "--allow-empty", "-m", "x")
	if b, err := os.ReadFile(filepath.Join(g.home, "ran")); err != nil || !strings.Contains(string(b), "mine") {
		t.Errorf("the folder's hook did not run: %v", err)
	}
	remote := filepath.Join(g.home, "remote.git")
	g.must("git", "init", "-q", "--bare", remote)
	g.must("git", "commit", "-q", "--allow-empty", "--no-verify", "-m", g.id)
	g.stopped("git", "push", "-q", remote, "main")
	gone, err := hook.WithBlock("", filepath.Join(g.home, "gone"))
	if err != nil {
		t.Fatal(err)
	}
	g.file(config, gone)
	if out := g.must("git", "push", remote, "main"); !strings.Contains(out, "is gone, so this was not checked") {
		t.Errorf("no warning: %s", out)
	}
}

// The script of pre-commit is called by nobody else: with it keycare's hook goes
// where that script looks, whichever comes first.
func TestGuardBesidePreCommit(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	dir := filepath.Join(g.repo, ".git", "hooks")
	path := filepath.Join(dir, "pre-commit")
	theirs := "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\nhere=\"${0%/*}\"\necho theirs >>\"$HOME/ran\"\nif [ -x \"$here/pre-commit.legacy\" ]; then \"$here/pre-commit.legacy\" \"$@\"; fi\n"
	place := func(name, text string) {
		g.file(name, text)
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, first := range []bool{true, false} {
		if first {
			place(path, theirs)
			g.install()
		} else { // pre-commit moves away what is there
			g.install()
			if err := os.Rename(path, path+".legacy"); err != nil {
				t.Fatal(err)
			}
			place(path, theirs)
			g.install()
		}
		g.file("a", g.id)
		g.must("git", "add", "a")
		g.stopped("git", "commit", "-m", "x")
		g.must("git", "rm", "-q", "-f", "a")
		g.must("git", "commit", "-q", "--allow-empty", "-m", "x")
		if _, err := hook.Remove(testEnv().Disk, dir); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != theirs {
			t.Errorf("their hook is %q (%v)", b, err)
		}
		if _, err := os.Lstat(path + ".legacy"); err == nil {
			t.Error("keycare's hook is left")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
