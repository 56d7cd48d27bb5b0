package report

import (
	"math/rand/v2"
	"testing"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/credfile/nasty"
	"keycare/credfile/show"
)

// TestDifferential holds findings against the readers on random files: a key that
// a tool reads is listed and never called stray, and the tools are said to
// disagree exactly where they do.
func TestDifferential(t *testing.T) {
	files := 500
	if testrun.IsLong() {
		files = 20_000
	}
	r := rand.New(rand.NewPCG(7, 8))
	stray, disagree, listed := 0, 0, 0
	for range files {
		in := input(nasty.Pair(r))
		rep := Audit(in)
		checkReadings(t, in.Set, rep)
		stray += len(of(rep, "stray-key"))
		disagree += len(of(rep, "readers-disagree"))
		listed += rep.Keys
		if t.Failed() {
			t.Fatalf("credentials %q\nconfig %q", in.Set.Credentials.Text, in.Set.Config.Text)
		}
	}
	t.Logf("%d pairs of files: %d keys listed, %d stray, %d profiles read in different ways", files, listed, stray, disagree)
	if stray < files/50 || disagree < files/20 || listed < files/4 {
		t.Error("too few to say anything")
	}
}

// checkReadings compares a report of all profiles with what the tools read.
func checkReadings(t *testing.T, set *credfile.Set, rep *Report) {
	t.Helper()
	read := map[string]bool{}
	differ := map[string]bool{}
	rejected := set.CLI("default").Refused != nil || set.SDK("default").Refused != nil
	for _, p := range set.Profiles() {
		cli, sdk := set.CLI(p), set.SDK(p)
		for _, r := range []credfile.Reading{cli, sdk} {
			if r.None == "" && show.IsKeyID(r.Pair.ID) {
				read[r.Pair.ID] = true
			}
		}
		alike := cli.None != "" && sdk.None != "" || cli.None == "" && sdk.None == "" && cli.Pair.Equal(sdk.Pair) && cli.Token.Equal(sdk.Token)
		if (!alike || set.SDKRejects(p) != nil) && (cli.None == "" || sdk.None == "") {
			differ[p] = true
		}
	}
	for _, r := range set.Reads() {
		if show.IsKeyID(r.ID) {
			read[r.ID] = true
		}
	}
	if rep.Keys < len(read) {
		t.Errorf("%d keys listed, the tools read %v", rep.Keys, read)
	}
	told := map[string]bool{}
	for _, f := range rep.Findings {
		switch f.Rule {
		case "stray-key":
			if read[f.KeyID] || len(set.Holds(f.KeyID)) > 0 {
				t.Errorf("key %s is called stray, and a tool reads it: %s", f.KeyID, f.What)
			}
		case "readers-disagree":
			told[f.Profiles[0]] = true
		}
	}
	if rejected {
		return // said once for the file
	}
	meant := map[string]bool{} // one tool's name for a profile may be no name that was meant
	for _, f := range set.Files() {
		for _, sec := range f.Sections {
			meant[sec.Profile] = true
		}
	}
	for p := range differ {
		if !told[p] && meant[p] {
			t.Errorf("profile %q is read in different ways, and nothing says so: %s, %s", p, finds(set.CLI(p)), finds(set.SDK(p)))
		}
	}
	for p := range told {
		if !differ[p] {
			t.Errorf("profile %q is said to be read in different ways: %s, %s", p, finds(set.CLI(p)), finds(set.SDK(p)))
		}
	}
}
