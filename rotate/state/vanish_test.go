package state

import (
	"fmt"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
)

// A history that vanished while a line was added, as Windows may do it, is read
// from what lies beside its name, and the next line joins it.
func TestHistoryVanish(t *testing.T) {
	all := func(op diskfault.Op) diskfault.Action {
		if op.Name == "Replace" {
			return diskfault.Vanish
		}
		return diskfault.Pass
	}
	for name, hook := range map[string]diskfault.Hook{
		"vanish": diskfault.AtReplace(0, diskfault.Vanish), "crash": diskfault.AtReplace(0, diskfault.CrashVanish), "always": all,
	} {
		s := Folder{Dir: t.TempDir(), Disk: diskfault.Unsynced{}}
		add := func(s Folder, n int) error { return s.AddHistory(History{ID: fmt.Sprintf("%012d", n)}, time.Now()) }
		for n := range 2 {
			if err := add(s, n); err != nil {
				t.Fatal(err)
			}
		}
		faulty := diskfault.New(s.Disk, hook)
		_, err := faulty.Run(func() error { return add(Folder{s.Dir, faulty}, 2) })
		if (err != nil) != (name == "always") {
			t.Errorf("%s: %v", name, err)
		}
		if past, err := s.History(); err != nil || len(past) != 3 {
			t.Errorf("%s: %d lines, %v", name, len(past), err)
		}
		if err := add(s, 3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if past, err := s.History(); err != nil || len(past) != 4 {
			t.Errorf("%s: at the end %d lines, %v", name, len(past), err)
		}
	}
}
