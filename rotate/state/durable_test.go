package state

import (
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the state folder has written, or removed, outlasts a power loss.
func TestStateOutlastsPowerLoss(t *testing.T) {
	const id = "0123456789ab"
	dir := filepath.Join(t.TempDir(), "a", "state")
	d := diskfault.New(diskfault.Unsynced{}, func(diskfault.Op) diskfault.Action { return diskfault.Pass })
	s := Folder{Dir: dir, Disk: d}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lose := func(l diskfault.Loss) { t.Helper(); must(d.Lose(l)) }
	must(s.Init())
	lose(diskfault.LoseNames)
	if _, err := os.Stat(s.RotationsDir()); err != nil {
		t.Fatal("Init: ", err)
	}
	must(s.Save(journalOf(id)))
	lose(diskfault.LoseNames)
	if js, err := s.Journals(); err != nil || len(js) != 1 {
		t.Fatalf("Save: %v, %v", js, err)
	}
	pair := func(c string) credfile.Pair {
		return credfile.Pair{ID: "AKIA" + strings.Repeat(c, 16), Secret: credfile.NewSecret(strings.Repeat(c, 40))}
	}
	must(s.OpenRecovery(id, pair("A")))
	lose(diskfault.LoseNames)
	if old, _, ok, err := s.Recovery(id); err != nil || !ok || !old.Equal(pair("A")) {
		t.Fatalf("OpenRecovery: %v, %v", ok, err)
	}
	must(s.KeepNew(id, pair("B")))
	lose(diskfault.LoseNames)
	if _, fresh, ok, err := s.Recovery(id); err != nil || !ok || !fresh.Equal(pair("B")) {
		t.Errorf("KeepNew: %v, %v", ok, err)
	}
	must(s.DropRecovery(id))
	lose(diskfault.LoseNames)
	if _, _, ok, err := s.Recovery(id); err != nil || ok {
		t.Errorf("DropRecovery: %v, %v", ok, err)
	}
	must(s.Remove(id))
	lose(diskfault.LoseNames)
	if js, err := s.Journals(); err != nil || len(js) != 0 {
		t.Errorf("Remove: %v, %v", js, err)
	}
}

// What is set aside may be all that has a secret: it outlasts a power loss, after
// each of the operations.
func TestSetAsideOutlastsPowerLoss(t *testing.T) {
	const id = "0123456789ab"
	secret := strings.Repeat("s", 40)
	for n := 0; ; n++ {
		s := Folder{Dir: filepath.Join(t.TempDir(), "state"), Disk: diskfault.Unsynced{}}
		if err := s.Init(); err != nil {
			t.Fatal(err)
		}
		if err := s.OpenRecovery(id, credfile.Pair{ID: "AKIA" + strings.Repeat("A", 16), Secret: credfile.NewSecret(secret)}); err != nil {
			t.Fatal(err)
		}
		d := diskfault.New(s.Disk, diskfault.At(n, diskfault.CrashAfter))
		f := Folder{Dir: s.Dir, Disk: d}
		crash, err := d.Run(func() error { _, err := f.SetAside(id); return err })
		if err := d.Lose(diskfault.LoseNames); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, pattern := range []string{"rotations/*.recovery", "set-aside/*.recovery"} {
			names, _ := filepath.Glob(filepath.Join(s.Dir, pattern))
			for _, name := range names {
				b, err := os.ReadFile(name)
				found = found || err == nil && strings.Contains(string(b), secret)
			}
		}
		if !found {
			t.Errorf("after operation %d, %v: the secret is lost", n, crash)
		}
		if crash == nil {
			if err != nil || n < 5 {
				t.Errorf("%d operations, %v", n, err)
			}
			return
		}
	}
}

// Begin and the history wait for another keycare in the same state folder.
func TestLocksAreTakenInState(t *testing.T) {
	const id = "0123456789ab"
	s := Folder{Dir: filepath.Join(t.TempDir(), "state"), Disk: disk.OS{}}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"Begin":      func() error { return s.Begin(journalOf(id)) },
		"AddHistory": func() error { return s.AddHistory(History{ID: id}, time.Now()) },
	} {
		unlock, err := credfile.Lock(t.Context(), filepath.Join(s.Dir, "state.lock"))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- f() }()
		select {
		case err := <-done:
			t.Errorf("%s does not wait for the lock (%v)", name, err)
			unlock()
		case <-time.After(150 * time.Millisecond):
			unlock()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
}
