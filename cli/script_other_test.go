//go:build !unix

package cli

import (
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdUnprivileged(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("unprivileged: not on this system")
}

func cmdOwn(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("own: not on this system")
}

func cmdAs(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("as: not on this system")
}

func cmdOnlyOf(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("onlyof: not on this system")
}

func canUnprivileged() bool { return false }

func canMount() bool { return false }

func cmdFull(ts *testscript.TestScript, neg bool, args []string) {
	ts.Fatalf("full: not on this system")
}

// maxRSS is not known here.
func maxRSS(*exec.Cmd) int64 { return 0 }
