package gitobj

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
)

var own = copies.Key{ID: "AKIAZAVB57H55F3T4BKH", Secret: credfile.NewSecret("abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL"), State: copies.Current}

var pair = own.ID + "\n" + own.Secret.Reveal() + "\n"

// gitHome is a folder with repositories.
type gitHome struct {
	t        testing.TB
	git, dir string
	keys     []copies.Key
}

func newGitHome(t testing.TB) *gitHome {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git on this machine")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &gitHome{t, git, dir, []copies.Key{own}}
}

func (h *gitHome) path(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }

func (h *gitHome) write(name, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), []byte(text), 0o700); err != nil {
		h.t.Fatal(err)
	}
}

// run runs git in a repository as a person would.
func (h *gitHome) run(repo string, args ...string) string {
	h.t.Helper()
	cmd := exec.Command(h.git, append([]string{"-C", h.path(repo), "-c", "gc.auto=0", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+h.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=d", "GIT_AUTHOR_EMAIL=d@x", "GIT_COMMITTER_NAME=d", "GIT_COMMITTER_EMAIL=d@x")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (h *gitHome) repo(name string) {
	h.t.Helper()
	h.write(name+"/README", "clean\n")
	h.run(name, "init", "-q")
	h.commit(name, "first")
}

func (h *gitHome) commit(repo, message string) {
	h.t.Helper()
	h.run(repo, "add", "-A")
	h.run(repo, "commit", "-qm", message)
}

// scan looks into all repositories. found has a line for each copy.
func (h *gitHome) scan(git string, memory *Memory) (r copies.Result, found []string, err error) {
	h.t.Helper()
	c := copies.NewCollector(copies.NewMatcher(h.keys, copies.Options{Others: true}), nil, nil)
	dirs, err := copies.Walk(context.Background(), c, copies.WalkOptions{Roots: []string{h.dir}})
	if err != nil {
		h.t.Fatal(err)
	}
	err = Scan(context.Background(), c, Repos(dirs), Options{Git: git, Memory: memory, Archives: true})
	r = c.Result()
	for _, one := range r.Copies {
		if !one.Git {
			continue
		}
		rel, _ := filepath.Rel(h.dir, one.Path)
		pushed := ""
		if one.Pushed {
			pushed = " pushed"
		}
		found = append(found, fmt.Sprintf("%s %s: %s:%d%s", filepath.ToSlash(rel), one.Inner, one.Parts, one.Line, pushed))
	}
	slices.Sort(found)
	return r, found, err
}

func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: found\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Every object is looked at, whatever refers to it, once.
func TestObjects(t *testing.T) {
	h := newGitHome(t)
	h.repo("packed")
	h.write("packed/conf.env", strings.Repeat("line\n", 3000)+pair)
	h.commit("packed", "add")
	h.write("packed/conf.env", strings.Repeat("line\n", 3000))
	h.commit("packed", "clean")
	h.run("packed", "repack", "-adfq")
	h.run("packed", "prune-packed")

	h.repo("loose")
	h.write("loose/README", pair)
	h.run("loose", "stash")
	h.run("loose", "commit", "--allow-empty", "-qm", "a message with\n"+own.ID)
	h.run("loose", "tag", "-a", "-m", "a tag with "+own.ID, "v1")
	h.run("loose", "notes", "add", "-m", "a note with "+own.ID)
	h.write("loose/staged.txt", "only staged: "+own.ID)
	h.run("loose", "add", "staged.txt")
	h.write("gone", "of nobody: "+own.ID)
	gone := h.run("loose", "hash-object", "-w", h.path("gone"))
	h.run("loose", "worktree", "add", "-q", "../tree")

	h.run(".", "clone", "-q", "--bare", "packed", "bare.git")
	h.run(".", "clone", "-q", "packed", "clone")
	h.write("empty/x", "")
	h.run("empty", "init", "-q")
	h.repo("super")
	h.run("super", "submodule", "add", "-q", h.path("packed"), "sub")
	h.run(".", "clone", "-q", "-s", "packed", "borrows")
	h.write("borrows/new.env", pair)
	h.commit("borrows", "new")

	_, found, err := h.scan(h.git, nil)
	if err != nil {
		t.Fatal(err)
	}
	commit := h.run("loose", "rev-parse", "HEAD")[:10]
	note := "loose " + h.run("loose", "rev-parse", "HEAD") + ": ID:1" // its file has the name of the commit
	expect(t, "with git", found, []string{
		"packed conf.env: ID and secret:3001", "bare.git conf.env: ID and secret:3001", "clone conf.env: ID and secret:3001 pushed",
		"super/.git/modules/sub conf.env: ID and secret:3001 pushed", "borrows new.env: ID and secret:1",
		"loose README: ID and secret:1", "loose commit " + commit + ": ID:7", "loose tag v1: ID:6", "loose staged.txt: ID:1",
		"loose blob " + gone[:10] + ": ID:1", note,
	})

	r, found, err := h.scan("", nil) // no git on the machine
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"loose commit", "loose tag", "loose blob"} {
		if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, want) }) {
			t.Errorf("without git: no %s in %q", want, found)
		}
	}
	if i := slices.IndexFunc(r.Skipped, func(s copies.Skip) bool { return s.Reason == copies.GitPacks }); i < 0 || r.Skipped[i].Count < 3 {
		t.Errorf("without git: packs are not named: %+v", r.Skipped)
	}
}

