package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"keycare/credfile/disk/testrun"
)

// add puts a file into the index.
func (g *guarded) add(name, text string) {
	g.t.Helper()
	g.file(name, text)
	g.must("git", "add", "-A")
}

// A repository whose objects have other names.
func TestGuardSHA256(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.repo = filepath.Join(g.home, "sha256")
	g.file("README", "hello\n")
	g.must("git", "init", "-q", "-b", "main", "--template=", "--object-format=sha256")
	g.install()
	g.add("a", g.id)
	g.stopped("git", "commit", "-m", "x") // with no commit before it
	g.must("git", "commit", "-q", "--no-verify", "-m", "x")
	g.stopped(lookKeycare(t), "guard", "check", "--all")
	remote := filepath.Join(g.home, "remote.git")
	g.must("git", "init", "-q", "--template=", "--bare", "--object-format=sha256", remote)
	g.must("git", "tag", "-a", "-m", "x", "v1")
	g.stopped("git", "push", "-q", remote, "v1")
	g.must("git", "rm", "-q", "a")
	g.must("git", "commit", "-q", "-m", "a removal")
}

// Objects that are elsewhere: in a repository that this one borrows from, or in a
// folder that the caller of git names.
func TestGuardElsewhere(t *testing.T) {
	testrun.NotShort(t)
	t.Parallel()
	g := newGuarded(t)
	origin := g.repo
	g.add("old", g.id)
	g.must("git", "commit", "-q", "-m", "x")
	g.repo = g.home
	g.must("git", "clone", "-q", "--template=", "--shared", origin, "shared")
	g.repo = filepath.Join(g.home, "shared")
	g.install()
	g.add("old", "more\n"+g.id) // whose old text is borrowed
	g.must("git", "commit", "-q", "-m", "x")
	g.add("a", g.secret)
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "commit", "-q", "--no-verify", "-m", "x")
	g.stopped("git", "push", "-q", "origin", "main:refs/heads/new")
	g.must("git", "reset", "-q", "--hard", "origin/main")

	objects, index := filepath.Join(g.home, "objects"), filepath.Join(g.home, "index")
	if err := os.Mkdir(objects, 0o700); err != nil {
		t.Fatal(err)
	}
	before := g.env
	g.env = append(g.env, "GIT_OBJECT_DIRECTORY="+objects, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(origin, ".git", "objects"))
	g.add("b", g.secret)
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "b")
	g.env = append(before, "GIT_INDEX_FILE="+index)
	g.must("git", "read-tree", "HEAD")
	g.add("b", g.secret)
	g.stopped("git", "commit", "-m", "x")
	g.stopped(lookKeycare(t), "guard", "check")
	g.env = before
	g.must(lookKeycare(t), "guard", "check") // whose own index has it not

	// by names that the caller gives
	dir := filepath.Join(g.repo, ".git")
	top := g.repo
	g.add("b", g.secret)
	g.repo = g.home
	g.stopped("git", "-C", top, "commit", "-m", "x")
	g.stopped("git", "--git-dir="+dir, "--work-tree="+top, "commit", "-m", "x")
	g.env = append(before, "GIT_DIR="+dir, "GIT_WORK_TREE="+top)
	g.stopped(lookKeycare(t), "guard", "check")
	g.env = before

	// a bare one pushes
	g.must("git", "clone", "-q", "--template=", "--bare", origin, "bare.git")
	bare := filepath.Join(g.home, "bare.git")
	g.must("git", "init", "-q", "--template=", "--bare", "empty.git")
	g.installIn(filepath.Join(bare, "hooks"))
	g.repo = bare
	g.stopped("git", "push", "-q", filepath.Join(g.home, "empty.git"), "--all")
	g.stopped(lookKeycare(t), "guard", "check", "--all")
	g.repo = g.home
	g.stopped("git", "--git-dir="+bare, "push", "-q", filepath.Join(g.home, "empty.git"), "main")
}

// A submodule has hooks of its own, and of the repository around it nothing but its
// name is looked at.
func TestGuardSubmodule(t *testing.T) {
	testrun.NotShort(t)
	t.Parallel()
	g := newGuarded(t)
	top := g.repo
	g.repo = g.home
	g.must("git", "clone", "-q", "--template=", top, "inner")
	g.repo = top
	g.install()
	g.must("git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", filepath.Join(g.home, "inner"), "lib")
	g.must("git", "commit", "-q", "-m", "a submodule")
	g.installIn(filepath.Join(top, ".git", "modules", "lib", "hooks"))
	g.repo = filepath.Join(top, "lib")
	g.add("a", g.secret)
	out, err := g.run("git", "commit", "-m", "x")
	if err == nil || !strings.Contains(out, "git restore --staged -- a") {
		t.Errorf("in the submodule: %v %s", err, out)
	}
	g.must("git", "commit", "-q", "--no-verify", "-m", "x")
	g.repo = top
	g.must("git", "add", "lib")
	g.must("git", "commit", "-q", "-m", "its new commit")
	g.repo = filepath.Join(top, "lib")
	g.stopped("git", "push", "-q", "origin", "HEAD:refs/heads/new")
	g.repo = top
	g.remote("origin")
	g.stopped("git", "push", "-q", "--recurse-submodules=on-demand", "origin", "main")
}

