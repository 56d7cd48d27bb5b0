package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// question is one answer and the rules that need it.
type question struct {
	answer interface {
		Lost() bool
		Why() string
	}
	decides []*Rule
}

// questions are all that is asked about a key, its user and its account.
func questions(o facts.Online) (all []question) {
	ask := func(answer interface {
		Lost() bool
		Why() string
	}, decides ...*Rule) {
		all = append(all, question{answer, decides})
	}
	ask(o.Identity, slices.Concat(answerRules, userRules, accountRules, ageRules, secondKeyRules)...)
	ask(o.Created, slices.Concat(ageRules, secondKeyRules)...)
	ask(o.Status, slices.Concat([]*Rule{ruleKeyInactive}, ageRules, secondKeyRules)...)
	ask(o.LastUsed, ruleUnusedKey, ruleSetupKey)
	ask(o.Others, secondKeyRules...)
	ask(o.Activity, usageRules...)
	if o.Activity.Known() {
		for _, u := range o.Activity.Value.Unread {
			ask(unread{u}, usageRules...)
		}
	}
	for _, other := range o.Others.Value {
		ask(other.LastUsed) // decides what to do about it, not whether
	}
	if u := o.User; u != nil {
		ask(u.MFA, ruleConsoleNoMFA, ruleAdminNoMFA, ruleUserNoMFA, ruleUserVirtualMFA)
		ask(u.Password, ruleConsoleNoMFA, ruleConsoleUnused, ruleKeyAndPassword, ruleSetupKey)
		if u.Password.Known() {
			ask(u.Password.Value.Used, ruleConsoleUnused)
		}
		policies := []*Rule{ruleAdminAttached, ruleAdminNoMFA, ruleAdminPerhaps, rulePolicyOnUser}
		ask(u.Attached, append([]*Rule{ruleKeyQuarantined}, policies...)...)
		ask(u.Inline, policies...)
		ofGroups := []*Rule{ruleAdminNoMFA, ruleAdminPerhaps, ruleAdminKey}
		ask(u.Groups, ofGroups...)
		for _, p := range u.Inline.Value {
			ask(p.Grants, policies...)
		}
		for _, g := range u.Groups.Value {
			ask(g.Attached, ofGroups...)
			ask(g.Inline, ofGroups...)
			for _, p := range g.Inline.Value {
				ask(p.Grants, ofGroups...)
			}
		}
		ask(u.Boundary, userPolicyRules...)
		if u.Boundary.Known() {
			ask(u.Boundary.Value.Grants, userPolicyRules...)
		}
		for _, m := range u.Managed {
			ask(m, userPolicyRules...)
		}
		ask(u.Powers, ruleKeyCanEscalate, ruleKeyCanDo)
		ask(u.Access, ruleUnusedServices)
		ask(u.Certificates, ruleSigningCertificate)
		ask(u.Services, ruleServiceCredential, ruleBedrockKey)
	}
	if a := o.Account; a != nil {
		ask(a.Root, ruleRootKeyInAccount, ruleRootNoMFA, ruleRootCertificate)
		ask(a.RootVirtual, ruleRootVirtualMFA)
		ask(a.Password, rulePasswordPolicy, rulePasswordExpiry)
		ask(a.RootUse, ruleRootUsed)
		ask(a.SecurityContact, ruleNoSecurityContact)
	}
	return all
}

// userPolicyRules depend on what the policies of a user and of its groups allow.
var userPolicyRules = []*Rule{ruleAdminAttached, ruleAdminNoMFA, ruleUserNoMFA, ruleAdminPerhaps, rulePolicyOnUser, ruleAdminKey, ruleKeyCanEscalate, ruleKeyCanDo}

// unread is a region of CloudTrail's, as an answer that is not there.
type unread struct{ of facts.Unread }

func (u unread) Lost() bool  { return u.of.Lost }
func (u unread) Why() string { return u.of.Why }

// lookAtLost notes what the audit wanted to learn and did not. An audit that may
// not ask (Offline, NeverCall, a permission that is denied) has all it can get.
func lookAtLost(a *auditor) {
	for _, err := range a.in.ReadErrors {
		a.incomplete = append(a.incomplete, show.Flow(err.Error()))
		a.undecided = Critical
	}
	if a.in.Offline {
		return
	}
	keys := map[string][]string{} // by reason
	asked := 0
	for _, k := range a.working() {
		if k.Status.Why() != facts.NotAsked {
			asked++
		}
		// What an earlier audit knows of the owner says nothing of the user and the
		// account: those were not asked.
		unasked := k.Identity.Known() && k.Account == nil && k.Status.Lost()
		for _, q := range questions(k.Online) {
			if !q.answer.Lost() {
				continue
			}
			for _, r := range q.decides {
				a.lose(r)
			}
			if why := q.answer.Why(); !slices.Contains(keys[why], k.ID) {
				keys[why] = append(keys[why], k.ID)
			}
		}
		if unasked {
			for _, r := range slices.Concat(userRules, accountRules) {
				a.lose(r)
			}
		}
	}
	for _, why := range slices.SortedFunc(maps.Keys(keys), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(keys[y]), len(keys[x])), strings.Compare(x, y))
	}) {
		a.incomplete = append(a.incomplete, fmt.Sprintf("%d of %s could not be checked in full: %s", len(keys[why]), show.Count(asked, "key"), why))
	}
}

// lose notes that it is not known whether a rule would find something.
func (a *auditor) lose(r *Rule) {
	if slices.Contains(a.in.Policy.Off, r.ID) {
		return
	}
	severity := r.Severity
	if set, ok := a.in.Policy.Severity[r.ID]; ok {
		severity = set
	}
	a.undecided = max(a.undecided, severity)
}

// Undecided reports whether an incomplete audit may have missed a finding at or
// above level: one that found none did not pass.
func (r *Report) Undecided(level Severity) bool { return r.undecided >= max(level, Info) }
