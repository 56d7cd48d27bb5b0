package report

import (
	"fmt"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"time"
)

var (
	ruleYearOldKey = &Rule{
		ID: "year-old-key", CoveredBy: "old-key", About: AboutKey, Severity: High, Because: "four times the limit of every benchmark",
		Title:   "Key older than a year",
		Why:     "by now it has spread to more machines, backups and people than anyone remembers",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "Powerpipe iam_user_access_key_age_365"},
		Repair:  Repair{Command: "keycare rotate {arg}"},
	}
	ruleOldKey = &Rule{
		ID: "old-key", About: AboutKey, Severity: Medium, Because: "as in Prowler; age alone is not a leak",
		Title:   "Key older than the limit",
		Why:     "the older a key, the more copies of it exist",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "Prowler iam_rotate_access_key_90_days"},
		Repair:  Repair{Command: "keycare rotate {arg}"},
	}
	ruleUnusedKey = &Rule{
		ID: "unused-key", About: AboutKey, Severity: Medium, Because: "as in Prowler; a key nobody needs is nothing but risk",
		Title:   "Unused key",
		Why:     "nobody would miss it, and nobody would notice if it were stolen",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.11", "AWS Security Hub IAM.22 (45 days) and IAM.8 (90 days)", "Prowler iam_user_accesskey_unused; here a key that was never used counts from its creation"},
		Repair:  Repair{Text: "if nothing needs it, deactivate it; its profile then stops working, and only an administrator or another profile can reactivate the key", Command: "aws iam update-access-key --status Inactive --access-key-id {key} --profile {profile}"},
	}
	ruleSetupKey = &Rule{
		ID: "setup-key", About: AboutKey, Severity: Low, Because: "unused-key reports it too, later",
		Title:   "Key created with the user and never used",
		Why:     "keys created just in case, together with the user, are forgotten",
		Sources: []string{"CIS AWS Foundations 3.0.0 1.11, 5.0.0 1.10 and 6.0.0 2.10 (dropped in 7.0.0)", "Prowler iam_user_no_setup_initial_access_key"},
		Repair:  Repair{Text: "if nothing needs it, deactivate it, and delete it later", Command: "aws iam update-access-key --status Inactive --access-key-id {key} --profile {profile}"},
	}
)

// ageRules are about the age and the use of a key.
var ageRules = []*Rule{ruleYearOldKey, ruleOldKey, ruleUnusedKey, ruleSetupKey}

// ageRule is the rule that a key of such an age breaks, if it breaks one.
func ageRule(age time.Duration) *Rule {
	if age/day > 365 {
		return ruleYearOldKey
	}
	return ruleOldKey
}

// lookAtAge judges how old keys are and when they were used last. A root key has
// to go at any age, and it is not rotated.
func lookAtAge(a *auditor) {
	for _, k := range a.working() {
		a.atLeastAge(k)
		if k.isRoot() {
			continue
		}
		unused := a.judgeUse(k)
		age, limit := a.in.Now.Sub(k.Created.Value), a.in.Policy.maxAge()
		if !k.Created.Known() || k.Created.Value.IsZero() || !beyond(age, limit) {
			continue
		}
		f := a.keyFinding(k.key)
		f.What = fmt.Sprintf("%s of %s is %s days old; the limit is %s", k.show(), show.Names(f.Profiles), days(age, limit), days(limit, limit))
		if act := k.Activity.Value; k.Activity.Known() && len(facts.Networks(act.Addresses)) > 1 {
			f.Repair = Repair{"it is used from other places too (key-used-elsewhere): give them the new key while the old one still works", "keycare rotate --grace 7d {arg}"}.filled(&f, a.goos)
		}
		if unused {
			f.Repair = Repair{"see unused-key; if it is needed", "keycare rotate {arg}"}.filled(&f, a.goos)
		}
		a.add(ageRule(age), f, k.ID)
	}
}

// atLeastAge judges a key whose age AWS did not tell by when it was seen first.
func (a *auditor) atLeastAge(k answered) {
	seen, limit := a.in.Now.Sub(k.FirstSeen), a.in.Policy.maxAge()
	if k.Created.Known() || k.FirstSeen.IsZero() || seen < day || !beyond(seen, limit) || !k.keptAndWhole() {
		return
	}
	f := a.keyFinding(k.key)
	f.What = fmt.Sprintf("%s of %s is at least %s days old; the limit is %s", k.show(), show.Names(f.Profiles), days(seen, limit), days(limit, limit))
	a.add(ageRule(seen), f, k.ID)
}

// judgeUse judges when a key was used last, and reports whether it said that the key
// is not used.
func (a *auditor) judgeUse(k answered) (unused bool) {
	if !k.LastUsed.Known() || k.OwnUse || !k.Created.Known() || k.Created.Value.IsZero() || k.Status.Value != "Active" {
		return false
	}
	limit, f := a.in.Policy.maxUnused(), a.keyFinding(k.key)
	s := a.useOf(k.ID, k.Created.Value, k.LastUsed, k.OwnUse)
	of, never := fmt.Sprintf("%s of %s ", k.show(), show.Names(f.Profiles)), s.use.At.IsZero()
	f.Repair = a.unusedRepair(k, f)
	if beyond(s.idle, limit) {
		f.What = of + fmt.Sprintf("has not been used for %s days (last used %s); the limit is %s", days(s.idle, limit), usedBy(s.use), days(limit, limit))
		if never {
			f.What = of + fmt.Sprintf("has never been used in the %s days since it was created; the limit is %s", days(s.idle, limit), days(limit, limit))
		}
		unused = a.add(ruleUnusedKey, f, k.ID)
	}
	if never && k.User != nil && k.User.Password.Known() && k.User.Password.Value.Exists {
		f.What = of + "has never been used, and its user has a console password"
		a.add(ruleSetupKey, f, k.ID)
	}
	return unused
}
