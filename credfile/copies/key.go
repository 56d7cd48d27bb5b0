package copies

import (
	"time"

	"keycare/credfile"
)

// State is what became of a key, as far as this machine knows.
type State string

// The states of a key.
const (
	Current  State = "current"      // a profile has it
	Grace    State = "grace period" // replaced, and still active
	Inactive State = "inactive"
	Deleted  State = "deleted"
	Gone     State = "replaced" // no profile has it any more; it may still work
)

// Live reports whether the key may still open something.
func (s State) Live() bool { return s != Deleted }

// Key is one of the user's own keys. Past keys have no secret.
type Key struct {
	ID       string
	Secret   credfile.Secret
	State    State
	Profiles []string
	Created  time.Time // at AWS; zero where that is not known
}

// Sought says that a key was looked for, and whether its secret was.
type Sought struct {
	ID     string `json:"id"`
	Secret bool   `json:"secret,omitempty"`
}

// SoughtOf is that of keys.
func SoughtOf(keys []Key) []Sought {
	all := make([]Sought, len(keys))
	for i, k := range keys {
		all[i] = Sought{k.ID, !k.Secret.Empty()}
	}
	return all
}

// MadeSince is when the oldest of the keys was made that were not looked for before,
// less a day for clocks that go wrong. It is zero if there is none, and not known if it
// is not known of each. A key cannot stand in what is older than the key.
func MadeSince(keys []Key, before []Sought) (since time.Time, known bool) {
	sought := make(map[string]bool, len(before))
	for _, b := range before {
		sought[b.ID] = b.Secret || sought[b.ID]
	}
	for _, k := range keys {
		if secret, ok := sought[k.ID]; ok && (secret || k.Secret.Empty()) {
			continue
		}
		if k.Created.IsZero() {
			return time.Time{}, false
		}
		if made := k.Created.Add(-24 * time.Hour); since.IsZero() || made.Before(since) {
			since = made
		}
	}
	return since, true
}

// Part says which half of a key stands in a place.
type Part uint8

// The halves of a key.
const (
	ID Part = 1 << iota
	Secret
)

func (p Part) String() string {
	switch p {
	case ID:
		return "ID"
	case Secret:
		return "secret"
	}
	return "ID and secret"
}

// Form is how a key is written.
type Form string

// The forms that are found. In all but hex, + and / may also be escaped as in
// JSON, a URL, XML or a shell.
const (
	Plain    Form = ""
	Escaped  Form = "escaped"
	Wide     Form = "UTF-16"
	Base64   Form = "base64"
	Hex      Form = "hex"
	CaseLost Form = "other case"
	Broken   Form = "over several lines"
	Bytes    Form = "list of bytes"
)

// Hit is one place of a key in a stream.
type Hit struct {
	Off  int64 // of its first byte
	Len  int
	Key  int    // index into the keys of the matcher; -1 for a key that is not among them
	ID   string // of that other key; empty for an API key
	API  *APIKey
	Part Part
	Form Form
	// Near says that what may be a secret access key stands close by. It is looked
	// for beside the IDs of which the matcher has no secret, until one was seen.
	Near bool
	Line int // counted from 1
}
