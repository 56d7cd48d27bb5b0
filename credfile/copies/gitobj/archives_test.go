package gitobj

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"keycare/credfile/copies"
)

// zipped is a zip file of which one member has a key; filler bytes make it large.
func zipped(t *testing.T, filler int) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	noise := make([]byte, filler)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < filler; i++ {
		noise[i] = byte(r.Uint32())
	}
	for name, text := range map[string]string{"conf/.env": pair, "noise": string(noise)} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What archives of a history hold is looked at, and what cannot be is said, also by a
// scan that reads only what is new.
func TestObjectsInArchives(t *testing.T) {
	t.Parallel()
	h := newGitHome(t)
	h.repo("a")
	h.write("a/small.zip", zipped(t, 10))
	h.write("a/large.zip", zipped(t, 1<<20))
	h.write("a/x.7z", "7z\xbc\xaf\x27\x1c and the rest")
	h.write("a/x.pdf", "%PDF-1.7 and the rest")
	h.commit("a", "x")
	h.run("a", "rm", "-q", "small.zip", "large.zip", "x.7z", "x.pdf")
	h.commit("a", "y")
	kept := []byte("{}")
	scan := func(what string, want []string, odd, pdf int) {
		t.Helper()
		memory := NewMemory(func(into any) error { return json.Unmarshal(kept, into) })
		r, found, err := h.scan(h.git, memory)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, what, found, want)
		for reason, n := range map[copies.Reason]int{copies.OddArchive: odd, copies.PDFText: pdf} {
			i := slices.IndexFunc(r.Skipped, func(s copies.Skip) bool { return s.Reason == reason })
			if n > 0 && (i < 0 || r.Skipped[i].Count != n) || n == 0 && i >= 0 {
				t.Errorf("%s: not looked at: %+v, want %d of %s", what, r.Skipped, n, reason)
			}
		}
		if kept, err = json.Marshal(memory); err != nil {
			t.Fatal(err)
		}
	}
	both := []string{"a small.zip › conf/.env: ID and secret:1", "a large.zip › conf/.env: ID and secret:1"}
	scan("all", both, 1, 1)
	scan("nothing new", both, 1, 1)
	h.write("a/y.7z", "7z\xbc\xaf\x27\x1c and some more")
	h.commit("a", "z")
	scan("a commit", both, 2, 1)
	h.run("a", "branch", "other")
	scan("a name", both, 2, 1)
	h.run("a", "repack", "-adq")
	scan("a repack", both, 2, 1)
}
