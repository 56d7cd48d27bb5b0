package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"keycare/credfile/sorting"
)

// Fleet is what reports of many machines say together.
type Fleet struct {
	First, Last time.Time // of the reports
	Machines    int       // users share them
	// RootKey, Critical and High count the machines that have a root user's key, and
	// findings of these severities.
	RootKey, Critical, High int
	// Keys are distinct ones. Old are older than the limit of their report; of
	// Ageless the age is not known.
	Keys, Old, Ageless int
	Ages               []AgeBand
	Accounts           []FleetAccount // those with the most machines first
	Rules              []FleetRule    // the worst first
	Shared             []SharedKey    // keys on more than one machine
	// Used are keys that signed calls from more than one network, or that someone
	// tried, the worst first; Asked counts those whose calls are known.
	Used    []UsedKey
	Asked   int
	Reports []*Report // the worst first
	// Silent are the reports that are older than the newest one by more than
	// SilentAfter, the oldest first.
	Silent []*Report
	// Ahead are those from the future: the clock of their machine is wrong. They say
	// nothing of how old others are.
	Ahead []*Report
}

// SilentAfter is how much older than the newest report one may be.
const SilentAfter = 3 * day

// AgeBand counts keys of an age.
type AgeBand struct {
	From, To int // in days, To included; the last has no end: 0
	Keys     int
}

// FleetAccount is an account, which has its problems once, however many machines
// see them.
type FleetAccount struct {
	ID                            string
	RootKey, NoMFA, WeakPasswords bool
	Machines                      int // with keys of it
}

// FleetRule is what a rule found of one severity.
type FleetRule struct {
	Rule, Title string
	Severity    Severity
	// Things are the accounts, users and keys that it is about, each once, and the
	// files, profiles and machines, each by itself.
	Things, Machines int
}

// SharedKey is a key on more than one machine: a rotation on one breaks the others.
type SharedKey struct {
	ID, Account, UserARN string
	Machines             []string // names
}

// UsedKey is who uses a key, by the latest report that knows.
type UsedKey struct {
	ID, Account, UserARN string
	Severity             Severity // of what rules say of its use; Clean for nothing
	Calls                KeyCalls
	Machines             []string // names, of those that have the key
}

// Machine is what tells the machine of a report from others.
func (r *Report) Machine() string {
	return cmp.Or(r.Host.ID, r.Host.Name, strings.Join(r.Files, "\x00"))
}

// set is things that are counted once.
type set map[string]bool

// Together counts what reports say. Each is of another user or machine, as Merge
// leaves them.
func Together(all []*Report, now time.Time) *Fleet {
	f := &Fleet{Reports: slices.Clone(all)}
	c := counting{machines: set{}, root: set{}, critical: set{}, high: set{}, rules: map[ruleAt]*ruleSets{}, accounts: map[string]*accountSets{}, keys: map[string]*keySets{}}
	for _, r := range all {
		c.count(r)
		if r.ahead(now) {
			f.Ahead = append(f.Ahead, r)
			continue
		}
		if f.First.IsZero() || r.Time.Before(f.First) {
			f.First = r.Time
		}
		if r.Time.After(f.Last) {
			f.Last = r.Time
		}
	}
	for _, r := range all {
		if f.Last.Sub(r.Time) > SilentAfter {
			f.Silent = append(f.Silent, r)
		}
	}
	sorting.By(f.Silent, func(a, b *Report) int { return a.Time.Compare(b.Time) })
	sorting.By(f.Reports, func(a, b *Report) int { return a.Counts.compare(b.Counts) })
	f.Machines, f.RootKey, f.Critical, f.High = len(c.machines), len(c.root), len(c.critical), len(c.high)
	f.Rules, f.Accounts = c.ruleList(), c.accountList()
	c.keyLists(f)
	return f
}

// compare puts the worse counts first.
func (c Counts) compare(other Counts) int {
	for _, s := range Severities {
		if n := cmp.Compare(other.Of(s), c.Of(s)); n != 0 {
			return n
		}
	}
	return 0
}

type (
	ruleAt struct {
		rule     string
		severity Severity
	}
	ruleSets struct {
		title            string
		things, machines set
	}
	accountSets struct {
		FleetAccount
		machines set
	}
	keySets struct {
		key      Key
		at       time.Time // of the report
		old      bool
		machines map[string]string // names by what tells them apart
		calls    *KeyCalls
		asked    time.Time // when these were
		use      Severity
	}
	counting struct {
		machines, root, critical, high set
		rules                          map[ruleAt]*ruleSets
		accounts                       map[string]*accountSets
		keys                           map[string]*keySets
	}
)

func (c *counting) account(id string) *accountSets {
	if c.accounts[id] == nil {
		c.accounts[id] = &accountSets{FleetAccount: FleetAccount{ID: id}, machines: set{}}
	}
	return c.accounts[id]
}

