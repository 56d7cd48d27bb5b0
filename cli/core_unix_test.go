//go:build unix

package cli

import (
	"os/exec"
	"strings"
	"testing"
)

// A child has the limits of its parent: one that keycare starts writes no core.
func TestNoCoreFiles(t *testing.T) {
	noCore()
	out, err := exec.Command("sh", "-c", "ulimit -c").Output()
	if err != nil || strings.TrimSpace(string(out)) != "0" {
		t.Errorf("got %s, %v", out, err)
	}
}
