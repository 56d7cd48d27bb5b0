package report

import (
	"fmt"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
)

// use judges when a key was used last, and reports whether it said that the key
// is not used.
func (a *auditor) use(k *key, o facts.Online, f Finding) (unused bool) {
	if !o.LastUsed.Known() || o.OwnUse || !o.Created.Known() || o.Created.Value.IsZero() || o.Status.Value != "Active" {
		return false
	}
	limit := a.in.Policy.maxUnused()
	s := a.standing(k.ID, o.Created.Value, o.LastUsed, o.OwnUse)
	of, never := fmt.Sprintf("%s of %s ", k.show(), someNames(f.Profiles)), s.use.At.IsZero()
	f.Fix = a.spareFix(k, o, f)
	if beyond(s.idle, limit) {
		f.What = of + fmt.Sprintf("was not used for %s days (then: %s), the limit is %s", days(s.idle, limit), usedBy(s.use), days(limit, limit))
		if never {
			f.What = of + fmt.Sprintf("was never used in the %s days since it was made, the limit is %s", days(s.idle, limit), days(limit, limit))
		}
		unused = a.add("unused-key", f, k.ID)
	}
	if never && o.User != nil && o.User.Password.Known() && o.User.Password.Value.Exists {
		f.What = of + "was never used, and its user has a console password"
		a.add("setup-key", f, k.ID)
	}
	return unused
}

// usedBy is a use for people.
func usedBy(u facts.Use) string {
	says := "for an unknown service"
	if u.Service != "" && u.Service != "N/A" {
		says = "for " + u.Service
	}
	if u.Region != "" && u.Region != "N/A" {
		says += " in " + u.Region
	}
	return says
}

// others judges the second key of k's user.
func (a *auditor) others(k *key, o facts.Online, f Finding) {
	if !o.Others.Known() {
		return
	}
	for _, other := range o.Others.Value {
		if !isKeyID(credfile.FactsOf(other.ID)) {
			continue
		}
		pair := []string{k.ID, other.ID}
		slices.Sort(pair)
		if a.users[pair[0]+pair[1]] || a.inFlight(k.ID, other.ID) {
			continue
		}
		a.users[pair[0]+pair[1]] = true
		about := a.otherKey(other)
		f := f
		switch {
		case other.Active && o.Status.Value == "Active":
			f.What = fmt.Sprintf("the user of %s of %s has a second active key, %s", k.show(), someNames(f.Profiles), about)
			f.Fix = a.secondKeyFix(k, o, other, f)
			a.add("two-active-keys", f, pair...)
		case !other.Active && beyond(a.in.Now.Sub(other.Created), a.in.Policy.maxAge()):
			f.What = fmt.Sprintf("the user of %s of %s still has the inactive key %s", k.show(), someNames(f.Profiles), about)
			f.Fix = "aws iam delete-access-key --access-key-id " + other.ID + profileFlag(f, a)
			a.add("inactive-key-kept", f, pair...)
		}
	}
}

// otherKey describes a key that need not be on this machine.
func (a *auditor) otherKey(o facts.OtherKey) string {
	says := fmt.Sprintf("%s, %d days old, ", o.ID, int(a.in.Now.Sub(o.Created)/day))
	switch s := a.otherStanding(o); {
	case s.unknown != "":
		says += "last use unknown"
	case s.use.At.IsZero():
		says += "never used"
	default:
		says += "last used " + s.use.At.UTC().Format(time.DateOnly) + " " + usedBy(s.use)
	}
	if here := a.survey.byID[o.ID]; here != nil {
		return says + ", of " + someNames(here.profiles())
	}
	return says + ", not in these files"
}

// profileFlag makes an AWS CLI command use the profile of f.
func profileFlag(f Finding, a *auditor) string {
	if len(f.Profiles) == 0 {
		return ""
	}
	name := quoteName(f.Profiles[0], a.in.Local.GOOS)
	if name == "" {
		return ""
	}
	return " --profile " + name
}
