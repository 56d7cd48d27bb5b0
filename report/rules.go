package report

import (
	"cmp"

	"keycare/credfile/sorting"
)

// topics are what an audit looks at. Each has a file with its rules and the look
// that judges by them.
var topics = []struct {
	rules []*Rule
	look  func(*auditor)
}{
	{answerRules, lookAtAnswers},
	{copyRules, lookAtCopies},
	{scanRules, lookAtScan},
	{userRules, lookAtUsers},
	{usageRules, lookAtUsage},
	{accountRules, lookAtAccounts},
	{modeRules, lookAtModes},
	{fileRules, lookAtFiles},
	{rotationRules, lookAtRotations},
	{replacedRules, lookAtReplaced},
	{readerRules, lookAtReaders},
	{mistakeRules, lookAtMistakes}, // before what a mistake explains
	{keyRules, lookAtKeys},
	{ageRules, lookAtAge},
	{signingRules, lookAtSigning},
	{roleRules, lookAtRoles},
	{valueRules, lookAtValues},
	{secondKeyRules, lookAtSecondKeys},
	{pairRules, lookAtPairs},
	{looseKeyRules, lookAtLooseKeys},
	{environmentRules, lookAtEnvironment},
	{bedrockRules, lookAtBedrock},
	{historyRules, lookAtHistory},
	{unknownRules, lookAtUnknown},
	{nil, lookAtLost},
	{exceptionRules, lookAtExceptions},
}

// Rules is every rule, the worst first. Documentation, JSON and tables are all
// made from it.
var Rules = func() (all []*Rule) {
	for _, t := range topics {
		all = append(all, t.rules...)
	}
	sorting.By(all, func(a, b *Rule) int { return cmp.Compare(b.Severity, a.Severity) })
	return all
}()

// RuleByID finds a rule; nil if there is none of that ID.
func RuleByID(id string) *Rule { return ruleByID[id] }

var ruleByID = func() map[string]*Rule {
	m := make(map[string]*Rule, len(Rules))
	for _, r := range Rules {
		m[r.ID] = r
	}
	return m
}()

// RuleIDs lists the rules, the worst first.
func RuleIDs() []string {
	ids := make([]string, len(Rules))
	for i, r := range Rules {
		ids[i] = r.ID
	}
	return ids
}
