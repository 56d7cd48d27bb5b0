package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
)

// use judges when a key was used last.
func (a *auditor) use(k *key, o credfile.Online, f Finding) {
	if !o.LastUsed.Known() || o.OwnUse || !o.Created.Known() || o.Created.Value.IsZero() || o.Status.Value != "Active" {
		return
	}
	limit := a.in.Policy.maxUnusedDays()
	since, says := o.LastUsed.Value.At, "was not used for %d days (then: "+usedBy(o.LastUsed.Value)+"), the limit is %d"
	if since.IsZero() {
		since, says = o.Created.Value, "was never used in the %d days since it was made, the limit is %d"
	}
	if days := int(a.in.Now.Sub(since) / day); days > limit {
		f.What = fmt.Sprintf("%s of %s ", k.show(), someNames(f.Profiles)) + fmt.Sprintf(says, days, limit)
		a.add("unused-key", f, k.ID)
	}
	if o.LastUsed.Value.At.IsZero() && o.User != nil && o.User.Password.Known() && o.User.Password.Value.Exists {
		f := f
		f.What = fmt.Sprintf("%s of %s was never used, and its user has a console password", k.show(), someNames(f.Profiles))
		a.add("setup-key", f, k.ID)
	}
}

// usedBy is a use for people. The names are AWS's, but checked: they go into a
// format.
func usedBy(u credfile.Use) string {
	says := "for an unknown service"
	if u.Service != "" && u.Service != "N/A" {
		says = "for " + u.Service
	}
	if u.Region != "" && u.Region != "N/A" {
		says += " in " + u.Region
	}
	return strings.ReplaceAll(says, "%", "%%")
}

// others judges the second key of k's user.
func (a *auditor) others(k *key, o credfile.Online, f Finding) {
	if !o.Others.Known() {
		return
	}
	for _, other := range o.Others.Value {
		if !isKeyID(credfile.FactsOf(other.ID)) {
			continue
		}
		pair := []string{k.ID, other.ID}
		slices.Sort(pair)
		if a.users[pair[0]+pair[1]] {
			continue
		}
		a.users[pair[0]+pair[1]] = true
		about := a.otherKey(other)
		f := f
		switch {
		case other.Active && o.Status.Value == "Active":
			f.What = fmt.Sprintf("the user of %s of %s has a second active key, %s", k.show(), someNames(f.Profiles), about)
			f.Fix = "delete the one that nothing uses: aws iam delete-access-key --access-key-id " + other.ID + profileFlag(f, a)
			a.add("two-active-keys", f, pair...)
		case !other.Active && int(a.in.Now.Sub(other.Created)/day) > a.in.Policy.maxDays():
			f.What = fmt.Sprintf("the user of %s of %s still has the inactive key %s", k.show(), someNames(f.Profiles), about)
			f.Fix = "aws iam delete-access-key --access-key-id " + other.ID + profileFlag(f, a)
			a.add("inactive-key-kept", f, pair...)
		}
	}
}

// otherKey describes a key that need not be on this machine.
func (a *auditor) otherKey(o credfile.OtherKey) string {
	says := fmt.Sprintf("%s, %d days old, ", o.ID, int(a.in.Now.Sub(o.Created)/day))
	switch u := o.LastUsed.Value; {
	case !o.LastUsed.Known():
		says += "last use unknown"
	case u.At.IsZero():
		says += "never used"
	default:
		says += "last used " + u.At.UTC().Format(time.DateOnly) + " " + strings.ReplaceAll(usedBy(u), "%%", "%")
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
