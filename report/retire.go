package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// chooseIdleKeys decides which key of each user may be said to be deactivated: one
// at most, so that no two findings of a report take both keys away. Of two that
// nobody uses it is the one that is not on this machine, or else the one that
// was not used for longer.
func (a *auditor) chooseIdleKeys() {
	for _, k := range a.inventory.keys {
		o, arn := a.in.Online[k.ID], a.in.Online[k.ID].Identity.Value.ARN
		if o.Rejected || !o.Identity.Known() || o.Identity.Value.Owner() != facts.OwnerUser || o.Status.Value != "Active" {
			continue
		}
		for _, s := range a.activeKeys(k, o) {
			old, chosen := a.idleKeys[arn]
			if !s.unused || a.flightOf(s.id) != nil {
				continue
			}
			if !chosen || old.here && !s.here || old.here == s.here && s.idle > old.idle {
				a.idleKeys[arn] = s
			}
		}
	}
}

// activeKeys are the active keys of the user that k belongs to, k first.
func (a *auditor) activeKeys(k *key, o facts.Online) []keyUse {
	all := []keyUse{a.useOf(k.ID, o.Created.Value, o.LastUsed, o.OwnUse)}
	all[0].here = true
	if never := all[0].unknown == "" && all[0].use.At.IsZero(); never && o.User != nil && o.User.Password.Known() && o.User.Password.Value.Exists {
		all[0].unused = true
	}
	for _, other := range o.Others.Value {
		if other.Active && o.Others.Known() {
			all = append(all, a.otherKeyUse(other))
		}
	}
	return all
}

// otherKeyUse is what is known of a user's other key. If that is on this
// machine too, the answers about it tell keycare's own calls from other uses.
func (a *auditor) otherKeyUse(other facts.OtherKey) keyUse {
	if o, asked := a.in.Online[other.ID]; asked && a.inventory.byID[other.ID] != nil && !o.Rejected && o.Identity.Known() {
		s := a.useOf(other.ID, other.Created, o.LastUsed, o.OwnUse)
		s.here = true
		return s
	}
	return a.useOf(other.ID, other.Created, other.LastUsed, false)
}

func (a *auditor) useOf(id string, created time.Time, last facts.Answer[facts.Use], own bool) keyUse {
	s := keyUse{id: id, use: last.Value, unknown: last.Why()}
	since := s.use.At
	if since.IsZero() {
		since = created
	}
	switch {
	case s.unknown != "":
	case own:
		s.unknown = "only keycare's own calls are visible"
	case since.IsZero():
		s.unknown = "AWS gave no date"
	default:
		s.idle = a.in.Now.Sub(since)
		s.unused = beyond(s.idle, a.in.Policy.maxUnused())
	}
	return s
}

// otherKeyOf looks for a key among the others of the users on this machine.
func (a *auditor) otherKeyOf(id string) (s keyUse, arn string, found bool) {
	for _, k := range a.inventory.keys {
		o := a.in.Online[k.ID]
		for _, other := range o.Others.Value {
			if other.ID == id && other.Active && o.Others.Known() {
				return a.otherKeyUse(other), o.Identity.Value.ARN, true
			}
		}
	}
	return s, "", false
}

// inWords is the use of a key in a few words.
func (s keyUse) inWords() string {
	if s.use.At.IsZero() {
		return "created recently and never used"
	}
	return strings.TrimPrefix(usedBy(s.use), "for ") + ", " + s.use.At.UTC().Format(time.DateOnly)
}

// unusedRepair is what to do about key k, which nobody uses.
func (a *auditor) unusedRepair(k answered, f Finding) Repair {
	chosen := a.idleKeys[k.Identity.Value.ARN]
	switch {
	case a.flightOf(k.ID) != nil:
		return do("keycare resume")
	case chosen.id != "" && chosen.id != k.ID:
		return say(fmt.Sprintf("key %s of the same user is unused too: remove that one first, and keep this one until it is gone (two-active-keys)", chosen.id))
	}
	names := show.Names(f.Profiles)
	if by := a.otherSigner(k); by != "" {
		return Repair{fmt.Sprintf("if nothing needs it, deactivate it; %s then stops working, so run this with another profile, which can reactivate the key if it may manage keys", names),
			show.Command(a.goos, append([]string{"aws", "iam"}, deactivation(k.ID)...)...) + by}
	}
	return iam(fmt.Sprintf("if nothing needs it, deactivate it; %s then stops working, and only an administrator can reactivate the key", names),
		&f, a.goos, deactivation(k.ID)...)
}

func deactivation(id string) []string {
	return []string{"update-access-key", "--status", "Inactive", "--access-key-id", id}
}

// otherSigner is the flags for an AWS CLI command about k's user that is signed by
// another key of the account: best of the same user, then an administrator's.
// It is empty where there is none that works and stays.
func (a *auditor) otherSigner(k answered) (flags string) {
	best := 0
	for _, other := range a.inventory.keys {
		by := a.in.Online[other.ID]
		id := by.Identity.Value
		if other == k.key || by.Rejected || !by.Identity.Known() || by.Status.Value != "Active" ||
			id.Account != k.Identity.Value.Account || id.Owner() != facts.OwnerUser || a.idleKeys[id.ARN].id == other.ID {
			continue
		}
		rank, user := 1, " --user-name "+show.Word(k.Identity.Value.UserName(), a.goos)
		switch {
		case id.ARN == k.Identity.Value.ARN:
			rank, user = 3, ""
		case administrator(by.User):
			rank = 2
		}
		for _, name := range other.profiles() {
			quoted := show.Word(name, a.goos)
			if rank > best && quoted != "" && !slices.Contains(by.WrongSecret, name) {
				best, flags = rank, user+" --profile "+quoted
			}
		}
	}
	return flags
}

// secondKeyRepair is what to do about two active keys of a user, k and other.
func (a *auditor) secondKeyRepair(k answered, other facts.OtherKey, f Finding) Repair {
	s, chosen := a.otherKeyUse(other), a.idleKeys[k.Identity.Value.ARN]
	idle := ""
	if chosen.id == k.ID {
		idle = "; nothing uses key " + k.ID
	}
	switch {
	case chosen.id == s.id && !s.here:
		return iam(fmt.Sprintf("key %s is unused: deactivate it, which can be undone; if nobody misses it for a while, delete it", s.id),
			&f, a.goos, deactivation(s.id)...)
	case chosen.id == s.id, chosen.id == k.ID && s.here:
		return say(fmt.Sprintf("key %s is unused: see the finding about %s, and keep the other key", chosen.id, show.Names(a.inventory.byID[chosen.id].profiles())))
	case s.here:
		return say(fmt.Sprintf("make %s use one of the two; once the other is unused, the audit says so",
			show.Names(mergeNames(k.profiles(), a.inventory.byID[s.id].profiles()))))
	case s.unknown != "":
		return say(fmt.Sprintf("find out who uses key %s before you touch it: its last use is unknown (%s)%s", s.id, together([]string{s.unknown}), idle))
	}
	return say(fmt.Sprintf("key %s is in use (%s): find out by whom; to keep only that one, put it into %s%s", s.id, s.inWords(), show.Names(f.Profiles), idle))
}
