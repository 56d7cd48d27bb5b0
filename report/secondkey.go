package report

import (
	"fmt"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"time"
)

var (
	ruleTwoActiveKeys = &Rule{
		ID: "two-active-keys", About: AboutUser, Severity: Medium, Because: "as in Prowler; CIS dropped the check in version 7",
		Title:   "User with two active keys",
		Why:     "one of the two is probably forgotten, and a rotation needs a free slot",
		Sources: []string{"CIS AWS Foundations 3.0.0 1.13, 5.0.0 1.12 and 6.0.0 2.12 (dropped in 7.0.0)", "Prowler iam_user_two_active_access_key", "ScoutSuite iam-user-with-multiple-access-keys"},
	}
	ruleInactiveKeyKept = &Rule{
		ID: "inactive-key-kept", About: AboutUser, Severity: Low, Because: "as a warning in ScoutSuite",
		Title:   "Old inactive key of a user",
		Why:     "it takes the slot a rotation needs, and anyone who may manage keys can reactivate it",
		Sources: []string{"ScoutSuite iam-user-no-key-rotation (Inactive, 90)"},
	}
)

// secondKeyRules are about the second key of a user.
var secondKeyRules = []*Rule{ruleTwoActiveKeys, ruleInactiveKeyKept}

// lookAtSecondKeys judges the other key of each user, each pair once.
func lookAtSecondKeys(a *auditor) {
	told := make(map[[2]string]bool)
	for _, k := range a.working() {
		if k.isRoot() || !k.Others.Known() {
			continue
		}
		for _, other := range k.Others.Value {
			pair := [2]string{min(k.ID, other.ID), max(k.ID, other.ID)}
			if show.IsKeyID(other.ID) && !told[pair] && !a.inFlight(k.ID, other.ID) {
				told[pair] = true
				a.judgeSecondKey(k, other, pair[:])
			}
		}
	}
}

func (a *auditor) judgeSecondKey(k answered, other facts.OtherKey, pair []string) {
	f := a.keyFinding(k.key)
	f.Subject = Subject{AboutUser, k.Identity.Value.ARN}
	switch {
	case other.Active && k.Status.Value == "Active":
		f.What = fmt.Sprintf("the user of %s of %s has a second active key, %s", k.show(), show.Names(f.Profiles), a.otherKey(other))
		f.Repair = a.secondKeyRepair(k, other, f)
		a.add(ruleTwoActiveKeys, f, pair...)
	case !other.Active && beyond(a.in.Now.Sub(other.Created), a.in.Policy.maxAge()):
		f.What = fmt.Sprintf("the user of %s of %s still has the inactive key %s", k.show(), show.Names(f.Profiles), a.otherKey(other))
		f.Repair = iam("", &f, a.goos, "delete-access-key", "--access-key-id", other.ID)
		a.add(ruleInactiveKeyKept, f, pair...)
	}
}

// otherKey describes a key that need not be on this machine.
func (a *auditor) otherKey(o facts.OtherKey) string {
	says := fmt.Sprintf("%s, %d days old, ", o.ID, int(a.in.Now.Sub(o.Created)/day))
	switch s := a.otherKeyUse(o); {
	case s.unknown != "":
		says += "last use unknown"
	case s.use.At.IsZero():
		says += "never used"
	default:
		says += "last used " + s.use.At.UTC().Format(time.DateOnly) + " " + usedBy(s.use)
	}
	if here := a.inventory.byID[o.ID]; here != nil {
		return says + ", of " + show.Names(here.profiles())
	}
	return says + ", not in your files"
}
