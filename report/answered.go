package report

import (
	"keycare/credfile"
	"keycare/credfile/facts"
	"slices"
)

// answered is a key in the files and what AWS said about it.
type answered struct {
	*key
	facts.Online
}

// isRoot reports whether it is known for a key of the root user.
func (k *answered) isRoot() bool {
	return k.Identity.Known() && k.Identity.Value.Owner() == facts.OwnerRoot
}

// answers are the keys that AWS could be asked about, in the order of the files.
// Canary and example keys are never asked about, so nothing is missed about them.
func (a *auditor) answers() (all []answered) {
	for _, k := range a.inventory.keys {
		if !k.selected() || k.Canary || k.Example || !k.valid {
			continue
		}
		o, asked := a.in.Online[k.ID]
		if !asked {
			if k.Kind != credfile.LongTerm || k.oddDigits() {
				continue // nobody needs to ask about it
			}
			o.Identity.Fail(facts.NotAsked)
			o.Created.Fail(facts.NotAsked)
			o.Status.Fail(facts.NotAsked)
		}
		all = append(all, answered{k, o})
	}
	return all
}

// working are the answers but for the keys that AWS does not accept, of which
// nothing else is known.
func (a *auditor) working() []answered {
	return slices.DeleteFunc(a.answers(), func(k answered) bool { return k.Rejected })
}

// keyAccount is an account that keys in the files belong to.
type keyAccount struct {
	*facts.AccountFacts
	f Finding // at the first of its keys
}

// accounts are those of which something is known, each once.
func (a *auditor) accounts() (all []keyAccount) {
	told := make(map[string]bool)
	for _, k := range a.working() {
		if k.Online.Account == nil || told[k.Online.Account.ID] {
			continue
		}
		told[k.Online.Account.ID] = true
		f := a.keyFinding(k.key)
		f.Account, f.KeyID = k.Online.Account.ID, ""
		all = append(all, keyAccount{k.Online.Account, f})
	}
	return all
}

// rootKeyHere reports whether a root key of the account is in the files.
func (a *auditor) rootKeyHere(account string) bool {
	for _, o := range a.in.Online {
		if id := o.Identity.Value; o.Identity.Known() && id.Account == account && id.Owner() == facts.OwnerRoot {
			return true
		}
	}
	return false
}
