package facts

import "time"

// UserFacts is what IAM says about the user that a key belongs to.
type UserFacts struct {
	Name     string
	MFA      Answer[[]string] // serial numbers of the devices
	Password Answer[Password] // for the console
	// Attached are the ARNs of the policies attached to the user itself.
	Attached Answer[[]string]
	Inline   Answer[[]InlinePolicy] // written into the user
	Groups   Answer[[]Group]
	// Certificates are the IDs of the active signing certificates; an empty ID
	// is one that only the credential report tells of.
	Certificates Answer[[]string]
	Services     Answer[[]ServiceCredential]

	// These are asked only where an audit goes deep.

	// Managed says how much the customer-managed policies allow that are Attached to the
	// user or to its groups, by ARN. One that is not in it is not known.
	Managed  map[string]Answer[Grants]
	Boundary Answer[Boundary]
	Powers   Answer[Powers]
	Access   Answer[Access]

	// FromReport says that some of this is from the account's credential report,
	// which AWS makes anew every four hours at the most.
	FromReport bool
}

// Password says whether there is a password for the console, and when it was
// used. Its times are AWS's.
type Password struct {
	Exists bool
	Set    time.Time         // made or changed last; zero if AWS does not say
	Used   Answer[time.Time] // the last sign-in; zero: none, as far as IAM recorded
}

// Group is a group that a user is in.
type Group struct {
	Name     string
	Attached Answer[[]string] // ARNs
	Inline   Answer[[]InlinePolicy]
}

// InlinePolicy is a policy that is written into a user or a group.
type InlinePolicy struct {
	Name   string
	Grants Answer[Grants]
}

// ServiceCredential is an active password or API key of a user for one service,
// CodeCommit or Bedrock for example.
type ServiceCredential struct {
	ID, Service string
	Created     time.Time
	Expires     time.Time // zero: never
}

// AccountFacts is what IAM says about an account, asked once for all its keys.
type AccountFacts struct {
	ID   string
	Root Answer[RootFacts]
	// RootVirtual says that an MFA device of the root user is a program, not a
	// piece of hardware.
	RootVirtual Answer[bool]
	Password    Answer[PasswordPolicy]
	// RootUse is the last use of the root user's password or keys, from the
	// credential report.
	RootUse Answer[Use]
	// SecurityContact says that there is an alternate contact for security. It is asked
	// only where an audit goes deep.
	SecurityContact Answer[bool]
}

// NoReport is why nothing is known from a credential report where an account has
// none. Having one made is not left to an audit, which only reads.
const NoReport = "there is no credential report"

// RootFacts are the numbers of GetAccountSummary that concern the root user.
type RootFacts struct {
	Keys, MFA, Certificates int
	// NoPassword says that the root user cannot sign in to the console.
	NoPassword bool
}

// PasswordPolicy is the rules for the passwords of an account's IAM users. They
// do not bind the root user.
type PasswordPolicy struct {
	// Default says that the account has none of its own: AWS's default holds.
	Default                                bool
	MinLength, Reuse, MaxAge               int // 0: none
	Symbols, Numbers, Uppercase, Lowercase bool
	// NoChange says that users may not change their passwords themselves,
	// HardExpiry that they may not once a password has expired.
	NoChange, HardExpiry bool
}

// DefaultPasswordPolicy is what holds where an account has none of its own: 8
// characters of three of the four kinds. Source: IAM User Guide.
var DefaultPasswordPolicy = PasswordPolicy{Default: true, MinLength: 8}
