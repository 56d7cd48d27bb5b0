package cli

import (
	"os"
	"testing"
)

// What is no console gets no sequences, and nothing to put back.
func TestEscapesOfNoConsole(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ok, restore := escapes(w)
	restore()
	if ok {
		t.Error("a pipe shows colours")
	}
}
