//go:build unix

package gitobj

import (
	"os"
	"syscall"
	"testing"
)

// Where a repository's files are pipes, git would wait for ever.
func TestPipes(t *testing.T) {
	h := newGitHome(t)
	for _, name := range []string{"config", "objects/pack/pack-0.pack"} {
		h.repo("a")
		path := h.path("a/.git/" + name)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.scan(h.git, nil); err == nil {
			t.Errorf("%s is a pipe, and that is not said", name)
		}
		if err := os.RemoveAll(h.path("a")); err != nil {
			t.Fatal(err)
		}
	}
}
