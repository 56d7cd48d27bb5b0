package state

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
)

func TestStateRotations(t *testing.T) {
	s := Folder{Dir: filepath.Join(t.TempDir(), "state"), Disk: disk.OS{}}
	if got, err := s.Rotations(); len(got) > 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	began := time.Now().UTC().Truncate(time.Second)
	const oldID, newID = "AKIAQAAAAAAAQAAAAAAA", "AKIAQAAAAAAAQAAAAAAB"
	a, b, d, z := "00000000000a", "00000000000b", "00000000000d", "0000000000ff"
	grace, root := journalOf(a), journalOf(b)
	grace.New, grace.Direction, grace.Started, grace.GraceEnds = newID, Grace, began, began.Add(time.Hour)
	root.Started = began.Add(time.Minute)
	root.Root = &RootSwap{Group: "admins", Policy: "arn:aws:iam::aws:policy/AdministratorAccess", Root: root.User}
	for i, j := range []*Journal{grace, root} {
		if err := s.Save(j); err != nil {
			t.Fatal(i, err)
		}
	}
	pair := credfile.Pair{ID: oldID, Secret: credfile.NewSecret(strings.Repeat("s", 40))}
	for _, id := range []string{a, z} {
		if err := s.OpenRecovery(id, pair); err != nil {
			t.Fatal(err)
		}
	}
	if err := disk.WriteNew(disk.OS{}, s.JournalPath(d), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rotations()
	if err != nil || len(got) != 4 {
		t.Fatalf("got %+v, %v", got, err)
	}
	dir := filepath.Join(s.Dir, "rotations")
	for i, want := range []facts.Rotation{
		{ID: d, Stage: "damaged", Journal: true, Path: filepath.Join(dir, d+".json")},
		{ID: z, Recovery: true, Path: filepath.Join(dir, z+".recovery")},
		{ID: a, Profile: "p", Old: oldID, New: newID, Stage: "grace", Since: began, Until: began.Add(time.Hour), Journal: true, Recovery: true, Path: filepath.Join(dir, a+".json")},
		{ID: b, Profile: "p", Old: oldID, Stage: "unfinished", Root: true, Account: "123456789012", Since: began.Add(time.Minute), Journal: true, Path: filepath.Join(dir, b+".json")},
	} {
		if got[i] != want {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want)
		}
	}
}
