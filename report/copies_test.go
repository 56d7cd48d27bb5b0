package report

import (
	"errors"
	"keycare/credfile/copies"
	"keycare/credfile/home"
	"strings"
	"testing"
)

// A file with the only copy of a key is not simply to be deleted.
func TestLoneKeys(t *testing.T) {
	const path = "/home/u/.aws/credentials.bak"
	for _, c := range []struct {
		place copies.Place
		ids   []string
		in    Input
		fix   string
	}{
		{copies.AWSCopy, []string{keyA}, input(section("a", keyA, secretA), ""), `rm "` + path + `"`},
		{copies.AWSCopy, []string{keyA, keyB}, input(section("a", keyA, secretA), ""),
			"it holds key " + keyB + " that is in no profile: if nothing uses that key, delete it in AWS, otherwise put it into a profile; then rm \"" + path + `"`},
		{copies.Download, []string{keyB, keyOld}, input(section("a", keyA, secretA), ""), "it holds keys " + keyB + ", " + keyOld + " that are in no profile: if nothing uses those keys, delete them in AWS"},
		{copies.Download, []string{keyB}, twoKeys(1, 2, false), keyB + " is in use (s3 in eu-central-1, 2026-10-31); put it into a profile; then rm"},
		{copies.Download, []string{keyB}, twoKeys(60, -1, false), "keep " + keyB + ", because the other key of its user is unused"},
		{copies.AWSCopy, nil, input(section("a", keyA, secretA), ""), "check that no key you need is only in this file; then rm"},
		{copies.AWSCopy, []string{keyA}, Input{Now: now, ReadErrors: []error{errors.New("x")}}, "check that no key you need"},
		{copies.RootFile, []string{keyB}, input("", ""), "that is in no profile: sign in as root and delete that key under Security credentials; then rm"},
		{copies.OldTool, []string{keyA}, input(section("a", keyA, secretA), ""), "point the tool at the AWS credentials file, then: rm"},
		{copies.OldTool, []string{keyB}, input(section("a", keyA, secretA), ""), "it holds key " + keyB + " that is in no profile"},
		{copies.AWSCopy, []string{keyA, keyB}, func() Input {
			in := input(section("a", keyA, secretA), "")
			in.OwnKeys = []copies.Key{{ID: keyB, State: copies.Deleted}}
			return in
		}(), `rm "` + path + `"`},
		{copies.Leftover, []string{keyB}, input("", ""), "keycare resume"},
	} {
		c.in.KeyFiles = []home.KeyFile{keyFile(path, c.place, c.ids...)}
		found := of(Audit(c.in), keyFileRules[c.place].rule.ID)
		if len(found) != 1 {
			t.Errorf("%v: got %+v", c.ids, found)
		}
		for _, f := range found {
			if !strings.Contains(f.Repair.String(), c.fix) || f.Repair.Command != "" && f.Repair.Text != "" && c.place != copies.OldTool {
				t.Errorf("%v: got %q, want %q", c.ids, f.Repair.String(), c.fix)
			}
		}
	}
}

// A copy of which every key is deleted at AWS is only in the way.
func TestDeadCopy(t *testing.T) {
	in := input(section("a", keyA, secretA), "")
	in.KeyFiles = []home.KeyFile{keyFile("/home/u/.aws/credentials.bak", copies.AWSCopy, keyB)}
	in.OwnKeys = []copies.Key{{ID: keyB, State: copies.Deleted}}
	found := of(Audit(in), ruleBackupCopy.ID)
	if len(found) != 1 || found[0].Severity != Info || found[0].Repair.String() != `rm "/home/u/.aws/credentials.bak"` || !strings.Contains(found[0].What, keyB) {
		t.Errorf("got %+v", found)
	}
	in.KeyFiles[0].Copies = append(in.KeyFiles[0].Copies, copies.Copy{KeyID: keyA})
	if found := of(Audit(in), ruleBackupCopy.ID); len(found) != 1 || found[0].Severity != Medium {
		t.Errorf("with a key that works: %+v", found)
	}
}
