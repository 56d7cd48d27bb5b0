package report

import (
	"io/fs"
	"strings"
	"testing"

	"keycare/credfile/copies"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

// The AWS CLI's record of calls holds secrets, so its mode is judged too.
func TestHistoryMode(t *testing.T) {
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o640: 1, 0o604: 1} {
		r := Audit(input("", "", func(in *Input) {
			in.AWSFiles.History = home.FileFact{Path: "/h/history.db", Exists: true, Mode: mode, ModeKnown: true}
		}))
		if fs := of(r, "file-mode"); len(fs) != want || want == 1 && fs[0].Repair.String() != `chmod 600 "/h/history.db"` {
			t.Errorf("%v: got %+v", mode, fs)
		}
	}
}

// A copy of a key is as open as its mode and the folders on the way let it be.
// Where AWS accepts none of its keys, it is only in the way.
func TestCopyMode(t *testing.T) {
	const path = "/home/u/.aws/credentials.bak"
	for _, c := range []struct {
		name        string
		mode, reach fs.FileMode
		change      func(*Input)
		what, fix   string // empty: nothing is found
		want        fs.FileMode
	}{
		{"closed", 0o600, 0o077, nil, "", "", 0},
		{"shut out by a folder", 0o666, 0, nil, "", "", 0},
		{"the group alone comes there", 0o664, 0o070, nil, "the copy credentials.bak with key " + keyA + " has mode 0664: its group can change it", `chmod 600 "` + path + `"`, 0o600},
		{"every user, to read", 0o604, 0o077, nil, "has mode 0604: every user can read it", `chmod 600 "` + path + `"`, 0o600},
		{"no key that counts", 0o644, 0o077, func(in *Input) { in.KeyFiles[0].Copies = nil }, "the copy credentials.bak with keys in it has mode 0644", "chmod 600", 0o600},
		{"several", 0o644, 0o077, func(in *Input) { in.KeyFiles[0].Copies = []copies.Copy{{KeyID: keyB}, {KeyID: keyA}} }, "with 2 keys, " + keyB + " among them, has mode 0644", "chmod 600", 0o600},
		{"not accepted", 0o644, 0o077, func(in *Input) { in.Online = map[string]facts.Online{keyA: {KeyID: keyA, Rejected: true}} }, "", "", 0},
		{"inactive", 0o644, 0o077, online(changed(func(o *facts.Online) { o.Status.Value = "Inactive" })), "", "", 0},
		{"deleted", 0o644, 0o077, func(in *Input) { in.OwnKeys = []copies.Key{{ID: keyA, State: copies.Deleted}} }, "", "", 0},
		{"another's", 0o644, 0o077, func(in *Input) { in.KeyFiles[0].Fact.OwnedByOther = true }, "has mode 0644", `sudo chmod 600 "` + path + `"`, 0o600},
		{"an access list", 0o602, 0o077, func(in *Input) {
			in.AWSFiles.GOOS, in.AWSFiles.User = "windows", `PC\u`
			in.KeyFiles[0].Fact.Others = []disk.Other{{Name: "Everyone", SID: "S-1-1-0"}}
		}, "has an access list that lets others change it: Everyone", `icacls ` + path + ` /inheritance:r /grant:r PC\u:F "*S-1-5-18:F" "*S-1-5-32-544:F" /remove "*S-1-1-0"`, 0o600},
	} {
		changes := []func(*Input){keyFiles(path, copies.AWSCopy), copyRights(c.mode, c.reach)}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		in := input("", "", changes...)
		found := of(Audit(in), "copy-mode")
		if c.what == "" {
			if len(found) > 0 {
				t.Errorf("%s: got %+v", c.name, found)
			}
			continue
		}
		if len(found) != 1 || found[0].Severity != High || !strings.Contains(found[0].What, c.what) || !strings.Contains(found[0].Repair.String(), c.fix) {
			t.Errorf("%s: got %+v", c.name, found)
		}
		if open := TooOpenIn(in); len(open) != 1 || open[0].Path != path || open[0].Want() != c.want {
			t.Errorf("%s: to be closed %+v", c.name, open)
		}
	}
}
