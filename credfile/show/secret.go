package show

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"keycare/credfile/pattern"
)

// Redacted stands for a secret, or what may be one, in every output.
const Redacted = "[redacted]"

const keyIDLength = 20

// keyIDPrefixes begin the IDs of keys: an IAM user's or root's, one of STS, a
// bearer token, a context credential. Source: IAM User Guide, "IAM
// identifiers", unique ID prefixes.
var keyIDPrefixes = []string{"AKIA", "ASIA", "ABIA", "ACCA"}

// IsKeyID reports whether s is exactly an AWS access key ID: one of four
// prefixes, then 16 of A-Z and 0-9. Nothing else may be shown, logged, kept or
// sent as a key ID, whatever stands in a key ID's place: it may be a secret, or
// hold one.
func IsKeyID(s string) bool {
	if len(s) != keyIDLength {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	for _, p := range keyIDPrefixes {
		if s[:len(p)] == p {
			return true
		}
	}
	return false
}

// KeyID is id if it is exactly that, or else what can be said of the text
// without showing it.
func KeyID(id string) string {
	switch {
	case IsKeyID(id):
		return id
	case id == "":
		return "none"
	}
	return fmt.Sprintf("%s (%s, not a key ID)", Redacted, Count(len([]rune(id)), "character"))
}

var (
	keyIDText  = pattern.Of(`(?:A[KS]IA|ABIA|ACCA)[A-Z0-9]{16}`)
	secretText = pattern.Of(`[A-Za-z0-9/+]{40,}`)
)

// bedrockText is the form of a long-term API key for Amazon Bedrock. Source: gitleaks'
// pattern for it, which has a few more characters.
var bedrockText = pattern.Of(`(?:^|[^A-Za-z0-9/+])(ABSK[A-Za-z0-9/+]{100,})`)

// BedrockKeyIn is the first long-term API key for Amazon Bedrock in a text, without
// what pads it; empty if there is none. It is a secret.
func BedrockKeyIn(text string) string {
	if !strings.Contains(text, "ABSK") {
		return ""
	}
	m := bedrockText().FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// KeyIDsIn are the key IDs that stand by themselves in a text, in its order; not
// those in the middle of what may be a secret.
func KeyIDsIn(text string) (ids []string) {
	for from := 0; ; {
		at := keyIDText().FindStringIndex(text[from:])
		if at == nil {
			return ids
		}
		first, next := from+at[0], from+at[1]
		if (first == 0 || !wordByte(text[first-1])) && (next == len(text) || !wordByte(text[next])) {
			ids = append(ids, text[first:next])
		}
		from = first + 1
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+'
}

// SecretLike reports whether a value that is no secret by its place may be one
// all the same: 40 characters in a row that a secret access key is made of and
// that do not read as words (an API key for Bedrock has more of them), or a key ID with more beside it (a row of the
// console's CSV file, a pasted pair). Such a value is never shown, never kept and
// never sent anywhere, in a host name neither. In an ARN or an address, whose
// paths may be long, all three kinds of letters have to be there, too.
func SecretLike(s string) bool {
	if len(s) <= keyIDLength {
		return false
	}
	if keyIDText().MatchString(s) {
		return true
	}
	if len(s) < secretLength {
		return false
	}
	paths := strings.HasPrefix(s, "arn:") || strings.Contains(s, "://")
	for _, run := range secretText().FindAllString(s, -1) {
		if !wordy(run) && (!paths || mixed(run)) {
			return true
		}
	}
	return false
}

// secretsIn are the parts of a value that may be secrets.
func secretsIn(value string) (found []string) {
	for _, run := range secretText().FindAllString(value, -1) {
		if !wordy(run) {
			found = append(found, run)
		}
	}
	return found
}

const secretLength = 40

// mixed reports whether all three kinds of letters are in s.
func mixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower) && strings.ContainsFunc(s, unicode.IsDigit)
}

// wordy reports whether a run of letters reads as a name or as a hash in all of
// its stretches that are as long as a secret. In words a small letter follows a
// small one as a rule, in a secret seldom: of ten million random secrets one in nine
// thousand was taken for a name.
func wordy(run string) bool {
	if strings.Contains(run, "+") || BedrockKeyIn(run) != "" {
		return false
	}
	if strings.Trim(run, "0123456789abcdef") == "" {
		return true // the ID of a commit
	}
	if !strings.ContainsFunc(run, unicode.IsLower) {
		run = strings.ToLower(run)
	}
	const enough = 12
	for from := 0; from+secretLength <= len(run); from++ {
		sum := 0.0
		for i := from + 1; i < from+secretLength; i++ {
			sum += wordSteps[charKind(run[i-1])][charKind(run[i])]
			if i >= from+3 && run[i-3:i] == strings.Repeat(run[i:i+1], 3) { // a stand-in, and no word
				return false
			}
		}
		if sum < enough {
			return false
		}
	}
	return true
}

// wordSteps is how much a step from one kind of character to the next speaks for
// words, about the logarithm of how much likelier it is in them: small letter,
// capital, digit, slash.
var wordSteps = [4][4]float64{
	{1.5, -0.7, -1.2, -0.3},
	{-0.5, -1.7, -1.2, -0.5},
	{-1.2, -1.2, 0.7, -0.3},
	{-0.2, -0.2, -0.5, -3},
}

func charKind(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return 0
	case c >= 'A' && c <= 'Z':
		return 1
	case c >= '0' && c <= '9':
		return 2
	}
	return 3
}

// Field is s for a field of a document or a file, as it is, unless it may be a
// secret.
func Field(s string) string {
	if SecretLike(s) {
		return Redacted
	}
	return s
}

// Name is a profile's name, a region or another value of the files for the
// middle of a sentence: in quotes, or without its text if it may be a secret.
func Name(s string) string {
	if SecretLike(s) {
		return fmt.Sprintf("%s (%s)", Redacted, Count(len([]rune(s)), "character"))
	}
	return strconv.Quote(s)
}

// Plain is Name without the quotes, for tables and fields.
func Plain(s string) string {
	return Text(Field(s))
}

// Names is a list of profile names for a sentence, the first few by name. What
// has no name stands in a section that is no profile's.
func Names(names []string) string {
	const most = 4
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Name(name)
	}
	switch n := len(names); {
	case n == 0:
		return "a section that no tool reads as a profile"
	case n == 1:
		return "profile " + quoted[0]
	case n > most:
		return fmt.Sprintf("profiles %s and %d more", strings.Join(quoted[:most-1], ", "), n-most+1)
	default:
		return "profiles " + strings.Join(quoted[:n-1], ", ") + " and " + quoted[n-1]
	}
}
