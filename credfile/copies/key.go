package copies

import "keycare/credfile"

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
)

// Hit is one place of a key in a stream.
type Hit struct {
	Off  int64 // of its first byte
	Len  int
	Key  int    // index into the keys of the matcher; -1 for a key that is not among them
	ID   string // of that other key
	Part Part
	Form Form
	// Near says that what may be a secret access key stands close by. It is looked
	// for beside the IDs of which the matcher has no secret, until one was seen.
	Near bool
	Line int // counted from 1
}
