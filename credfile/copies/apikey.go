package copies

import (
	"strings"

	"keycare/credfile"
)

// This file is about API keys for Amazon Bedrock. Such a key has no ID: it is one text,
// a name and a secret in base64.

// APIKey is one that was found.
type APIKey struct {
	Name    string // of its user, in which the account stands
	Account string
	Text    credfile.Secret
}

const (
	// apiKeyBegin begins each key that the console makes: base64 of "BedrockAPIKey-".
	// It is as long as a core has to be, so that looking for it costs nothing.
	apiKeyBegin = "ABSKQmVkcm9ja0FQSUtleS"
	mostAPIKey  = 600 // bytes, escapes included
)

// apiKeyCore leads to the keys; a needle of no key.
func apiKeyCore() core {
	n := &needle{key: -1, part: Secret, text: apiKeyBegin, unit: 1}
	return n.core(0, len(apiKeyBegin), apiKeyBegin)
}

// apiKey is the key that begins at b[first], if that is a real one.
func apiKey(b []byte, first int) (Hit, bool) {
	if first > 0 && secretByte(b[first-1]) && !endsEscape(b[:first]) {
		return Hit{}, false
	}
	text := string(b[first:min(first+mostAPIKey, len(b))])
	for _, form := range []Form{Plain, Escaped} {
		if form == Escaped {
			text = unescaper.Replace(text)
		}
		size := 0
		for size < len(text) && secretByte(text[size]) {
			size++
		}
		name, account, secret, ok := credfile.BedrockKey(text[:size])
		if ok && !strings.Contains(secret, "EXAMPLE") && entropy(secret) >= 4 {
			return Hit{Off: int64(first), Len: size, Key: -1, Part: Secret, Form: form, API: &APIKey{name, account, credfile.NewSecret(text[:size])}}, true
		}
	}
	return Hit{}, false
}
