package format

import (
	"testing"

	"keycare/credfile/copies"
	"keycare/report"
)

// scanStory is a scan of a home in which much was found.
func scanStory() *report.Report {
	const own, past, mine, other, lone, temporary, bait = "AKIAZAVB57H55F3T4BKH", "AKIAY34FZKBOKMUTVV7A", "AKIAZAVB57H5V3Q4ACRG", "AKIAQNZGKIQY56JQ7WML", "AKIAYVP4CIPPQ3WN2R5T", "ASIAY34FZKBOKMUTVV7A", "AKIASP2TPHJSQH3FJRUX"
	both := copies.ID | copies.Secret
	in := input("[work]\naws_access_key_id = "+own+"\naws_secret_access_key = abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL\n", "")
	in.Found = &report.Found{
		Repos: 2,
		Keys:  []copies.Key{{ID: own, State: copies.Current, Profiles: []string{"work"}}, {ID: past, State: copies.Grace, Profiles: nil}},
		Result: copies.Result{Files: 131330, Objects: 3000, Bytes: 1 << 30,
			Copies: []copies.Copy{
				{KeyID: own, Tier: copies.OwnCurrent, Path: "/home/u/src/api/.env", Line: 2, Parts: both, Count: 2, Place: "environment file", Exposed: true},
				{KeyID: own, Tier: copies.OwnCurrent, Path: "/home/u/.docker/config.json", Line: 1, Parts: both, Count: 2, Forms: []copies.Form{copies.Base64}, Place: "Docker"},
				{KeyID: own, Tier: copies.OwnCurrent, Path: "/home/u/Downloads/p.zip", Inner: "p/\x1b[31m.env", Line: 1, Parts: copies.Secret, Count: 9},
				{KeyID: own, Tier: copies.OwnCurrent, Path: "/home/u/src/shop", Inner: "config.php", Git: true, Line: 4, Parts: both, Count: 2, Place: copies.InGit},
				{KeyID: own, Tier: copies.OwnCurrent, Path: "/home/u/notes.txt", Line: 4, Parts: copies.ID, Count: 1},
				{KeyID: past, Key: 1, Tier: copies.OwnPast, Path: "/home/u/.bash_history", Line: 70, Parts: copies.ID, Near: true, Count: 1, Place: "shell history"},
				{KeyID: mine, Key: -1, Tier: copies.OwnAccount, Path: "/home/u/src/x.py", Line: 1, Parts: copies.ID, Near: true, Count: 1},
				{KeyID: other, Key: -1, Tier: copies.WithSecret, Path: "/home/u/src/y.py", Line: 1, Parts: copies.ID, Near: true, Count: 1},
				{KeyID: temporary, Key: -1, Tier: copies.WithSecret, Path: "/home/u/.aws/cli/cache/1.json", Line: 1, Parts: copies.ID, Near: true, Count: 1, Place: "AWS CLI cache"},
				{KeyID: lone, Key: -1, Tier: copies.IDOnly, Path: "/home/u/z.txt", Line: 1, Parts: copies.ID, Count: 1},
				{KeyID: bait, Key: -1, Tier: copies.Bait, Path: "/home/u/z.txt", Line: 2, Parts: copies.ID, Count: 1},
			},
			Skipped: []copies.Skip{{Reason: copies.Caches, Count: 3, Paths: []string{"/home/u/src/node_modules"}}, {Reason: copies.NoPermission, Count: 1, Paths: []string{"/home/u/closed"}}}},
	}
	return report.ScanReport(in)
}

func TestScan(t *testing.T) {
	r := scanStory()
	golden(t, "testdata/scan.golden", tableText(t, r, Options{Width: 100, Home: "/home/u"}))
	if err := schemaOf(t, reportSchema, true).Validate(decoded(t, written(t, "json", r, Options{}))); err != nil {
		t.Error(err)
	}
	for _, name := range Names() { // the others render it as they do an audit
		if out := written(t, name, r, Options{}); out == "" {
			t.Errorf("%s writes nothing", name)
		}
	}
	none := input("", "")
	none.Found = &report.Found{Only: "AKIAQNZGKIQY56JQ7WML"}
	golden(t, "testdata/scan-none.golden", tableText(t, report.ScanReport(none), Options{}))
}
