package report

import (
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What keeps a file shut has one command.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and sudo")
	}
	deny := func(change func(*Input)) Input {
		return input("", "", func(in *Input) {
			in.Set, in.ReadErrors = nil, []error{fmt.Errorf("cannot read: %w", &fs.PathError{Op: "open", Path: testPaths.Credentials, Err: fs.ErrPermission})}
			change(in)
		})
	}
	for _, c := range []struct {
		in   Input
		want string
	}{
		{deny(func(in *Input) { in.AWSFiles.Files[0].Mode = 0 }), `chmod 600 "/home/u/.aws/credentials"`},
		{deny(func(in *Input) { in.AWSFiles.Files[0].OwnedByOther = true }), `sudo chown "$(id -un)" "/home/u/.aws/credentials"`},
		{deny(func(in *Input) { in.AWSFiles.Files[0].ModeKnown, in.AWSFiles.Dirs[0].Mode = false, 0 }), `chmod 700 "/home/u/.aws"`},
		{deny(func(in *Input) { in.AWSFiles.Files[0].ModeKnown, in.AWSFiles.Dirs[0].OwnedByOther = false, true }), `sudo chown -R "$(id -un)" "/home/u/.aws"`},
		{deny(func(in *Input) { in.AWSFiles.Files[0].ModeKnown = false }), "fix what the message says, then: keycare audit"},
	} {
		r := Audit(c.in)
		if fs := of(r, "unreadable-file"); len(fs) != 1 || fs[0].Repair.String() != c.want || strings.Contains(fs[0].What, "chown") {
			t.Errorf("want %q, got %+v", c.want, fs)
		}
		if !slices.Equal(r.Unread, []string{testPaths.Credentials}) {
			t.Errorf("unread: %q", r.Unread)
		}
	}
}
