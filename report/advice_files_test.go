package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"keycare/credfile/home"
)

// A file with the only copy of a key is not simply to be deleted.
func TestLoneKeys(t *testing.T) {
	const path = "/home/u/.aws/credentials.bak"
	for _, c := range []struct {
		kind home.SiblingKind
		ids  []string
		in   Input
		fix  string
	}{
		{home.BackupCopy, []string{keyA}, input(section("a", keyA, secretA), ""), `rm "` + path + `"`},
		{home.BackupCopy, []string{keyA, keyB}, input(section("a", keyA, secretA), ""),
			"it holds key " + keyB + " that is in no profile: if nothing uses that key, delete it in AWS, or else put it into a profile; then rm \"" + path + `"`},
		{home.KeyDownload, []string{keyB, keyOld}, input(section("a", keyA, secretA), ""), "it holds keys " + keyB + ", " + keyOld + " that are in no profile: if nothing uses those keys, delete them in AWS"},
		{home.KeyDownload, []string{keyB}, twoKeys(1, 2, false), keyB + " is in use (s3 in eu-central-1, 2026-10-31); put it into a profile; then rm"},
		{home.KeyDownload, []string{keyB}, twoKeys(60, -1, false), "keep " + keyB + ", for nothing uses the other key of its user"},
		{home.BackupCopy, nil, input(section("a", keyA, secretA), ""), "see whether a key that somebody needs stands in it alone; if not, rm"},
		{home.BackupCopy, []string{keyA}, Input{Now: now, ReadErrors: []error{errors.New("x")}}, "see whether a key"},
		{home.RootCSV, []string{keyB}, input("", ""), "that is in no profile: sign in as root and delete that key under Security credentials; then rm"},
		{home.Leftover, []string{keyB}, input("", ""), "keycare resume"},
	} {
		c.in.Local.Siblings = []home.Sibling{{Path: path, Kind: c.kind, KeyIDs: c.ids}}
		for _, f := range of(Audit(c.in), siblingRules[c.kind].rule.ID) {
			if !strings.Contains(f.Repair.String(), c.fix) || f.Repair.Command != "" && f.Repair.Text != "" {
				t.Errorf("%v: got %q, want %q", c.ids, f.Repair.String(), c.fix)
			}
		}
	}
}

// What is lost on a tool is told wherever it stands, not only beside a key.
func TestQuirksWithoutKeys(t *testing.T) {
	const key = "[profile keep]\nregion = x\n"
	for _, c := range []struct {
		config, what string
		line         int
	}{
		{"[work]\nregion = x\n[other]\nregion = y\n", `a header without "profile" in the config file, [work]`, 1},
		{"[default]\nregion = x\n[profile default]\nregion = y\n", "both [default] and [profile default]", 3},
		{"[profile  work]\nregion = x\n", "more than one space", 1},
		{"[profile work]\nregion = \"x\"\n", "a value in quotes", 2},
	} {
		in := input("", c.config+key)
		r := Audit(in)
		found := false
		for _, f := range of(r, "file-quirk") {
			found = found || strings.HasPrefix(f.What, c.what) && f.Line == c.line && f.Severity == Low
		}
		if !found {
			t.Errorf("%q: got %s", c.config, jsonText(t, r))
		}
		in.Profiles = []string{"keep"}
		if fs := of(Audit(in), "file-quirk"); len(fs) > 0 {
			t.Errorf("%q is told to who asked for another profile: %+v", c.config, fs)
		}
	}
	if fs := of(Audit(input("", "[work]\n[other]\n")), "file-quirk"); len(fs) != 2 {
		t.Errorf("got %+v", fs)
	}
}

// What keeps a file shut has one command.
func TestUnreadable(t *testing.T) {
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
		{deny(func(in *Input) { in.Local.Files[0].Mode = 0 }), `chmod 600 "/home/u/.aws/credentials"`},
		{deny(func(in *Input) { in.Local.Files[0].OwnedByOther = true }), `sudo chown "$(id -un)" "/home/u/.aws/credentials"`},
		{deny(func(in *Input) { in.Local.Files[0].ModeKnown, in.Local.Dirs[0].Mode = false, 0 }), `chmod 700 "/home/u/.aws"`},
		{deny(func(in *Input) { in.Local.Files[0].ModeKnown, in.Local.Dirs[0].OwnedByOther = false, true }), `sudo chown "$(id -un)" "/home/u/.aws"`},
		{deny(func(in *Input) { in.Local.Files[0].ModeKnown = false }), "mend what the message says, then: keycare audit"},
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

// Where the AWS CLI rejects the file, none of its commands mends anything.
func TestNoCommandOfBrokenCLI(t *testing.T) {
	broken := "[a]\naws_secret_access_key = " + secretA + "\n[b]\na lone line\n"
	fs := of(Audit(input(broken, "")), "secret-without-id")
	if len(fs) != 1 || fs[0].Repair.String() != "first mend file-rejected; then delete the line, or complete the key" {
		t.Errorf("got %+v", fs)
	}
	r := Audit(input(broken+section("c", keyA, secretA), "[default]\ncli_history = enabled\n", used(60)))
	for rule, want := range map[string]string{
		"cli-history": "first mend file-rejected; then: aws configure", "unused-key": "first mend file-rejected; then if nothing needs it, deactivate it",
	} {
		if fs := of(r, rule); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), strings.Replace(want, "; then: ", ", then: ", 1)) {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
}
