package rotate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"keycare/credfile/disk/testrun"
)

// What a command started in a session of its own ends with it too.
func TestAfterIsStoppedInOtherSessions(t *testing.T) {
	testrun.NotShort(t) // it gets some seconds to end
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("SKIPPED: no setsid here")
	}
	t.Setenv(afterMode, "hangs below")
	err := stopped(t, func(address string) []string {
		return []string{"/bin/sh", "-c", `setsid "$0" "$1" & exec "$0" "$1"`, os.Args[0], address}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
