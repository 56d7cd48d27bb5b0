package credfile

import (
	"encoding/base64"
	"strings"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// BearerTokenBedrock is the variable that AWS's tools take an API key for Amazon
// Bedrock from. They know no setting of the shared files for it.
const BearerTokenBedrock = "AWS_BEARER_TOKEN_BEDROCK"

// bedrockName is what an API key for Bedrock says behind its first four letters, in
// base64: its name, in which its account stands, and the secret. Source: Amazon
// Bedrock User Guide, API keys; the names are as CreateServiceSpecificCredential
// gives them.
var bedrockName = pattern.Of(`^BedrockAPIKey-[A-Za-z0-9]+-at-([0-9]{12}):`)

// bedrockPlain is all that such a key says: name, account, secret. IAM puts more behind
// the account where a user has several.
var bedrockPlain = pattern.Of(`^([A-Za-z0-9+=,.@_-]{1,64}-at-([0-9]{12})(?:-[A-Za-z0-9]{1,32})?):([A-Za-z0-9+/=]{20,})$`)

// BedrockKey takes a long-term API key for Amazon Bedrock apart. ok is false if it is
// none that AWS could have made. The name is no secret.
func BedrockKey(key string) (name, account, secret string, ok bool) {
	text, found := strings.CutPrefix(key, "ABSK")
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	m := bedrockPlain().FindSubmatch(plain)
	if !found || err != nil || m == nil || show.SecretLike(string(m[1])) {
		return "", "", "", false
	}
	return string(m[1]), string(m[2]), string(m[3]), true
}

// BedrockKeyIn reports whether a text holds a long-term API key for Amazon Bedrock,
// and the account that the key names; empty if it names none.
func BedrockKeyIn(text string) (account string, ok bool) {
	key := show.BedrockKeyIn(text)
	if key == "" {
		return "", false
	}
	const head = 4 * 16 // characters that surely hold the name
	plain, _ := base64.StdEncoding.DecodeString(key[4 : 4+head])
	if m := bedrockName().FindSubmatch(plain); m != nil {
		account = string(m[1])
	}
	return account, true
}
