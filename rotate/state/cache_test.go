package state

import (
	"fmt"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
)

// setOf is a credentials file with a profile for each of the key IDs.
func setOf(ids ...string) *credfile.Set {
	text := ""
	for i, id := range ids {
		text += fmt.Sprintf("[p%d]\naws_access_key_id = %s\naws_secret_access_key = x\n", i, id)
	}
	return credfile.NewSet(credfile.Paths{}, text, "")
}

// An audit is a use of the key by IAM's record: it must not hide that nobody
// else uses it.
func TestFactCacheOwnUse(t *testing.T) {
	const id = "AKIAQAAAAAAAQAAAAAAB"
	set := setOf(id)
	c := &FactCache{Version: cacheVersion, Keys: map[string]*CachedKey{}}
	monday := time.Now().UTC().Truncate(time.Second)
	use := func(at time.Time, service string) map[string]facts.Online {
		return map[string]facts.Online{id: {KeyID: id, LastUsed: facts.Answered(facts.Use{At: at, Service: service})}}
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
		if f := facts[id]; !f.LastUsed.Value.At.Equal(step.want) || f.OwnUse != step.owner {
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
	// A canary, and what only looks like a key ID.
	if ids := longTermKeys(setOf("AKIASP2TPHJSQH3FJRUX", "AKIA/SECRET+LOOKALIKE")); len(ids) > 0 {
		t.Errorf("got %v", ids)
	}
}
