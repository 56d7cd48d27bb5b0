package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/facts"
)

// A Bedrock key is told of where no tool reads it, once a place; what stands in the
// wrong setting is that rule's, in words of its own.
func TestBedrockKeysInFiles(t *testing.T) {
	for _, c := range []struct{ credentials, config, rule, what string }{
		{section("a", keyA, secretA, "# "+bedrockA, "# old "+bedrockA), "", "bedrock-key-in-file", `a comment of profile "a" (the key is for account 123456789012)`},
		{section("a", keyA, secretA, "export AWS_BEARER_TOKEN_BEDROCK="+bedrockA), "", "bedrock-key-in-file", `a setting of profile "a"`},
		{section("a", keyA, secretA, `x_token = "`+bedrockA+`"`), "", "bedrock-key-in-file", `setting x_token of profile "a"`},
		{section("a", keyA, secretA, bedrockA), "", "bedrock-key-in-file", `of profile "a"`},
		{section("a", keyA, bedrockA), "", "bedrock-key-in-file", `setting aws_secret_access_key of profile "a"`},
		{section("a", bedrockA, secretA), "", "bedrock-key-in-file", `setting aws_access_key_id of profile "a"`},
		{"# " + bedrockA + "\n" + section("a", keyA, secretA), "", "bedrock-key-in-file", "a comment (the key is for account 123456789012)"},
		{section("a", keyA, secretA, "x_token = ABSK"+strings.Repeat("Zm9v", 30)), "", "bedrock-key-in-file", `setting x_token of profile "a" holds`},
		{section("a", keyA, secretA), "[profile a]\nregion = " + bedrockA + "\n", "misplaced-secret", "region holds an API key for Amazon Bedrock"},
		{section("a", keyA, secretA), "[profile " + bedrockA + "]\nregion = us-east-1\n", "misplaced-secret", "the name of the section holds an API key for Amazon Bedrock"},
	} {
		r := Audit(input(c.credentials, c.config))
		checkNoSecret(t, r)
		var both []Finding
		for _, rule := range []string{"bedrock-key-in-file", "misplaced-secret"} {
			both = append(both, of(r, rule)...)
		}
		if len(both) != 1 || both[0].Rule != c.rule || !strings.Contains(both[0].What, c.what) || both[0].Line == 0 {
			t.Errorf("want %s, %q; got %+v", c.rule, c.what, both)
		}
	}
	for _, silent := range []string{"# x" + bedrockA, "x_token = bedrock-api-key-" + strings.Repeat("YmVk", 40), "x_token = " + bedrockA[4:]} {
		if fs := of(Audit(input(section("a", keyA, secretA, silent), "")), "bedrock-key-in-file"); len(fs) > 0 {
			t.Errorf("%.20s: %+v", silent, fs)
		}
	}
}

// What Prowler's checks for Bedrock keys and for hardware MFA flag is flagged here,
// too, and what they pass is not; but that a key without any date is flagged as well.
func TestAsProwler(t *testing.T) {
	bedrock := func(ends time.Duration) func(*facts.UserFacts) { return serviceOf("bedrock.amazonaws.com", ends) }
	devices := func(serials ...string) func(*facts.UserFacts) {
		return func(u *facts.UserFacts) { u.MFA.Value = serials }
	}
	const arn = "arn:aws:iam::619888638459:"
	for _, c := range []struct {
		name  string
		facts func(*facts.UserFacts)
		rules string // of those below
		what  string
	}{
		{"expires", bedrock(5 * day), "bedrock-key", "which expires on 2026-11-07"},
		{"a hundred years", bedrock(36_500 * day), "bedrock-key", "20 days old; worse, it never expires"},
		{"no date", bedrock(0), "bedrock-key", "20 days old; worse, it never expires"},
		{"expired", bedrock(-time.Hour), "", ""},
		{"another service", service(5 * day), "service-credential", ""},
		{"virtual", devices(arn + "mfa/dev"), "user-virtual-mfa", "has an authenticator app for MFA (mfa/dev), not a security key"},
		{"text messages", devices(arn + "sms-mfa/dev"), "user-virtual-mfa", ""},
		{"virtual beside hardware", devices(arn+"u2f/user/dev/k", arn+"mfa/dev"), "user-virtual-mfa", "may use an authenticator app (mfa/dev) instead"},
		{"security key", devices(arn + "u2f/user/dev/mfa"), "", ""},
		{"token", devices("GAHT12345678"), "", ""},
		{"report", devices("(credential report)"), "", ""},
		{"none", devices(), "user-no-mfa", ""},
		{"not known", func(u *facts.UserFacts) { u.MFA.Fail("needs iam:ListMFADevices") }, "", ""},
	} {
		r := Audit(input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.MFA.Value = []string{arn + "u2f/user/dev/k"}
			c.facts(u)
		})))
		var got []string
		for _, f := range r.Findings {
			if slices.Contains([]string{"bedrock-key", "service-credential", "user-virtual-mfa", "user-no-mfa"}, f.Rule) {
				got = append(got, f.Rule)
				if !strings.Contains(f.What, c.what) {
					t.Errorf("%s: got %q", c.name, f.What)
				}
			}
		}
		if strings.Join(got, " ") != c.rules {
			t.Errorf("%s: got %q, want %q", c.name, got, c.rules)
		}
	}
}
