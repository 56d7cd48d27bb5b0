package report

import (
	"slices"
	"strings"

	"keycare/credfile/facts"
)

// policyName is the last part of a policy's ARN.
func policyName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// isAdmin reports whether a policy is AWS's own AdministratorAccess, in any
// partition.
func isAdmin(arn string) bool { return strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess") }

// grantsOf is how much a managed policy of the user, or of one of its groups, allows
// inside the user's boundary, as far as that is known: AWS's own AdministratorAccess
// always, those of the customer's own after a deep audit.
func grantsOf(u *facts.UserFacts, arn string) facts.Grants {
	if isAdmin(arn) {
		return u.Limit(facts.GrantsAll)
	}
	if g := u.Managed[arn]; g.Known() {
		return u.Limit(g.Value)
	}
	return facts.GrantsSome
}

// administrator reports whether a policy of the user or of one of its groups
// allows all.
func administrator(u *facts.UserFacts) bool {
	allows := func(attached []string, inline []facts.InlinePolicy) bool {
		return slices.ContainsFunc(attached, func(arn string) bool { return grantsOf(u, arn) == facts.GrantsAll }) ||
			slices.ContainsFunc(inline, func(p facts.InlinePolicy) bool { return u.Limit(p.Grants.Value) == facts.GrantsAll })
	}
	return u != nil && (allows(u.Attached.Value, u.Inline.Value) ||
		slices.ContainsFunc(u.Groups.Value, func(g facts.Group) bool { return allows(g.Attached.Value, g.Inline.Value) }))
}
