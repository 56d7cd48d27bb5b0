package report

import (
	"cmp"
	"slices"
)

// Rule is one thing that an audit looks for.
type Rule struct {
	ID       string // stable; other programs filter by it
	About    SubjectType
	Severity Severity
	Because  string // the reason for the severity
	Title    string
	Why      string // what can go wrong, for the person who has to act
	Sources  []string
	// Repair mends it. {file} or {folder}, {profile}, {arg} and {key} stand for the
	// finding's quoted path, its first profile, that profile as an
	// argument by itself, and its key ID. Empty where each finding brings its own.
	Repair Repair
}

// Sources that several rules share.
const (
	srcCLIMode    = "AWS CLI file permission rule"
	srcPrecedence = "AWS CLI and SDK credential provider chains"
	srcCIS212     = "CIS AWS Foundations 7.0.0 2.12"
	srcBest       = "AWS IAM User Guide, security best practices"
	srcKeyIDs     = "AWS IAM User Guide, unique ID prefixes"
	srcShared     = "AWS SDKs and Tools Reference Guide, shared config and credentials files"
	srcReadings   = "keycare, measured readings of the shared files"
)

// Rules is every rule, the worst first. Documentation, JSON and tables are all
// made from it. Each topic's file has its own.
var Rules = worstFirst(slices.Concat(
	answerRules, copyRules, userRules, accountRules, modeRules, fileRules, rotationRules, readerRules, keyRules, mistakeRules, ageRules, signingRules,
	secondKeyRules, pairRules, strayRules, environmentRules, historyRules, unknownRules, exceptionRules,
))

func worstFirst(rules []*Rule) []*Rule {
	slices.SortStableFunc(rules, func(a, b *Rule) int { return cmp.Compare(b.Severity, a.Severity) })
	return rules
}

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
