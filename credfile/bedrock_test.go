package credfile

import (
	"encoding/base64"
	"strings"
	"testing"

	"keycare/credfile/show"
)

func TestBedrockKeyIn(t *testing.T) {
	key := func(plain string) string { return "ABSK" + base64.StdEncoding.EncodeToString([]byte(plain)) }
	secret := strings.Repeat("not/a+key", 5)
	real := key("BedrockAPIKey-1a2b-at-123456789012:" + secret)
	for _, c := range []struct {
		text, account string
		ok            bool
	}{
		{real, "123456789012", true},
		{"export X=\"" + real + "\"", "123456789012", true},
		{"Bearer " + real, "123456789012", true},
		{key("BedrockAPIKey-1a2b3c4d-at-123456789012:" + secret), "123456789012", true},
		{key("BedrockAPIKey-1a2b-at-12345678901:" + secret), "", true},
		{key("SomethingElse-1a2b-at-123456789012:" + secret), "", true},
		{"ABSK" + strings.Repeat("a", 100), "", true},
		{"ABSK" + strings.Repeat("productionadministrator", 5), "", true}, // reads as words
		{"ABSK" + strings.Repeat("a", 99), "", false},
		{"xABSK" + strings.Repeat("a", 100), "", false},
		{real[4:], "", false}, {"", "", false}, {"ABSK", "", false},
	} {
		account, ok := BedrockKeyIn(c.text)
		if account != c.account || ok != c.ok {
			t.Errorf("%.30s: got %q, %v", c.text, account, ok)
		}
		if ok && (!show.SecretLike(c.text) || strings.Contains(show.Plain(c.text)+show.Name(c.text), "ABSK")) {
			t.Errorf("%.30s is shown", c.text)
		}
	}
}
