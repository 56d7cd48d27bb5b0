package credfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"keycare/credfile/show"
)

// Kind says what sort of identifier a key ID is, by its four-letter prefix. Only
// what is exactly a key ID (show.IsKeyID) is of a key's kind: a text that begins
// like one and goes on may hold a secret.
// Source: IAM User Guide, "IAM identifiers", unique ID prefixes.
type Kind string

const (
	LongTerm  Kind = "long-term access key" // AKIA: an IAM user's or the root user's; the ID does not say which
	Temporary Kind = "temporary access key" // ASIA: from STS, of no use without its session token
	Bearer    Kind = "STS bearer token"     // ABIA
	Context   Kind = "context credential"   // ACCA
	NotAKey   Kind = "not an access key"    // an ID of a user, role, policy, ...
	Unknown   Kind = "unknown"
)

var prefixes = map[string]Kind{
	"AKIA": LongTerm, "ASIA": Temporary, "ABIA": Bearer, "ACCA": Context,
	"AGPA": NotAKey, "AIDA": NotAKey, "AIPA": NotAKey, "ANPA": NotAKey, "ANVA": NotAKey,
	"APKA": NotAKey, "AROA": NotAKey, "ASCA": NotAKey,
}

// KeyFacts is what a key ID says by itself, without asking AWS.
type KeyFacts struct {
	ID      string
	Kind    Kind
	Account string // 12 digits; empty if the ID does not tell
	OldGen  bool   // of the generation that ended about 2019, which carries no account
	Example bool   // from AWS's documentation, opens nothing
	Canary  bool   // a planted key: any use of it raises an alarm
}

// FactsOf returns what id says by itself.
func FactsOf(id string) KeyFacts {
	f := KeyFacts{ID: id, Kind: Unknown}
	if len(id) >= 4 {
		if k, ok := prefixes[id[:4]]; ok && (k == NotAKey || show.IsKeyID(id)) {
			f.Kind = k
		}
	}
	if f.Kind == Unknown && !show.IsKeyID(id) {
		return f
	}
	f.Example = strings.HasSuffix(id, "EXAMPLE")
	account, err := AccountOf(id)
	f.Account = account
	f.OldGen = errors.Is(err, ErrOldGeneration)
	f.Canary = account != "" && slices.Contains(canaryAccounts, account)
	return f
}

// MayAsk reports whether AWS may be asked with the key: a long-term key, neither
// planted nor from AWS's documentation.
func (f KeyFacts) MayAsk() bool { return f.Kind == LongTerm && !f.Canary && !f.Example }

// ErrOldGeneration is returned for key IDs made before AWS put the account
// into them.
var ErrOldGeneration = errors.New("key ID of the old generation, which does not carry its account")

const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// AccountOf decodes the 12-digit account from an access key ID or unique ID.
// The first bit after the prefix marks the new generation, the next 40 are the
// account; the rest is opaque and there is no checksum. Source: A. Steele and
// T. Be'ery, "A short note on AWS key ID" (2020, 2023); WithSecure on the
// generation bit.
func AccountOf(id string) (string, error) {
	const first, last = 4, 13 // nine digits hold the 41 bits
	if len(id) < 16 {
		return "", fmt.Errorf("key ID %s is too short", show.KeyID(id))
	}
	var v uint64
	for i := first; i < last; i++ {
		d := strings.IndexByte(base32Digits, id[i])
		if d < 0 {
			return "", fmt.Errorf("key ID %s: %q is not a base32 digit", show.KeyID(id), id[i])
		}
		v = v<<5 | uint64(d)
	}
	if v>>44 == 0 {
		return "", fmt.Errorf("key ID %s: %w", show.KeyID(id), ErrOldGeneration)
	}
	account := v >> 4 & (1<<40 - 1)
	if account == 0 || account > 999_999_999_999 {
		return "", fmt.Errorf("key ID %s decodes to %d, which is not an account ID", show.KeyID(id), account)
	}
	return fmt.Sprintf("%012d", account), nil
}

// canaryAccounts hold canary tokens: the key of such an account is bait, and
// any call with it raises an alarm. Source: trufflehog's published list.
var canaryAccounts = []string{
	// Thinkst
	"052310077262", "171436882533", "534261010715", "595918472158", "717712589309",
	"819147034852", "992382622183", "730335385048", "266735846894", "893192397702",
	// others of the same make
	"044858866125", "251535659677", "344043088457", "351906852752", "390477818340",
	"426127672474", "427150556519", "439872796651", "445142720921", "465867158099",
	"637958123769", "693412236332", "732624840810", "735421457923", "959235150393",
	"982842642351",
}
