package cli

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keycare/credfile"
	"keycare/credfile/hook"
)

// guarded is a home with a key and a repository with the hooks of guard.
type guarded struct {
	t          *testing.T
	home, repo string
	id, secret string
	env        []string
	in         string // the folder of the repository in which file writes
}

const (
	guardID     = "AKIAZAVB57H5GUARDONE"
	otherID     = "AKIAR2QX7LMPO4CTVN5K"
	guardOther  = "AKIAZAVB57H5GUARDTWO" // of the same account
	otherSecret = "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"
)

// guardSecret has what other writings change.
var guardSecret = "Gu4rd/+" + strings.Repeat("aB3x", 8) + "/"

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("SKIPPED: git is not on this machine")
	}
	g := &guarded{t: t, home: t.TempDir(), id: guardID, secret: guardSecret}
	g.repo = filepath.Join(g.home, "src", "app")
	g.env = append(withoutPrefix(os.Environ(), "AWS_", "KEYCARE_", "GIT_", "XDG_"), "HOME="+g.home, "USERPROFILE="+g.home, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	g.file(filepath.Join(g.home, ".aws", "credentials"), "[work]\naws_access_key_id = "+g.id+"\naws_secret_access_key = "+g.secret+"\n")
	for name, text := range begun(t) {
		g.file(name, text)
	}
	if err := os.MkdirAll(filepath.Join(g.repo, ".git", "refs", "tags"), 0o700); err != nil {
		t.Fatal(err)
	}
	return g
}

// begun are the files of a repository with one commit. To make it costs three
// programs, to write it down almost nothing.
func begun(t *testing.T) map[string]string {
	t.Helper()
	files, err := beginning()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var beginning = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp("", "begun")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("hello\n"), 0o600); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main", "--template="}, {"add", "-A"}, {"commit", "-q", "-m", "begin"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = dir, append(withoutPrefix(os.Environ(), "GIT_"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %v: %w: %s", args, err, out)
		}
	}
	files := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		files[name] = string(text)
		return errors.Join(err, relErr)
	})
	return files, err
})

func withoutPrefix(env []string, prefixes ...string) (out []string) {
next:
	for _, v := range env {
		for _, p := range prefixes {
			if strings.HasPrefix(v, p) {
				continue next
			}
		}
		out = append(out, v)
	}
	return out
}