func (c *counting) count(r *Report) {
	machine := r.Machine()
	c.machines[machine] = true
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Severity {
		case Critical:
			c.critical[machine] = true
		case High:
			c.high[machine] = true
		}
		at := ruleAt{f.Rule, f.Severity}
		if c.rules[at] == nil {
			c.rules[at] = &ruleSets{title: titleOf(f), things: set{}, machines: set{}}
		}
		c.rules[at].machines[machine] = true
		c.rules[at].things[f.thing(machine, cmp.Or(r.User.UID, r.User.Name))] = true
		switch f.Rule {
		case ruleRootKey.ID:
			c.root[machine] = true
		case ruleRootKeyInAccount.ID:
			c.account(f.Account).RootKey = true
		case ruleRootNoMFA.ID:
			c.account(f.Account).NoMFA = true
		case rulePasswordPolicy.ID:
			c.account(f.Account).WeakPasswords = true
		}
		if f.Rule == ruleRootKey.ID && f.Account != "" {
			c.account(f.Account).RootKey = true
		}
	}
	use := map[string]Severity{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Rule == ruleKeyProbed.ID || f.Rule == ruleKeyUsedElsewhere.ID {
			use[f.KeyID] = max(use[f.KeyID], f.Severity)
		}
	}
	for _, k := range r.Inventory {
		if k.Account != "" {
			c.account(k.Account).machines[machine] = true
		}
		if k.ID == "" || k.Kind == KindSession || k.Kind == KindExample {
			continue
		}
		s := c.keys[k.ID]
		if s == nil {
			s = &keySets{machines: map[string]string{}}
			c.keys[k.ID] = s
		}
		s.machines[machine] = cmp.Or(r.Host.Name, r.Host.ID, "a machine")
		s.use = max(s.use, use[k.ID])
		if k.Calls != nil && (s.calls == nil || s.asked.Before(r.Time)) {
			s.calls, s.asked = k.Calls, r.Time
		}
		if s.key.ID == "" || s.key.Created.IsZero() && !k.Created.IsZero() {
			s.key, s.at = k, r.Time
			s.old = !k.Created.IsZero() && float64(int(r.Time.Sub(k.Created)/day)) > r.Policy.MaxAge
		}
	}
}

// titleOf is the title that this version's rule has, or else what the report says.
func titleOf(f *Finding) string {
	if r := RuleByID(f.Rule); r != nil {
		return r.Title
	}
	return f.Title
}

// thing is what a finding is about: accounts, users and keys are the same wherever
// they are seen, the rest is of its machine.
func (f *Finding) thing(machine, user string) string {
	switch f.Subject.Type {
	case AboutProfile: // each user may have a "default"
		return machine + "\x00" + user + "\x00" + f.Fingerprint
	case AboutAccount, AboutUser, AboutKey:
		if f.Subject.ID != "" {
			return string(f.Subject.Type) + "\x00" + f.Subject.ID
		}
	}
	return machine + "\x00" + f.Fingerprint
}

func (c *counting) ruleList() (all []FleetRule) {
	for at, s := range c.rules {
		all = append(all, FleetRule{at.rule, s.title, at.severity, len(s.things), len(s.machines)})
	}
	sorting.By(all, func(a, b FleetRule) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Things, a.Things), strings.Compare(a.Rule, b.Rule))
	})
	return all
}

func (c *counting) accountList() (all []FleetAccount) {
	for _, s := range c.accounts {
		if s.ID != "" {
			s.Machines = len(s.machines)
			all = append(all, s.FleetAccount)
		}
	}
	sorting.By(all, func(a, b FleetAccount) int {
		return cmp.Or(cmp.Compare(b.Machines, a.Machines), strings.Compare(a.ID, b.ID))
	})
	return all
}

// bandDays is how many days of age a band has, bands how many there are.
const bandDays, bands = 90, 6

func (c *counting) keyLists(f *Fleet) {
	f.Keys = len(c.keys)
	for i := range bands {
		f.Ages = append(f.Ages, AgeBand{From: i*bandDays + min(i, 1), To: (i + 1) * bandDays})
	}
	f.Ages[bands-1].To = 0
	for id, s := range c.keys {
		if s.old {
			f.Old++
		}
		if s.key.Created.IsZero() {
			f.Ageless++
		} else {
			age := max(0, int(s.at.Sub(s.key.Created)/day))
			f.Ages[min(max(age-1, 0)/bandDays, bands-1)].Keys++
		}
		names := slices.Sorted(maps.Values(s.machines))
		if len(names) > 1 {
			f.Shared = append(f.Shared, SharedKey{id, s.key.Account, s.key.UserARN, names})
		}
		if s.calls != nil {
			f.Asked++
			if s.calls.Networks > 1 || s.use > Clean {
				f.Used = append(f.Used, UsedKey{id, s.key.Account, s.key.UserARN, s.use, *s.calls, names})
			}
		}
	}
	sorting.By(f.Used, func(a, b UsedKey) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Calls.Networks, a.Calls.Networks), strings.Compare(a.ID, b.ID))
	})
	sorting.By(f.Shared, func(a, b SharedKey) int {
		return cmp.Or(cmp.Compare(len(b.Machines), len(a.Machines)), strings.Compare(a.ID, b.ID))
	})
}
