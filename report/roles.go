package report

import (
	"fmt"
	"strings"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

var ruleRoleWithoutMFA = &Rule{
	ID: "role-without-mfa", About: AboutKey, Severity: Medium, Because: "a copied key opens more than its own user's account",
	Title:   "Roles that a key opens without MFA",
	Why:     "a thief of the key gets these roles too, unless their trust policies ask for more than the key",
	Sources: []string{"AWS IAM User Guide, MFA-protected API access", srcBest},
}

// roleRules are about what else a key opens.
var roleRules = []*Rule{ruleRoleWithoutMFA}

// reach is what a key opens beside its own user.
type reach struct {
	key      *key
	roles    []string // "deploy (account 123456789012)", each once
	profiles []string
}

// mostRoles is how many roles a sentence names.
const mostRoles = 4

// lookAtRoles finds the long-term keys that roles are taken with, in profiles that
// name no MFA device. Each key is told of once, with all its roles.
func lookAtRoles(a *auditor) {
	var all []*reach
	by := map[*key]*reach{}
	told := map[string]bool{}
	for _, s := range a.inventory.profiles {
		k := a.roleKey(s)
		if k == nil || !s.selected && !k.selected() {
			continue
		}
		role := roleName(a.set.Setting(s.name, "role_arn"))
		if role == "" || a.set.RoleMFA(s.name) {
			continue
		}
		r := by[k]
		if r == nil {
			r = &reach{key: k}
			by[k] = r
			all = append(all, r)
		}
		r.profiles = append(r.profiles, s.name)
		if of := k.ID + role; !told[of] {
			told[of] = true
			r.roles = append(r.roles, role)
		}
	}
	for _, r := range all {
		f := a.keyFinding(r.key)
		named, of := r.roles, "role"
		if len(r.roles) > 1 {
			of = show.Count(len(r.roles), "role") + ":"
		}
		more := ""
		if len(named) > mostRoles {
			more = fmt.Sprintf(" and %d more", len(named)-mostRoles+1)
			named = named[:mostRoles-1]
		}
		f.What = fmt.Sprintf("%s of %s is enough, without MFA, for %s %s%s", r.key.show(), show.Names(f.Profiles), of, strings.Join(named, ", "), more)
		f.Repair = say("require MFA in the trust policy of each role, then set mfa_serial in " + show.Names(r.profiles))
		a.add(ruleRoleWithoutMFA, f, r.key.subjectOf())
	}
}

// roleKey is the long-term key that a profile takes its role with; nil if it takes
// none, or with something else.
func (a *auditor) roleKey(s *profile) *key {
	const how = hasRole | hasSourceProfile
	if s.name == "" || s.ways&(how|hasWebIdentity|hasCredentialSource) != how {
		return nil
	}
	source, why := a.set.RoleSource(s.name)
	if why != "" || a.inventory.byName[source] == nil {
		return nil
	}
	_, h := a.inventory.byName[source].static()
	if h == nil {
		return nil
	}
	if k := a.inventory.byID[h.id.value]; k != nil && a.staticAndWorks(k) && !h.token.isSet() {
		return k
	}
	return nil
}

// roleARN has the account and the name of a role, which may stand under a path.
var roleARN = pattern.Of(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/(?:[!-~]*/)?([A-Za-z0-9_+=,.@-]{1,64})$`)

// roleName names a role for a sentence; empty for what is no role's ARN, and for what
// may hold a secret, of which the part behind a slash would be shown.
func roleName(arn string) string {
	m := roleARN().FindStringSubmatch(arn)
	if m == nil || show.SecretLike(arn) {
		return ""
	}
	return fmt.Sprintf("%s (account %s)", m[2], m[1])
}
