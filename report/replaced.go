package report

import (
	"fmt"
	"slices"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var ruleKeyReplaced = &Rule{
	ID: "key-replaced", About: AboutKey, Severity: High, Because: "tools with this profile fail, or will once the old key is gone",
	Title:   "Key that keycare already replaced",
	Why:     "an older copy of the file came back, or one from another machine; its key was retired when it was replaced",
	Sources: []string{srcBest},
	Repair:  Repair{Text: "copy the new key from the profile or machine that has it"},
}

// replacedRules are about keys that the history says are out of use.
var replacedRules = []*Rule{ruleKeyReplaced}

// lookAtReplaced judges keys in the files that a rotation has replaced.
func lookAtReplaced(a *auditor) {
	for _, k := range a.inventory.keys {
		i := slices.IndexFunc(a.in.Replaced, func(r facts.Replacement) bool { return r.Old == k.ID })
		if i < 0 || !k.selected() || !show.IsKeyID(a.in.Replaced[i].New) {
			continue
		}
		r, f := a.in.Replaced[i], a.keyFinding(k)
		f.What = fmt.Sprintf("%s of %s was replaced by key %s on %s", k.show(), show.Names(f.Profiles), r.New, r.At.UTC().Format("2006-01-02"))
		if j := slices.IndexFunc(a.inventory.keys, func(other *key) bool { return other.ID == r.New }); j >= 0 {
			f.What += fmt.Sprintf(", which %s has", show.Names(a.inventory.keys[j].profiles()))
		} else {
			f.What += fmt.Sprintf(", which went into profile %s", show.Name(r.Profile))
		}
		a.add(ruleKeyReplaced, f, k.ID)
	}
}
