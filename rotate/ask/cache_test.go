package ask

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/rotate/state"
)

func TestFactCache(t *testing.T) {
	w, k := single(t)
	s := state.Folder{Dir: t.TempDir() + "/state", Disk: disk.OS{}}
	path := filepath.Join(s.Dir, "facts.json")
	set := w.asker().Set
	monday := time.Now()
	c := s.FactCache()
	if !c.Merge(set, w.ask(), monday) {
		t.Fatal("nothing to save")
	}
	if err := s.SaveFacts(c); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	b, _ := os.ReadFile(path)
	if strings.Contains(string(b), k.Secret) {
		t.Error("the secret is in the cache")
	}
	// Offline, owner and age are known still; what can change is not.
	facts := map[string]facts.Online{}
	s.FactCache().Merge(set, facts, monday.AddDate(0, 0, 7))
	f := facts[k.ID]
	if f.Identity.Value.UserName() != "ann" || !f.Created.Known() || f.Status.Known() || f.LastUsed.Known() || f.FirstSeen.Sub(monday).Abs() > time.Second {
		t.Errorf("got %+v", f)
	}
	// A damaged cache is an empty one.
	for _, text := range []string{"", "{", `{"version":2,"keys":{}}`, `{"version":1,"keys":{"` + k.ID + `":null}}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c := s.FactCache(); len(c.Keys) > 0 || c.Keys == nil {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}
