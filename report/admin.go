package report

import (
	"keycare/credfile/facts"
	"slices"
	"strings"
)

// policyName is the last part of a policy's ARN.
func policyName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// isAdmin reports whether a policy is AWS's own AdministratorAccess, in any
// partition.
func isAdmin(arn string) bool { return strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess") }

// administrator reports whether a policy of the user or of one of its groups
// allows all.
func administrator(u *facts.UserFacts) bool {
	allows := func(attached []string, inline []facts.InlinePolicy) bool {
		return slices.ContainsFunc(attached, isAdmin) ||
			slices.ContainsFunc(inline, func(p facts.InlinePolicy) bool { return p.Grants.Value == facts.GrantsAll })
	}
	return u != nil && (allows(u.Attached.Value, u.Inline.Value) ||
		slices.ContainsFunc(u.Groups.Value, func(g facts.Group) bool { return allows(g.Attached.Value, g.Inline.Value) }))
}
