package report

import (
	"errors"
	"keycare/credfile/home"
	"strings"
	"testing"
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
			"it holds key " + keyB + " that is in no profile: if nothing uses that key, delete it in AWS, otherwise put it into a profile; then rm \"" + path + `"`},
		{home.KeyDownload, []string{keyB, keyOld}, input(section("a", keyA, secretA), ""), "it holds keys " + keyB + ", " + keyOld + " that are in no profile: if nothing uses those keys, delete them in AWS"},
		{home.KeyDownload, []string{keyB}, twoKeys(1, 2, false), keyB + " is in use (s3 in eu-central-1, 2026-10-31); put it into a profile; then rm"},
		{home.KeyDownload, []string{keyB}, twoKeys(60, -1, false), "keep " + keyB + ", because the other key of its user is unused"},
		{home.BackupCopy, nil, input(section("a", keyA, secretA), ""), "check that no key you need is only in this file; then rm"},
		{home.BackupCopy, []string{keyA}, Input{Now: now, ReadErrors: []error{errors.New("x")}}, "check that no key you need"},
		{home.RootCSV, []string{keyB}, input("", ""), "that is in no profile: sign in as root and delete that key under Security credentials; then rm"},
		{home.Leftover, []string{keyB}, input("", ""), "keycare resume"},
	} {
		c.in.AWSFiles.Siblings = []home.Sibling{{Path: path, Kind: c.kind, KeyIDs: c.ids}}
		for _, f := range of(Audit(c.in), siblingRules[c.kind].rule.ID) {
			if !strings.Contains(f.Repair.String(), c.fix) || f.Repair.Command != "" && f.Repair.Text != "" {
				t.Errorf("%v: got %q, want %q", c.ids, f.Repair.String(), c.fix)
			}
		}
	}
}
