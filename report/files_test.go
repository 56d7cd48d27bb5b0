package report

import (
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
	"keycare/credfile/show"
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

// A variable may have a secret for a path: the finding does not keep it.
func TestMissingPathMayBeSecret(t *testing.T) {
	for path, shown := range map[string]string{"/home/u/nowhere/creds": "/home/u/nowhere/creds", "/home/u/" + secretA: show.Redacted} {
		in := input("", "", func(in *Input) {
			paths := testPaths
			paths.Credentials, paths.Variables[0] = path, "AWS_SHARED_CREDENTIALS_FILE"
			in.Set = credfile.NewSet(paths, "", "")
			in.Set.Missing = []string{path}
		})
		found := of(Audit(in), "doubtful-path")
		if len(found) != 1 || found[0].File != shown {
			t.Errorf("got %+v, want %s", found, shown)
		}
	}
}
