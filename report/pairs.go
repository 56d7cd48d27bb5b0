package report

import (
	"fmt"
	"slices"

	"keycare/credfile"
	"keycare/credfile/show"
)

var (
	rulePairSplit = &Rule{
		ID: "pair-split", About: AboutProfile, Severity: Medium, Because: "most tools cannot use the key",
		Title:   "Key split over both files",
		Why:     "the AWS CLI and the Go SDK find no key here, while the JavaScript SDK joins the two halves",
		Sources: []string{srcReadings},
		Repair:  Repair{Text: "put the key ID and the secret in one file", Command: "aws configure --profile {profile}"},
	}
	ruleSecretMismatch = &Rule{
		ID: "secret-mismatch", About: AboutKey, Severity: Medium, Because: "at most one of them works",
		Title:   "Same key ID with different secrets",
		Why:     "a key has one secret, so at most one of them works",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "delete the one that does not work; to find out which", Command: "aws sts get-caller-identity --profile {profile}"},
	}
	ruleSecretReused = &Rule{
		ID: "secret-reused", About: AboutKey, Severity: Medium, Because: "at most one of them works",
		Title:   "Same secret under different key IDs",
		Why:     "two keys never have the same secret, so at most one of them works",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "delete the one that does not work; to find out which", Command: "aws sts get-caller-identity --profile {profile}"},
	}
	ruleIDWithoutSecret = &Rule{
		ID: "id-without-secret", About: AboutProfile, Severity: Low, Because: "it does not work",
		Title:   "Key ID without its secret",
		Why:     "tools that find half a key stop, or use a key from elsewhere",
		Sources: []string{srcReadings},
		Repair:  Repair{Text: "delete the line, or complete the key", Command: "aws configure --profile {profile}"},
	}
	ruleSecretWithoutID = &Rule{
		ID: "secret-without-id", About: AboutProfile, Severity: Low, Because: "a secret does nothing without its key ID",
		Title:   "Secret without its key ID",
		Why:     "tools that find half a key stop, or use a key from elsewhere",
		Sources: []string{srcReadings},
		Repair:  Repair{Text: "delete the line, or complete the key", Command: "aws configure --profile {profile}"},
	}
	ruleEmptyKey = &Rule{
		ID: "empty-key", About: AboutProfile, Severity: Low, Because: "it does not work",
		Title:   "Key without a value",
		Why:     "the AWS CLI signs with an empty key, which AWS refuses, while other tools look for a key elsewhere",
		Sources: []string{srcReadings},
		Repair:  Repair{Text: "delete both lines, or enter the key", Command: "aws configure --profile {profile}"},
	}
)

// pairRules are about IDs, secrets and tokens that do not fit together.
var pairRules = []*Rule{rulePairSplit, ruleSecretMismatch, ruleSecretReused, ruleIDWithoutSecret, ruleSecretWithoutID, ruleEmptyKey}

// lookAtPairs judges IDs, secrets and tokens that do not fit together.
func lookAtPairs(a *auditor) {
	for _, s := range a.inventory.profiles {
		if s.selected && !a.split(s) {
			a.halves(s)
		}
	}
	for _, k := range a.inventory.keys {
		if k.selected() {
			a.secrets(k)
		}
	}
	a.reusedSecrets()
}

// split finds a pair of which each file has one half.
func (a *auditor) split(s *profile) bool {
	creds, config := s.in[credfile.CredentialsFile], s.in[credfile.ConfigFile]
	if creds == nil || config == nil || s.name == "" {
		return false
	}
	idFirst := creds.id.isSet() && !creds.secret.isSet() && config.secret.isSet() && !config.id.isSet()
	idLast := config.id.isSet() && !config.secret.isSet() && creds.secret.isSet() && !creds.id.isSet()
	if !idFirst && !idLast {
		return false
	}
	here, there, half, other := creds.id, config.secret, "key ID", "secret"
	if idLast {
		here, there, half, other = creds.secret, config.id, "secret", "key ID"
	}
	a.add(rulePairSplit, a.at(Finding{Profiles: []string{s.name},
		What: fmt.Sprintf("profile %s has the %s here and the %s in line %d of %s", show.Name(s.name), half, other, there.line, a.set.Config.Path)},
		credfile.CredentialsFile, here.line, here.col), s.name)
	return true
}