func (g *guarded) file(path, text string) {
	g.t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(g.repo, g.in, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// run runs a program in the repository.
func (g *guarded) run(args ...string) (said string, err error) {
	g.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = g.repo, g.env
	out, err := cmd.CombinedOutput()
	for _, form := range []string{g.secret, base64.StdEncoding.EncodeToString([]byte(g.secret))} {
		if bytes.Contains(out, []byte(form)) {
			g.t.Errorf("%v shows the secret", args)
		}
	}
	return string(out), err
}

func (g *guarded) must(args ...string) string {
	g.t.Helper()
	out, err := g.run(args...)
	if err != nil {
		g.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// stopped fails unless the command is stopped by guard.
func (g *guarded) stopped(args ...string) {
	g.t.Helper()
	if out, err := g.run(args...); err == nil || !strings.Contains(out, "keycare guard: stopped") {
		g.t.Errorf("%v was not stopped: %v\n%s", args, err, out)
	}
}

// install puts the hooks into the repository, by the path of the program of the
// tests, which guard itself would refuse: it does not stay.
func (g *guarded) install() {
	g.t.Helper()
	g.installIn(filepath.Join(g.repo, ".git", "hooks"))
}

func (g *guarded) installIn(dir string) {
	g.t.Helper()
	if err := hook.Install(testEnv().Disk, dir, lookKeycare(g.t)); err != nil {
		g.t.Fatal(err)
	}
}

// remote makes a bare repository that git push knows by a name.
func (g *guarded) remote(name string) (path string) {
	g.t.Helper()
	path = filepath.Join(g.home, name+".git")
	g.must("git", "init", "-q", "--template=", "--bare", path)
	g.must("git", "remote", "add", name, path)
	return path
}

// What comes in on other ways.
func TestGuardWays(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.stopped("git", "commit", "--allow-empty", "-m", "the key is "+g.id)
	g.must("git", "commit", "-q", "--allow-empty", "-m", "x")

	// in the index, though the work tree is clean again
	g.file("a", g.secret)
	g.must("git", "add", "a")
	g.file("a", "clean")
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "--cached", "a")

	// by -a, in a linked work tree, and by a merge without fast-forward
	g.file("README", g.id)
	g.stopped("git", "commit", "-a", "-m", "x")
	g.must("git", "checkout", "-q", "README")
	g.must("git", "worktree", "add", "-q", "-b", "side", "../side")
	main := g.repo
	g.repo = filepath.Join(filepath.Dir(main), "side")
	g.file("b", g.secret)
	g.must("git", "add", "b")
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "commit", "-q", "--no-verify", "-m", "x")
	g.repo = main
	g.stopped("git", "merge", "--no-ff", "-m", "m", "side")
	g.must("git", "merge", "--abort")
	if out, err := exec.Command("git", "version").Output(); err == nil {
		t.Logf("%s", out)
	}

	// what passes the commit's hooks is met by the push: cherry-pick, fast-forward, an
	// annotated tag
	g.remote("origin")
	g.must("git", "push", "-q", "origin", "main")
	g.must("git", "-c", "core.hooksPath=/dev/null", "cherry-pick", "side")
	g.stopped("git", "push", "-q", "origin", "main")
	g.must("git", "reset", "-q", "--hard", "origin/main")
	g.must("git", "merge", "-q", "--ff-only", "side")
	g.stopped("git", "push", "-q", "origin", "main")
	g.must("git", "reset", "-q", "--hard", "origin/main")
	g.must("git", "tag", "-a", "-m", g.id, "v1")
	g.stopped("git", "push", "-q", "origin", "v1")
	g.must("git", "push", "-q", "origin", "main:refs/heads/other")
	g.must("git", "push", "-q", "origin", ":other")
}

// What another remote has, this one has not; and a tag need not be on a commit.
func TestGuardNewRemote(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	private, public := g.remote("private"), g.remote("public")
	g.must("git", "push", "-q", "private", "main")
	g.must("git", "checkout", "-q", "-b", "own")
	g.file("a", g.secret)
	g.must("git", "add", "a")
	g.must("git", "commit", "-q", "--no-verify", "-m", "x")
	g.must("git", "push", "-q", "--no-verify", "private", "own")
	g.must("git", "push", "-q", "private", "own:again")
	g.must("git", "push", "-q", private, "own:third")
	g.stopped("git", "push", "-q", "public", "own")
	g.stopped("git", "push", "-q", public, "own")
	g.must("git", "push", "-q", "public", "main")
	g.stopped("git", "push", "-q", "public", "own")

	for name, what := range map[string]string{"file": "own:a", "folder": "own^{tree}"} {
		g.must("git", "tag", name, what)
		g.must("git", "tag", "-a", "-m", "x", name+"a", what)
		g.stopped("git", "push", "-q", "private", name)
		g.stopped("git", "push", "-q", "private", name+"a")
	}
	g.must("git", "tag", "good", "own:README")
	g.must("git", "push", "-q", "private", "good")
}

// A partial clone has not the texts that a merge takes over from a parent.
func TestGuardPartialClone(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	origin := g.repo
	g.must("git", "config", "uploadpack.allowFilter", "true")
	g.must("git", "config", "uploadpack.allowAnySHA1InWant", "true")
	g.must("git", "checkout", "-q", "-b", "side")
	g.file("b", "1\n")
	g.must("git", "add", "b")
	g.must("git", "commit", "-q", "-m", "b1")
	g.file("b", "2\n")
	g.must("git", "commit", "-q", "-a", "-m", "b2")
	g.must("git", "checkout", "-q", "main")
	g.repo = filepath.Join(g.home, "partial")
	url := "file://" + filepath.ToSlash(origin)
	g.repo = g.home
	g.must("git", "clone", "-q", "--filter=blob:none", "--no-checkout", url, "partial")
	g.repo = filepath.Join(g.home, "partial")
	g.must("git", "checkout", "-q", "main")
	g.install()
	g.file("c", "c\n")
	g.must("git", "add", "c")
	g.must("git", "commit", "-q", "-m", "c")
	tree := g.must("git", "merge-tree", "--write-tree", "main", "origin/side~1")
	merge := strings.TrimSpace(g.must("git", "commit-tree", "-m", "m", "-p", "main", "-p", "origin/side~1", strings.TrimSpace(tree)))
	g.must("git", "push", "-q", "origin", merge+":refs/heads/new")
}

// A key that is there already stops nobody; one more of it does.
func TestGuardOldKey(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.file("a", "k = "+g.id+"\n")
	g.must("git", "add", "-A")
	g.must("git", "commit", "-q", "-m", "before the hooks")
	g.install()
	g.file("a", "k = "+g.id+"\nmore\n")
	g.must("git", "commit", "-q", "-a", "-m", "another line")
	g.must("git", "mv", "a", "b")
	g.must("git", "checkout", "-q", "-b", "side")
	g.file("a", "k = "+g.id+"\nmore\n"+g.id+"\n")
	g.must("git", "reset", "-q", "--hard")
	g.file("a", "k = "+g.id+"\nmore\n"+g.id+"\n")
	g.stopped("git", "commit", "-a", "-m", "once more")
	g.must("git", "checkout", "-q", "a")
	g.must("git", "commit", "-q", "-v", "--allow-empty", "-m", "x")
	g.must("git", "rm", "-q", "a")
	g.env = append(g.env, `GIT_EDITOR=sed -i.bak 1iremoved`)
	g.must("git", "commit", "-q", "-v") // its message shows the diff, below the scissors

	// a merge of what the remote has brings nothing new
	g.remote("origin")
	g.must("git", "push", "-q", "--no-verify", "origin", "main", "side")
	g.must("git", "checkout", "-q", "-b", "late", "main~1")
	g.file("c", "c")
	g.must("git", "add", "c")
	g.must("git", "commit", "-q", "-m", "c")
	g.must("git", "merge", "-q", "--no-verify", "-m", "m", "main")
	g.must("git", "push", "-q", "origin", "late")
}

// A repository's own programs do not run, and one of a shallow clone is not taken
// for whole.
func TestGuardHostile(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.file("a", g.id)
	g.must("git", "add", "a")
	for _, setting := range []string{"core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "filter.x.clean"} {
		g.must("git", "config", setting, "touch "+filepath.Join(g.home, "ran"))
	}
	g.file(".git/info/attributes", "* diff=x filter=x\n")
	_ = os.Remove(filepath.Join(g.home, "ran"))
	g.stopped(lookKeycare(t), "guard", "check")
	if _, err := os.Stat(filepath.Join(g.home, "ran")); err == nil {
		t.Error("a program of the repository ran")
	}
	clone := filepath.Join(g.home, "clone")
	g.must("git", "-c", "core.fsmonitor=false", "-c", "filter.x.clean=cat", "commit", "-q", "-m", "x")
	g.must("git", "clone", "-q", "--depth", "1", "file://"+filepath.ToSlash(g.repo), clone)
	g.repo = clone
	if out, err := g.run(lookKeycare(t), "guard", "check", "--range", "HEAD"); err == nil || !strings.Contains(out, "shallow") {
		t.Errorf("got %v: %s", err, out)
	}
}

// In a CI there is no key; the accounts alone say what is ours.
func TestGuardInCI(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	if err := os.RemoveAll(filepath.Join(g.home, ".aws")); err != nil {
		t.Fatal(err)
	}
	g.file("a", guardOther)
	g.must("git", "add", "a")
	g.must("git", "commit", "-q", "-m", "x")
	if out, err := g.run(lookKeycare(t), "guard", "check", "--range", "HEAD~1..HEAD"); err != nil {
		t.Errorf("an ID alone: %v %s", err, out)
	}
	g.env = append(g.env, "KEYCARE_ACCOUNTS="+accountOfGuard(t))
	g.stopped(lookKeycare(t), "guard", "check", "--range", "HEAD~1..HEAD")
	g.stopped(lookKeycare(t), "guard", "check", "--all")
}

func accountOfGuard(t *testing.T) string {
	t.Helper()
	account := credfile.FactsOf(guardOther).Account
	if account == "" || account != credfile.FactsOf(guardID).Account || account == credfile.FactsOf(otherID).Account {
		t.Fatalf("the keys of the test are of account %q", account)
	}
	return account
}
