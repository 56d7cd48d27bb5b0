package state

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"keycare/credfile/disk"
)

func TestLastAudit(t *testing.T) {
	folder := Folder{Dir: filepath.Join(t.TempDir(), "keycare"), Disk: disk.OS{}}
	if l := folder.LastAudit(); l != nil {
		t.Errorf("there is none yet: %+v", l)
	}
	at := time.Date(2026, 11, 25, 17, 27, 0, 0, time.UTC)
	if err := folder.SaveLastAudit(LastAudit{Time: at, Counts: map[string]int{"high": 2}, Worst: "x"}); err != nil {
		t.Fatal(err)
	}
	if l := folder.LastAudit(); l == nil || !l.Time.Equal(at) || l.Counts["high"] != 2 || l.Worst != "x" {
		t.Errorf("got %+v", l)
	}
	if fi, err := os.Stat(folder.lastAuditPath()); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi, err)
	}
	// What is damaged, or of a later version, is as if there were none.
	for _, text := range []string{"", "{", `{"version":2,"time":"2026-11-25T17:27:00Z"}`, `{"version":1}`} {
		if err := os.WriteFile(folder.lastAuditPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if l := folder.LastAudit(); l != nil {
			t.Errorf("%q: %+v", text, l)
		}
	}
}
