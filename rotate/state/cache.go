package state

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/sorting"
)

// FactCache is what earlier audits learned of keys and what never changes: whose
// a key is, when it was made, when this machine saw it first. It also tells
// keycare's own calls from other uses of a key. It holds no secret.
type FactCache struct {
	Version int                   `json:"version"`
	Keys    map[string]*CachedKey `json:"keys"` // by key ID
}

// CachedKey is what is known of one key.
type CachedKey struct {
	Identity  facts.Identity `json:"identity,omitzero"`
	Created   time.Time      `json:"created,omitzero"`
	FirstSeen time.Time      `json:"first_seen"`
	LastSeen  time.Time      `json:"last_seen"` // to the day
	// Asked is when audits asked AWS with this key, the latest last.
	Asked []time.Time `json:"asked,omitempty"`
	// OtherUse is the last use that was not keycare's; a zero time in it means
	// never. nil where only keycare's own use was ever seen.
	OtherUse *facts.Use `json:"other_use,omitempty"`
}

const (
	cacheVersion = 1
	// mostCached bounds the keys in the cache; those not seen for longest go.
	mostCached = 2000
	mostAsked  = 8
	// mostCache bounds the file, in bytes.
	mostCache = mostCached * 4096
	// useStep is how far IAM's time of a use may be from the call: it records
	// in steps of 15 minutes.
	useStep = 20 * time.Minute
)

func (s Folder) factsPath() string { return filepath.Join(s.Dir, "facts.json") }

// FactCache reads the cache. One that is missing or damaged is empty: it is
// made again by the next audits.
func (s Folder) FactCache() *FactCache {
	c := &FactCache{}
	b, err := s.readOwn(s.factsPath(), mostCache)
	if err != nil || json.Unmarshal(b, c) != nil || c.Version != cacheVersion || c.Keys == nil {
		return &FactCache{Version: cacheVersion, Keys: map[string]*CachedKey{}}
	}
	for id, k := range c.Keys {
		if k == nil {
			delete(c.Keys, id)
		}
	}
	return c
}

// SaveFacts writes the cache, readable by its owner alone.
func (s Folder) SaveFacts(c *FactCache) error {
	if err := s.Init(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	c.trim()
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := disk.WriteAtomic(s.Disk, s.factsPath(), s.factsPath()+tempSuffix, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", s.factsPath(), err)
	}
	return nil
}

func (c *FactCache) trim() {
	if len(c.Keys) <= mostCached {
		return
	}
	ids := make([]string, 0, len(c.Keys))
	for id := range c.Keys {
		ids = append(ids, id)
	}
	sorting.By(ids, func(a, b string) int {
		if d := c.Keys[b].LastSeen.Compare(c.Keys[a].LastSeen); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, id := range ids[mostCached:] {
		delete(c.Keys, id)
	}
}

// Merge completes asked with what is cached and takes into the cache what is
// new. Every long-term key of set is noted as seen. now is this machine's time.
// It reports whether the cache is to be saved.
func (c *FactCache) Merge(set *credfile.Set, asked map[string]facts.Online, now time.Time) (changed bool) {
	now = now.UTC().Truncate(time.Second)
	for _, id := range longTermKeys(set) {
		k := c.Keys[id]
		if k == nil {
			k = &CachedKey{FirstSeen: now}
			c.Keys[id], changed = k, true
		}
		if today := now.Truncate(24 * time.Hour); !k.LastSeen.Equal(today) {
			k.LastSeen, changed = today, true
		}
		f, ok := asked[id]
		if !ok {
			f = facts.Online{KeyID: id}.AllUnknown(facts.NotAsked)
		} else {
			changed = true
			k.learn(&f, now)
		}
		k.complete(&f)
		asked[id] = f
	}
	return changed
}

// learn takes what AWS said into the cache.
func (k *CachedKey) learn(f *facts.Online, now time.Time) {
	if f.Identity.Known() && f.Identity.Value.UserID != "" {
		k.Identity = f.Identity.Value
	}
	if f.Created.Known() && !f.Created.Value.IsZero() {
		k.Created = f.Created.Value
	}
	k.Asked = append(k.Asked, now)
	k.Asked = k.Asked[max(0, len(k.Asked)-mostAsked):]
	if !f.LastUsed.Known() || f.Rejected {
		return
	}
	if !k.own(f.LastUsed.Value) {
		use := f.LastUsed.Value
		k.OtherUse = &use
		return
	}
	if k.OtherUse == nil {
		f.OwnUse = true
		return
	}
	f.LastUsed.Value = *k.OtherUse
}

// own reports whether a use looks like an audit's own calls. They hide what
// came before, since IAM keeps the last use alone.
func (k *CachedKey) own(u facts.Use) bool {
	if u.At.IsZero() || u.Service != "sts" && u.Service != "iam" {
		return false
	}
	return slices.ContainsFunc(k.Asked, func(at time.Time) bool { return u.At.Sub(at).Abs() <= useStep })
}

// complete fills in what AWS did not say.
func (k *CachedKey) complete(f *facts.Online) {
	f.FirstSeen = k.FirstSeen
	if f.Rejected {
		return
	}
	if !f.Identity.Known() && k.Identity.UserID != "" {
		f.Identity = facts.Answered(k.Identity)
	}
	if !f.Created.Known() && !k.Created.IsZero() {
		f.Created = facts.Answered(k.Created)
	}
}

// longTermKeys returns the key IDs that a tool reads from the files, each once.
func longTermKeys(set *credfile.Set) []string {
	var ids []string
	seen := map[string]bool{}
	for _, p := range set.Profiles() {
		for _, r := range []credfile.Reading{set.SDK(p), set.CLI(p)} {
			if id := r.Pair.ID; r.None == "" && !seen[id] && len(id) == 20 && credfile.FactsOf(id).MayAsk() && plainID(id) {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// plainID keeps what stands in the place of a key ID but is none, perhaps a
// secret, out of the cache.
func plainID(id string) bool {
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