func (a *auditor) halves(s *profile) {
	var names []string
	if s.name != "" {
		names = []string{s.name}
	}
	for kind, h := range s.in {
		if h == nil || a.explained[h] {
			continue
		}
		if h.id.isEmpty() && h.secret.isEmpty() {
			a.add(ruleEmptyKey, a.at(Finding{Profiles: names, What: show.Names(names) + " has a key ID and a secret without a value"},
				credfile.FileKind(kind), h.id.line, h.id.col), s.name, credfile.FileKind(kind).String())
		}
		if h.id.isSet() == h.secret.isSet() {
			continue
		}
		rule, what, c := ruleIDWithoutSecret, "%s has a key ID without a secret; the AWS CLI and the Go SDK stop there, the JavaScript SDK finds no key", h.id
		if h.secret.isSet() {
			rule, what, c = ruleSecretWithoutID, "%s has a secret without a key ID", h.secret
		}
		f := a.at(Finding{Profiles: names, What: fmt.Sprintf(what, show.Names(names))}, credfile.FileKind(kind), c.line, c.col)
		if k := a.inventory.byID[h.id.value]; h.id.isSet() && k.valid {
			f.KeyID = k.ID
		}
		a.add(rule, f, s.name, credfile.FileKind(kind).String())
	}
}

// secrets compares the secrets that stand with one key ID. Which of them works is
// said where AWS was asked.
func (a *auditor) secrets(k *key) {
	first := k.locations[0].entry.secret.value
	for _, p := range k.locations[1:] {
		h := p.entry
		switch {
		case first == "":
			first = h.secret.value
		case h.secret.value != "" && h.secret.value != first:
			f := a.keyFinding(k)
			f.What = fmt.Sprintf("%s has different secrets in %s", k.show(), show.Names(f.Profiles))
			f.Repair = say(a.rightSecret(k))
			a.add(ruleSecretMismatch, a.at(f, p.file, h.secret.line, h.secret.col), k.subjectOf())
			return
		}
	}
}

// rightSecret says which profile's secret of k works; it is empty where nobody
// knows.
func (a *auditor) rightSecret(k *key) string {
	o := a.in.Online[k.ID]
	if o.Rejected {
		return "AWS accepts none of them: enter the right secret in one profile, and delete the key's lines from the others"
	}
	right := slices.DeleteFunc(k.profiles(), func(name string) bool { return slices.Contains(o.WrongSecret, name) })
	if len(o.WrongSecret) == 0 || len(right) == 0 || !o.Identity.Known() {
		return ""
	}
	return fmt.Sprintf("the secret of %s works: copy it to %s, or delete the key's lines there", show.Names(right[:1]), show.Names(o.WrongSecret))
}

// reusedSecrets finds secrets that stand with more than one key ID.
func (a *auditor) reusedSecrets() {
	// Shorter texts are no secrets but words that stand for one.
	const shortest = 16
	owners := make(map[string]*key, len(a.inventory.keys))
	told := make(map[[2]*key]bool)
	for _, k := range a.inventory.keys {
		for _, p := range k.locations {
			h := p.entry
			if len(h.secret.value) < shortest {
				continue
			}
			other := owners[h.secret.value]
			if other == nil {
				owners[h.secret.value] = k
				continue
			}
			pair := [2]*key{other, k}
			if other == k || told[pair] || !k.selected() && !other.selected() {
				continue
			}
			told[pair] = true
			f := a.keyFinding(k)
			f.Profiles = mergeNames(other.profiles(), f.Profiles)
			f.What = fmt.Sprintf("%s has the same secret as %s", k.show(), other.show())
			a.add(ruleSecretReused, a.at(f, p.file, h.secret.line, h.secret.col), other.subjectOf(), k.subjectOf())
		}
	}
}
