package cli

import (
	"path/filepath"
	"testing"
)

// The call that is named works for the other user too, whose PATH may not have
// the program.
func TestCalledByPath(t *testing.T) {
	here, err := filepath.Abs("bin/keycare")
	if err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{"keycare": "keycare", "kc": "keycare", "bin/keycare": here, here: here} {
		if got := (&env{Program: filepath.FromSlash(program)}).called(); got != want {
			t.Errorf("%s: %s", program, got)
		}
	}
}
