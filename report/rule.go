package report

// Rule is one thing that an audit looks for.
type Rule struct {
	ID       string // stable; other programs filter by it
	About    SubjectType
	Severity Severity
	Because  string // the reason for the severity
	Title    string
	Why      string // what can go wrong, for the person who has to act
	Sources  []string
	Deep     bool // only a deep audit asks for what it needs
	// CoveredBy is a rule whose exceptions hold for this one too; empty for none.
	CoveredBy string
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