// Commits of a part of what was changed.
func TestGuardParts(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.add("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
	g.add("b", "b\n")
	g.must("git", "commit", "-q", "-m", "x")
	g.file("a", g.id+"\n2\n3\n4\n5\n6\n7\n8\n9\nend\n")
	g.file("b", "b\nb\n")
	g.must("git", "commit", "-q", "-m", "x", "-o", "b")
	g.stopped("git", "commit", "-m", "x", "-o", "a")
	g.stopped("git", "commit", "-m", "x", "-i", "a")
	g.stopped("git", "commit", "-m", "x", "-a")
	g.must("git", "reset", "-q")
	g.must("sh", "-c", "printf 'n\\ny\\n' | git commit -q -p -m x")
	g.stopped("sh", "-c", "printf 'y\\n' | git commit -q -p -m x")
	g.must("git", "reset", "-q")
	g.stopped("git", "commit", "-a", "--fixup", "HEAD")
	g.stopped("git", "commit", "-a", "--amend", "--no-edit")
	g.stopped("git", "commit", "-a", "--squash", "HEAD", "-m", "x")
	g.must("git", "checkout", "-q", "a")
	g.must("git", "commit", "-q", "--allow-empty", "--fixup", "HEAD")
}

// What attributes do to a text does not matter: what the repository gets is looked at,
// and no filter of the repository's is run for that.
func TestGuardFilters(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the filters are programs of a Unix")
	}
	g := newGuarded(t)
	g.install()
	g.must("git", "config", "filter.crypt.clean", "tr 'A-Za-z' 'N-ZA-Mn-za-m'")
	g.must("git", "config", "filter.crypt.smudge", "tr 'A-Za-z' 'N-ZA-Mn-za-m'")
	g.must("git", "config", "filter.crypt.required", "true")
	g.must("git", "config", "diff.crypt.textconv", "touch \"$HOME/ran\"; cat")
	g.must("git", "config", "diff.crypt.command", "touch \"$HOME/ran\"; false")
	g.file(".gitattributes", "*.crypt filter=crypt diff=crypt\n*.odd -diff -text binary\n")
	g.add("secret.crypt", g.id+"\n") // is encrypted in the repository
	g.must("git", "commit", "-q", "-m", "x")
	g.add("x.odd", g.id+"\n")
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "x.odd")
	rot13 := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		}
		return r
	}, g.id)
	g.add("plain.crypt", rot13+"\n") // the filter writes the key
	g.stopped("git", "commit", "-m", "x")
	if _, err := os.Stat(filepath.Join(g.home, "ran")); err == nil {
		t.Error("a program of the repository ran")
	}
	g.must("git", "rm", "-q", "-f", "plain.crypt")

	// Git LFS: the repository gets a pointer, and its server the text
	sum := sha256.Sum256([]byte(g.id))
	id := hex.EncodeToString(sum[:])
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", id, len(g.id))
	g.add("big.bin", pointer)
	g.must(lookKeycare(t), "guard", "check") // the text is not here, so it is not new
	g.file(filepath.Join(".git", "lfs", "objects", id[:2], id[2:4], id), g.id)
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "config", "lfs.storage", "elsewhere")
	g.must(lookKeycare(t), "guard", "check")
	g.file(filepath.Join(".git", "elsewhere", "objects", id[:2], id[2:4], id), g.id)
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "big.bin")

	// names that are no text
	odd := "n\xe9 'x' \"y\"\n\tz"
	if runtime.GOOS != "linux" { // others refuse such bytes
		odd = "n 'x'"
	}
	g.file(odd, g.secret)
	g.must("git", "add", "-A")
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "--", odd)
	g.add("a"+g.id, "x") // the name alone
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "reset", "-q", "--hard")
	g.add(strings.ReplaceAll(g.secret, "/", "%2F"), g.id)
	out, err := g.run("git", "commit", "-m", "x")
	if err == nil || strings.Contains(out, "%2F") || strings.Contains(out, g.secret[8:30]) {
		t.Errorf("a name with the secret in it: %v %s", err, out)
	}
}

// However many names are pushed, each commit is looked at once, and what the remote
// has by one name is old by all.
func TestGuardManyNames(t *testing.T) {
	testrun.NotShort(t)
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.remote("origin")
	var names strings.Builder
	for i := range 50 {
		fmt.Fprintf(&names, "create refs/tags/t%d HEAD\ncreate refs/heads/b%d HEAD\n", i, i)
	}
	g.file(filepath.Join(g.home, "names"), names.String())
	g.must("sh", "-c", "git update-ref --stdin <\"$HOME/names\"")
	g.must("git", "push", "-q", "--mirror", "origin")
	g.must("git", "push", "-q", "--prune", "--mirror", "origin")
	g.must("git", "checkout", "-q", "-b", "new")
	g.must("git", "commit", "-q", "--allow-empty", "--no-verify", "-m", g.id)
	g.must("git", "tag", "-a", "-m", "x", "inner")
	g.must("git", "tag", "-a", "-m", "again "+g.id, "outer", "inner")
	out, err := g.run("git", "push", "-q", "--mirror", "origin")
	if err == nil || strings.Count(out, "the message: ID of key "+g.id) != 2 {
		t.Errorf("a commit and a tag are to be named once each: %v %s", err, out)
	}
	g.must("git", "update-ref", "-d", "refs/heads/new")
	g.must("git", "push", "-q", "origin", "b1:refs/heads/third", ":t2")
	if out, err := g.run(lookKeycare(t), "guard", "check", "--all"); err == nil || strings.Count(out, "the message: ID of key "+g.id) != 2 {
		t.Errorf("of all there is: %v %s", err, out)
	}
}
