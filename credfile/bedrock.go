package credfile

import (
	"encoding/base64"

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
