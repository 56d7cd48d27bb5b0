//go:build unix

package credfile

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"keycare/credfile/disk/diskfault"
)

func idsOf(t *testing.T, name string) string {
	t.Helper()
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	st := fi.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", st.Uid, st.Gid)
}

// The owner is given to the staged file before it takes the original's place.
func TestSwapKeepsOwner(t *testing.T) {
	p := writeSet(t, plainKeys, "")
	root := os.Getuid() == 0
	if root {
		if err := os.Chown(p.Credentials, 12345, 12346); err != nil {
			t.Fatal(err)
		}
	}
	var ops []string
	if err := swapWith(t, p, func(op diskfault.Op) { ops = append(ops, op.Name) }, neverWait(t)); err != nil {
		t.Fatal(err)
	}
	if owner, replace := slices.Index(ops, "KeepOwner"), slices.Index(ops, "Replace"); owner < 0 || owner > replace {
		t.Errorf("operations %q: the owner is not kept before the rename", ops)
	}
	if !root {
		return
	}
	if got := idsOf(t, p.Credentials); got != "12345:12346" {
		t.Errorf("the file's owner is %s now", got)
	}
}