// A repository without a new object is not read again, and what was found in it is
// told again.
func TestMemory(t *testing.T) {
	h := newGitHome(t)
	h.repo("a")
	h.write("a/x.env", pair)
	h.commit("a", "x")
	memory := NewMemory(func(any) error { return os.ErrNotExist })
	first, found, err := h.scan(h.git, memory)
	if err != nil || len(found) != 1 || first.Objects == 0 {
		t.Fatal(err, found, first)
	}
	kept, err := json.Marshal(memory)
	if err != nil || strings.Contains(string(kept), own.Secret.Reveal()[:10]) {
		t.Fatalf("%v, %s", err, kept)
	}
	memory = NewMemory(func(into any) error { return json.Unmarshal(kept, into) })
	again, found, err := h.scan(h.git, memory)
	if err != nil || len(found) != 1 || again.Objects != 0 {
		t.Errorf("%v, %q, %d objects were read", err, found, again.Objects)
	}
	if _, found, err = h.scan(filepath.Join(h.dir, "no-git"), memory); err != nil || len(found) != 1 {
		t.Errorf("git was started for an unchanged repository: %v, %q", err, found)
	}
	h.run("a", "update-ref", "refs/remotes/origin/main", "HEAD")
	if again, found, err = h.scan(h.git, memory); err != nil || again.Objects != 0 || len(found) != 1 || !strings.HasSuffix(found[0], " pushed") {
		t.Errorf("after a push: %v, %q, %d objects were read", err, found, again.Objects)
	}
	h.write("a/y.env", own.ID)
	h.commit("a", "y")
	if again, found, err = h.scan(h.git, memory); err != nil || len(found) != 2 || again.Objects == 0 {
		t.Errorf("after a commit: %v, %q, %d objects were read", err, found, again.Objects)
	}
	h.run("a", "repack", "-adq")
	if again, found, err = h.scan(h.git, memory); err != nil || len(found) != 2 {
		t.Errorf("after a repack: %v, %q, %d objects were read", err, found, again.Objects)
	}
}

// Branches may be kept in another form than files.
func TestMemoryOfReftable(t *testing.T) {
	dir := t.TempDir()
	before := refsOf(dir)
	for _, name := range []string{"reftable", "refs"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		after := refsOf(dir)
		if after == before {
			t.Errorf("%s does not count", name)
		}
		before = after
	}
}

// After a rotation a repository is not read again, for the new key cannot stand in what
// is older; it is if the key may be older, or if nobody knows.
func TestMemoryOfKeys(t *testing.T) {
	h := newGitHome(t)
	h.repo("a")
	h.write("a/x.env", pair)
	h.commit("a", "x")
	memory := NewMemory(func(any) error { return os.ErrNotExist })
	if _, found, err := h.scan(h.git, memory); err != nil || len(found) != 1 {
		t.Fatal(err, found)
	}
	past := own
	past.State, past.Secret = copies.Deleted, credfile.Secret{}
	key := func(created time.Time) copies.Key {
		return copies.Key{ID: "AKIAY34FZKBOKMUTVV7A", Secret: credfile.NewSecret("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"), State: copies.Current, Created: created}
	}
	for _, c := range []struct {
		name string
		keys []copies.Key
		read bool
	}{
		{"rotated", []copies.Key{key(time.Now().Add(48 * time.Hour)), past}, runtime.GOOS == "windows"},
		{"an older key", []copies.Key{key(time.Now().Add(time.Hour)), past}, true},
		{"looked for meanwhile", []copies.Key{key(time.Time{}), past}, false},
		{"a secret that came later", []copies.Key{key(time.Time{}), own}, true},
		{"of which nobody knows since when", []copies.Key{key(time.Time{}), own, {ID: "AKIAQNZGKIQY56JQ7WML", State: copies.Gone}}, true},
	} {
		h.keys = c.keys
		r, found, err := h.scan(h.git, memory)
		if err != nil || len(found) != 1 || r.Objects > 0 != c.read {
			t.Errorf("%s: %v, %q, %d objects were read", c.name, err, found, r.Objects)
		}
		i := slices.IndexFunc(r.Copies, func(one copies.Copy) bool { return one.Git && one.KeyID == own.ID })
		if want := map[copies.State]copies.Tier{copies.Deleted: copies.OwnPast, copies.Current: copies.OwnCurrent}[c.keys[1].State]; i < 0 || r.Copies[i].Tier != want || r.Copies[i].Key != 1 {
			t.Errorf("%s: got %+v", c.name, r.Copies)
		}
	}
}

