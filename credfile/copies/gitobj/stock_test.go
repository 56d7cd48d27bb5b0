package gitobj

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"keycare/credfile/copies"
	"keycare/credfile/disk/testrun"
)

// Whatever happens to repositories, a scan that reads what is new finds what one finds
// that reads all of it.
func TestNewObjects(t *testing.T) {
	testrun.NotShort(t)
	t.Parallel()
	h := newGitHome(t)
	r := rand.New(rand.NewPCG(5, 6))
	h.repo("up")
	h.run(".", "clone", "-q", "up", "a")
	h.run(".", "clone", "-q", "-s", "up", "borrows")
	h.run("a", "config", "fetch.unpackLimit", "1") // fetches make packs
	h.repo("super")
	h.run("super", "submodule", "add", "-q", h.path("up"), "sub")
	n := 0
	file := func(repo string) {
		n++
		text := fmt.Sprintf("%d\n%d\n", n, r.Uint64())
		if r.IntN(3) == 0 {
			text += pair
		} else if r.IntN(5) == 0 {
			text = zipped(t, r.IntN(3)) // a few, over and over
		}
		h.write(fmt.Sprintf("%s/f%d", repo, r.IntN(6)), text)
	}
	commit := func(repo string) func() {
		return func() { file(repo); h.run(repo, "add", "-A"); h.run(repo, "commit", "-q", "--allow-empty", "-m", "x") }
	}
	git := func(repo string, args ...string) func() { return func() { h.run(repo, args...) } }
	all := func(steps ...func()) func() {
		return func() {
			for _, step := range steps {
				step()
			}
		}
	}
	steps := []func(){
		commit("a"), commit("a"), commit("up"), commit("borrows"), commit("super/sub"),
		all(func() { file("a") }, git("a", "add", "-A"), git("a", "commit", "-q", "--allow-empty", "--amend", "-m", "amended")),
		all(func() { file("a") }, git("a", "stash", "-q", "-u"), git("a", "stash", "drop", "-q")),
		all(func() { file("a") }, git("a", "add", "-A")), // in the index alone
		all(git("a", "reset", "-q", "--hard")),
		all(commit("up"), git("a", "fetch", "-q")),
		all(git("a", "worktree", "add", "-q", "-f", "--detach", "../tree"), commit("tree"), git("a", "worktree", "remove", "-f", "../tree")),
		all(git("a", "tag", "-f", "-a", "-m", "the key "+own.ID, "v1"), git("a", "notes", "add", "-f", "-m", fmt.Sprint(own.ID))),
		git("a", "repack", "-dq"), git("a", "repack", "-adq"), git("a", "prune-packed", "-q"),
		all(git("a", "reflog", "expire", "--expire=now", "--all"), git("a", "gc", "-q", "--prune=now")),
		all(git("a", "reset", "-q", "--hard", "origin/HEAD"), git("a", "reflog", "expire", "--expire=now", "--all"), git("a", "prune", "--expire=now")),
		git("up", "gc", "-q"),
	}
	kept := []byte("{}")
	for i := range 60 {
		steps[r.IntN(len(steps))]()
		memory := NewMemory(func(into any) error { return json.Unmarshal(kept, into) })
		_, got, gotErr := h.scan(h.git, memory)
		_, want, wantErr := h.scan(h.git, nil)
		if !slices.Equal(got, want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("step %d: found\n%s\n(%v), all of it has\n%s\n(%v)", i, strings.Join(got, "\n"), gotErr, strings.Join(want, "\n"), wantErr)
		}
		var err error
		if kept, err = json.Marshal(memory); err != nil {
			t.Fatal(err)
		}
	}
}

// Of a repository with something new only that is read, and what had a key before.
func TestNewObjectsAlone(t *testing.T) {
	t.Parallel()
	h := newGitHome(t)
	h.repo("a")
	for i := range 50 {
		h.write(fmt.Sprintf("a/f%d", i), fmt.Sprint(i))
	}
	h.write("a/x.env", pair)
	h.commit("a", "x")
	h.run("a", "repack", "-adq")
	memory := NewMemory(func(any) error { return os.ErrNotExist })
	reads := func(what string, least, most int64, copies int) {
		t.Helper()
		r, found, err := h.scan(h.git, memory)
		if err != nil || r.Objects < least || r.Objects > most || len(found) != copies {
			t.Errorf("%s: %d objects were read, %q, %v", what, r.Objects, found, err)
		}
	}
	reads("first", 50, 100, 1)
	h.write("a/y.env", "y "+pair)
	h.commit("a", "y")
	reads("a commit", 4, 10, 2)
	h.run("a", "repack", "-dq")
	reads("a new pack", 4, 10, 2)

	blobs := []string{"hash-object", "-w"}
	for i := range 300 {
		h.write(fmt.Sprintf("b%d", i), fmt.Sprint("blob ", i))
		blobs = append(blobs, h.path(fmt.Sprintf("b%d", i)))
	}
	h.run("a", blobs...)
	reads("loose objects", 300, 320, 2)
	for i, there := 0, false; !there; i++ { // in a folder that is there
		h.write("one", fmt.Sprint(i, pair))
		dir := h.path("a/.git/objects/" + h.run("a", "hash-object", h.path("one"))[:2])
		_, err := os.Stat(dir)
		there = err == nil
	}
	h.run("a", "hash-object", "-w", h.path("one"))
	reads("one more loose object", 4, 20, 3)

	h.write("a/z", "z")
	h.commit("a", "z")
	h.run("a", "repack", "-adq")
	reads("all in one pack", 300, 500, 3)
	h.keys = append(h.keys, copies.Key{ID: "AKIAQNZGKIQY56JQ7WML", State: copies.Gone}) // of which nobody knows since when
	h.write("a/z", "zz")
	h.commit("a", "zz")
	reads("a key that was not looked for", 300, 500, 3)
	all := h.keys
	for i, c := range []struct {
		keys        []copies.Key
		least, most int64
	}{{all, 4, 20}, {all[:1], 4, 20}, {all, 300, 500}} {
		h.keys = c.keys
		h.write("a/z", fmt.Sprint("z", i))
		h.commit("a", "z")
		reads(fmt.Sprintf("with %d keys", len(c.keys)), c.least, c.most, 3)
	}
}

// A damaged new object is said, as in a whole scan.
func TestNewObjectDamaged(t *testing.T) {
	t.Parallel()
	h := newGitHome(t)
	h.repo("a")
	memory := NewMemory(func(any) error { return os.ErrNotExist })
	if _, _, err := h.scan(h.git, memory); err != nil {
		t.Fatal(err)
	}
	h.write("x", pair)
	id := h.run("a", "hash-object", "-w", h.path("x"))
	file := h.path("a/.git/objects/" + id[:2] + "/" + id[2:])
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	h.write("a/.git/objects/"+id[:2]+"/"+id[2:], "damaged")
	for range 2 {
		if _, _, err := h.scan(h.git, memory); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got %v", err)
		}
	}
}
