package facts

import "time"

// What an audit learns only where it asks deeper than usual is here: who else uses
// a key, and what a thief of it could do. Where nobody asked, all of it is the zero
// Answer.

// Activity is what CloudTrail recorded of the calls that one access key signed:
// management events alone, of the last 90 days, at the latest a quarter of an hour
// after a call. Reads and writes of data, such as s3:GetObject, are not in it. Source:
// CloudTrail User Guide, "Working with CloudTrail event history"; API reference,
// LookupEvents. Names in it are cut and stripped to what can be shown.
type Activity struct {
	// Since and Until bound the time that was looked at.
	Since, Until time.Time
	// Cut says that there are more events than were read, which are the latest of
	// each region.
	Cut bool
	// Unread are regions of which nothing, or not all, is known. Nothing at all is
	// known where none answered: then there is no Activity.
	Unread []Unread

	Events, Failed int       // Failed are those that AWS refused
	First, Last    time.Time // zero: no event

	// What the events have in common, the most frequent first; each at most MostSeen.
	Addresses []Seen // an IP address, or the service of AWS that called for the user
	Agents    []Seen // a product: "aws-cli", "Boto3", "Terraform", "keycare", ...
	Regions   []Seen
	Services  []Seen // "s3", "iam", ...
	Calls     []Seen // "iam:CreateUser", ...

	// Keycare are the addresses of calls that say they are keycare's: most likely of this
	// machine, but anybody may say so. At most MostSeen.
	Keycare []string

	// Sessions are what the key has given out, and what outlives it. The newest first,
	// at most MostSeen; OldSessions counts those that are left out.
	Sessions    []Session
	OldSessions int
	// Changes are calls of those that a thief makes first: to stay, to rise, to hide and
	// to earn. The newest first, at most MostSeen; OldChanges counts those left out.
	Changes    []Change
	OldChanges int
}

// MostSeen bounds each list of an Activity. What does not fit is counted as Rest, the
// last of the list.
const (
	MostSeen = 100
	Rest     = "others"
)

// Unread is a region of which CloudTrail told nothing, or not all.
type Unread struct {
	Region, Why string
	// Lost says that another audit may learn it; else AWS refuses to tell.
	Lost bool
}

// Seen is how often, and when, something stood in events.
type Seen struct {
	Name          string
	Count, Failed int
	First, Last   time.Time
}

// Session is short-term credentials that a key was given. They stay valid when the key
// is made inactive or deleted. Source: IAM User Guide, "Disabling permissions for
// temporary security credentials".
type Session struct {
	Kind    string // AssumeRole, AssumeRoot, GetSessionToken or GetFederationToken
	Role    string // ARN of the role of an AssumeRole; account of an AssumeRoot; name of a GetFederationToken
	KeyID   string // ASIA...; empty where the record does not say
	Address string
	Region  string
	At      time.Time
	Until   time.Time // their end
}

// Change is a call to look at when a key was stolen; several that differ in their time
// alone are one.
type Change struct {
	Call string // "iam:CreateUser"
	// Subject is what it was about: "user bob", "user bob, policy arn:...", "user bob, key
	// AKIA...". Empty where the record does not say, or says what cannot be shown.
	Subject     string
	Address     string
	Region      string
	First, Last time.Time
	Count       int
	Failed      bool // AWS refused it
}

// Boundary is the permissions boundary of a user. Its ARN is empty where there is
// none.
type Boundary struct {
	ARN    string
	Grants Answer[Grants]
}

// Powers is what a user may do by a simulation of all its policies, its boundary and
// those of its organisation, on every resource and without MFA, as a thief of the key
// has none. Source: IAM API reference, SimulatePrincipalPolicy.
type Powers struct {
	// Allowed are those of PowersAsked that are allowed, in the same order.
	Allowed []string
	// Conditional are those that are not, while a condition of a policy could not be
	// judged: an address or a tag may decide it.
	Conditional []string
	// Escalations are the ways to more rights that Allowed completes.
	Escalations []Escalation
}

// Escalation is a known way from some rights to more: whoever may do all Actions may
// do it.
type Escalation struct {
	Name    string
	Actions []string
}

// Access is which services a user may use, and when it did last: IAM keeps that for
// 400 days. Source: IAM User Guide, "Refine permissions in AWS using last accessed
// information".
type Access struct {
	Granted int // services that its policies allow at least one action of
	Used    []ServiceUse
	Unused  []string // services by their namespace: "s3"
}

// ServiceUse is the last use of a service.
type ServiceUse struct {
	Service string // "s3"
	At      time.Time
	Region  string
}

// UnusedSince are the services that were not used since a time, those that never were
// included.
func (a Access) UnusedSince(t time.Time) (services []string) {
	services = append(services, a.Unused...)
	for _, u := range a.Used {
		if u.At.Before(t) {
			services = append(services, u.Service)
		}
	}
	return services
}

// Limit is what is left of a grant inside the user's permissions boundary: nobody is
// an administrator by more than both allow. Where the boundary is not known it limits
// nothing.
func (u UserFacts) Limit(g Grants) Grants {
	b := u.Boundary.Value
	if !u.Boundary.Known() || b.ARN == "" || !b.Grants.Known() || g == GrantsSome {
		return g
	}
	if b.Grants.Value == GrantsAll {
		return g
	}
	return b.Grants.Value
}
