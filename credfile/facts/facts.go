package facts

import (
	"strings"
	"time"
)

// Identity is who a key belongs to, as STS GetCallerIdentity says.
type Identity struct {
	ARN     string `json:"arn"`
	UserID  string `json:"user_id"` // AIDA... for a user; the account ID for root
	Account string `json:"account"` // 12 digits
}

// Answer is a fact that AWS may have refused to tell. The zero Answer is not
// known: what nobody filled in is never fine.
type Answer[T any] struct {
	// Value is the fact where it is Known; what else stands there says nothing.
	Value T

	known bool
	lost  bool   // not known, and another audit may learn it
	why   string // it is not known
}

// Reasons why nothing is known that others tell apart.
const (
	NotAsked = "it was not asked" // nobody wanted to
	TimedOut = "no answer from AWS (it took too long)"
	Throttle = "AWS is throttling"
	NeedsMFA = "this user must sign in with MFA"
	TooMany  = "too many keys for one audit: ask for this one with --profile"
)

// Answered is what AWS told.
func Answered[T any](v T) Answer[T] { return Answer[T]{Value: v, known: true} }

// needs begins a reason for not knowing that names a missing permission.
const needs = "needs "

// Needs is the reason that a permission is missing, for an Answer.
func Needs(action string) string { return needs + action }

// Needed is the permission whose lack is the reason.
func Needed(why string) (action string, ok bool) { return strings.CutPrefix(why, needs) }

// Whole is a time as documents have it: UTC, in whole seconds.
func Whole(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// Unanswered says why AWS did not tell, e.g. "needs iam:ListAccessKeys" or "no
// network".
func Unanswered[T any](why string) Answer[T] { return Answer[T]{why: why} }

// Known reports whether AWS answered.
func (a Answer[T]) Known() bool { return a.known }

// Why says why there is no answer; empty where there is one.
func (a Answer[T]) Why() string {
	switch {
	case a.known:
		return ""
	case a.why == "":
		return NotAsked
	}
	return a.why
}

// Fail makes it not known, for a reason that holds the next time too: it is AWS's
// answer, or nobody wanted to ask.
func (a *Answer[T]) Fail(why string) { a.known, a.lost, a.why = false, false, why }

// Lose makes it not known for a reason that says nothing about it: no answer,
// throttling, no time. What depends on it is not decided.
func (a *Answer[T]) Lose(why string) { a.known, a.lost, a.why = false, true, why }

// Lost reports whether it was asked for, or would have been, and AWS did not tell.
func (a Answer[T]) Lost() bool { return !a.known && a.lost }

// Online is what AWS says about one access key. Times are AWS's.
type Online struct {
	KeyID string
	// Rejected says that AWS does not accept the key (deleted, inactive, or all
	// its secrets in the files are wrong); nothing else is known then.
	Rejected bool
	// Region is one of the partition that knows the key, where that is another one
	// than the profile's; empty otherwise.
	Region string
	// Partitions says that every other partition was asked about a key that is
	// Rejected, and does not know it either.
	Partitions bool
	// WrongSecret are the profiles that have another secret than the one that AWS
	// accepts.
	WrongSecret []string
	Identity    Answer[Identity]
	Created     Answer[time.Time]
	Status      Answer[string] // "Active" or "Inactive"
	LastUsed    Answer[Use]
	// OwnUse says that LastUsed is keycare's own call, and that it is not known
	// when somebody else used the key.
	OwnUse bool
	Others Answer[[]OtherKey] // the user's other keys
	// Activity is asked only where an audit goes deep; see Activity.
	Activity Answer[Activity]
	// User is nil for what is no IAM user, and where nothing is known.
	User *UserFacts
	// Account is shared by the keys of an account; nil where nothing is known.
	Account *AccountFacts
	// FirstSeen is when this machine saw the key first; zero if it is not known.
	FirstSeen time.Time
}

// AllUnknown is o with nothing known of what is asked for a key by itself, and why.
func (o Online) AllUnknown(why string) Online {
	o.Identity.Fail(why)
	o.Created.Fail(why)
	o.Status.Fail(why)
	o.LastUsed.Fail(why)
	o.Others.Fail(why)
	return o
}

// AllLost is the same where the reason says nothing about the key.
func (o Online) AllLost(why string) Online {
	o.Identity.Lose(why)
	o.Created.Lose(why)
	o.Status.Lose(why)
	o.LastUsed.Lose(why)
	o.Others.Lose(why)
	return o
}

// Owner kinds of an identity.
const (
	OwnerRoot = "root"
	OwnerUser = "user"
	OwnerRole = "role session"
)

// Owner says what kind of principal the identity is, by its ARN: any partition,
// users with a path too. Whatever is neither root nor user counts as a role
// session, which is never rotated.
func (i Identity) Owner() string {
	_, resource, _ := strings.Cut(i.ARN, "::")
	_, resource, _ = strings.Cut(resource, ":")
	switch {
	case resource == "root", i.UserID != "" && i.UserID == i.Account:
		return OwnerRoot
	case strings.HasPrefix(resource, "user/"):
		return OwnerUser
	}
	return OwnerRole
}

// Partition is the part of AWS that the identity belongs to: aws, aws-cn,
// aws-us-gov, ...; empty where the ARN does not say.
func (i Identity) Partition() string {
	parts := strings.SplitN(i.ARN, ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

// UserName is the name of an IAM user, without the path; empty for others.
func (i Identity) UserName() string {
	if i.Owner() != OwnerUser {
		return ""
	}
	return i.ARN[strings.LastIndexByte(i.ARN, '/')+1:]
}

// Use is the last use of something as IAM recorded it.
type Use struct {
	At      time.Time `json:"at,omitzero"` // zero: never, as far as IAM recorded
	Service string    `json:"service,omitempty"`
	Region  string    `json:"region,omitempty"`
}

// OtherKey is another key of the same user.
type OtherKey struct {
	ID       string
	Active   bool
	Created  time.Time
	LastUsed Answer[Use]
}

// StageOwed is that of a rotation which is closed, while nobody was told yet what its
// old key, which leaked, did.
const StageOwed = "report owed"

// Closed reports whether nothing is left to do about the two keys of a rotation.
func (r Rotation) Closed() bool { return r.Stage == "watch" || r.Stage == StageOwed }

// Rotation is a rotation in flight, or what is left of one, as the state folder
// has it. It holds no secret.
type Rotation struct {
	ID, Profile, Old, New string
	// Stage is "unfinished", "undo", "retire", "grace", "watch", "damaged" or StageOwed.
	Stage string
	Since time.Time
	Until time.Time // the end of the grace, by this machine's clock
	// Root says that Old is the key of the root user of Account.
	Root    bool
	Account string
	// Recovery and Journal say which of the two files there are.
	Recovery, Journal bool
	Path              string // of the journal, or else of the recovery file
}

// Replacement is a key that keycare has put another one in the place of, as its
// history says: Old was deleted or made inactive then.
type Replacement struct {
	Old, New, Profile string
	At                time.Time
}

// StateFault says why keycare's state folder is neither read nor written: others
// own it or can write it.
type StateFault struct {
	Path, Why string
	Command   string // mends it; empty where a person has to look first
}
