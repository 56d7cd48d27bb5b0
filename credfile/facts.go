package credfile

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

// Answer is a fact that AWS may have refused to tell.
type Answer[T any] struct {
	Value T
	// Unknown says why there is no value, e.g. "needs iam:ListAccessKeys" or
	// "no network"; empty where Value holds. Unknown is never fine.
	Unknown string
}

// Known reports whether AWS answered.
func (a Answer[T]) Known() bool { return a.Unknown == "" }

// Online is what AWS says about one access key. Times are AWS's.
type Online struct {
	KeyID string
	// Rejected says that AWS does not accept the key (deleted, inactive, or its
	// secret is wrong); nothing else is known then.
	Rejected bool
	Identity Answer[Identity]
	Created  Answer[time.Time]
	Status   Answer[string] // "Active" or "Inactive"
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
