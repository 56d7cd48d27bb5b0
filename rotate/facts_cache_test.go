package rotate

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
)

func TestFactCache(t *testing.T) {
	w, k := single(t)
	s := State{Dir: t.TempDir() + "/state", Disk: disk.OS{}}
	set := w.asker().Set
	monday := time.Now()
	c := s.FactCache()
	if !c.Merge(set, w.ask(), monday) {
		t.Fatal("nothing to save")
	}
	if err := s.SaveFacts(c); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(s.factsPath())
	if err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	b, _ := os.ReadFile(s.factsPath())
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
		if err := os.WriteFile(s.factsPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c := s.FactCache(); len(c.Keys) > 0 || c.Keys == nil {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}

// An audit is a use of the key by IAM's record: it must not hide that nobody
// else uses it.
func TestFactCacheOwnUse(t *testing.T) {
	w, k := single(t)
	set := w.asker().Set
	c := &FactCache{Version: cacheVersion, Keys: map[string]*CachedKey{}}
	monday := time.Now().UTC().Truncate(time.Second)
	use := func(at time.Time, service string) map[string]facts.Online {
		return map[string]facts.Online{k.ID: {KeyID: k.ID, LastUsed: facts.Answer[facts.Use]{Value: facts.Use{At: at, Service: service}}}}
	}
	for i, step := range []struct {
		now   time.Time
		last  time.Time
		by    string
		want  time.Time
		owner bool
	}{
		{monday, monday.Add(-5 * time.Minute), "sts", monday.Add(-5 * time.Minute), true},               // this very audit
		{monday.Add(time.Hour), monday.Add(-72 * time.Hour), "s3", monday.Add(-72 * time.Hour), false},  // somebody else
		{monday.Add(168 * time.Hour), monday.Add(time.Hour), "iam", monday.Add(-72 * time.Hour), false}, // the audit before
		{monday.Add(336 * time.Hour), monday.Add(200 * time.Hour), "sts", monday.Add(200 * time.Hour), false},
	} {
		facts := use(step.last, step.by)
		c.Merge(set, facts, step.now)
		if f := facts[k.ID]; !f.LastUsed.Value.At.Equal(step.want) || f.OwnUse != step.owner {
			t.Errorf("%d: got %+v, own %v", i, f.LastUsed, f.OwnUse)
		}
	}
}

func TestFactCacheIsBounded(t *testing.T) {
	c := &FactCache{Version: cacheVersion, Keys: map[string]*CachedKey{}}
	for i := range mostCached + 10 {
		c.Keys[fmt.Sprint(i)] = &CachedKey{LastSeen: time.Unix(int64(i), 0)}
	}
	c.trim()
	if len(c.Keys) != mostCached || c.Keys["0"] != nil || c.Keys[fmt.Sprint(mostCached+9)] == nil {
		t.Errorf("%d keys", len(c.Keys))
	}
	w := newWard(t)
	w.profile("canary", awstest.Key{ID: "AKIASP2TPHJSQH3FJRUX", Secret: "x"})
	w.profile("odd", awstest.Key{ID: "AKIA/SECRET+LOOKALIKE", Secret: "x"})
	if ids := longTermKeys(w.asker().Set); len(ids) > 0 {
		t.Errorf("got %v", ids)
	}
}
