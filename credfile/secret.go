package credfile

import (
	"fmt"
	"io"
	"log/slog"

	"keycare/credfile/show"
)

// redacted stands for a secret in every output.
const redacted = show.Redacted

// Secret is a secret access key or a session token. It redacts itself under
// every fmt verb and marshaller; Reveal is the only way out. The text is held
// behind a pointer because fmt cannot call methods on unexported fields and
// would otherwise print it when a struct that holds a Secret is printed.
type Secret struct{ text *string }

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the secret itself, for signing and for the files that keep it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.text == nil }

// Equal reports whether both hold the same text.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns a fixed text, or nothing for an empty secret.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes String for every verb, %x and %q among them.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText serves encoding/json (also as a map key), encoding/xml and others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON keeps the redacted text in a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue serves log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Pair is an access key: its ID, which may be shown, and its secret.
type Pair struct {
	ID     string
	Secret Secret
}

// Equal reports whether ID and secret are both the same.
func (p Pair) Equal(o Pair) bool { return p.ID == o.ID && p.Secret.Equal(o.Secret) }