// What is missing or damaged is said: it is never "nothing found".
func TestMissing(t *testing.T) {
	h := newGitHome(t)
	h.repo("a")
	h.write("a/x.env", pair)
	h.commit("a", "x")
	h.repo("b")
	h.write("b/x.env", pair)
	h.commit("b", "x")
	blob := h.run("a", "rev-parse", "HEAD:x.env")
	file := h.path("a/.git/objects/" + blob[:2] + "/" + blob[2:])
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := func(r copies.Result) bool {
		return slices.ContainsFunc(r.Skipped, func(s copies.Skip) bool {
			return s.Reason == copies.GitFailed || s.Reason == copies.GitMissing
		})
	}
	r, found, err := h.scan(h.git, nil)
	if !said(r) || err == nil {
		t.Errorf("damaged: %v, %+v", err, r.Skipped)
	}
	expect(t, "the other repository", found, []string{"b x.env: ID and secret:1"})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if r, _, err = h.scan(h.git, nil); !said(r) {
		t.Errorf("missing: %v, %+v", err, r.Skipped)
	}
}

// Nothing that a repository names is run.
func TestHostile(t *testing.T) {
	h := newGitHome(t)
	h.repo("a")
	h.write("a/x.env", pair)
	h.write("a/.gitattributes", "* diff=evil filter=evil merge=evil\n")
	h.commit("a", "x")
	readme := h.run("a", "rev-parse", "HEAD:README")
	h.run(".", "clone", "-q", "a", "b")
	h.write("evil", "#!/bin/sh\necho ran >>'"+h.path("ran")+"'\n")
	evil := filepath.ToSlash(h.path("evil"))
	h.write("a/.git/config", `[core]
	repositoryformatversion = 0
	bare = false
	fsmonitor = `+evil+`
	hooksPath = `+filepath.ToSlash(h.dir)+`
	pager = `+evil+`
	sshCommand = `+evil+`
	askPass = `+evil+`
	editor = `+evil+`
	alternateRefsCommand = `+evil+`
[diff]
	external = `+evil+`
[diff "evil"]
	textconv = `+evil+`
	command = `+evil+`
[filter "evil"]
	smudge = `+evil+`
	clean = `+evil+`
	process = `+evil+`
[alias]
	cat-file = !`+evil+`
	rev-list = !`+evil+`
[credential]
	helper = !`+evil+`
[remote "origin"]
	url = ext::`+evil+`
	promisor = true
	partialclonefilter = blob:none
	uploadpack = `+evil+`
[pager]
	cat-file = `+evil+`
	rev-list = `+evil+`
[gpg]
	program = `+evil+`
`)
	for _, hook := range []string{"post-checkout", "reference-transaction", "fsmonitor-watchman", "post-index-change"} {
		h.write("a/.git/hooks/"+hook, "#!/bin/sh\necho hook >>'"+h.path("ran")+"'\n")
	}
	_, found, err := h.scan(h.git, nil)
	if err != nil {
		t.Error(err)
	}
	expect(t, "hostile", found, []string{"a x.env: ID and secret:1", "b x.env: ID and secret:1 pushed"})
	// A missing object is not fetched.
	if err := os.Remove(h.path("a/.git/objects/" + readme[:2] + "/" + readme[2:])); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"ext::" + evil, h.path("b")} {
		config, err := os.ReadFile(h.path("a/.git/config"))
		if err != nil {
			t.Fatal(err)
		}
		h.write("a/.git/config", strings.ReplaceAll(string(config), "ext::"+evil, url))
		if _, _, err := h.scan(h.git, nil); err == nil {
			t.Error("a missing object is not told")
		}
	}
	if b, err := os.ReadFile(h.path("ran")); err == nil {
		t.Errorf("ran: %s", b)
	}
}
