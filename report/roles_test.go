package report

import (
	"fmt"
	"strings"
	"testing"

	"keycare/credfile/facts"
)

// The roles of a key are told once, the first few by name; what is not taken with
// the key alone is not told.
func TestRolesWithoutMFA(t *testing.T) {
	role := func(name, more string) string {
		return "[profile " + name + "]\nrole_arn = arn:aws:iam::123456789012:role/" + name + "\n" + more + "\n"
	}
	var many strings.Builder
	for i := range 6 {
		fmt.Fprintf(&many, "%s", role(fmt.Sprintf("r%d", i), "source_profile = a"))
	}
	base := section("a", keyA, secretA)
	for _, c := range []struct {
		name, credentials, config string
		change                    func(*Input)
		what                      string
	}{
		{"many", base, many.String(), nil, `for 6 roles: r0 (account 123456789012), r1 (account 123456789012), r2 (account 123456789012) and 3 more`},
		{"own key", section("x", keyA, secretA), role("x", "source_profile = x"), nil, "for role x (account 123456789012)"},
		{"the same role twice", base, role("x", "source_profile = a") + strings.Replace(role("x", "source_profile = a"), "profile x", "profile y", 1), nil, "for role x (account 123456789012)"},
		{"role alone asked for", base, role("x", "source_profile = a"), func(in *Input) { in.Profiles = []string{"x"} }, "for role x"},
		{"key alone asked for", base, role("x", "source_profile = a"), func(in *Input) { in.Profiles = []string{"a"} }, "for role x"},
		{"neither asked for", base + section("b", keyB, secretB), role("x", "source_profile = a"), func(in *Input) { in.Profiles = []string{"b"} }, ""},
		{"session key", section("a", keySession, secretA, "aws_session_token = "+tokenA), role("x", "source_profile = a"), nil, ""},
		{"with a token", section("a", keyA, secretA, "aws_session_token = "+tokenA), role("x", "source_profile = a"), nil, ""},
		{"MFA at the first hop", base, role("x", "source_profile = a\nmfa_serial = arn:aws:iam::619888638459:mfa/d") + role("y", "source_profile = x"), nil, ""},
		{"no such profile", base, role("x", "source_profile = b"), nil, ""},
		{"no key", base, "[profile b]\nsso_session = c\n" + role("x", "source_profile = b"), nil, ""},
		{"machine", base, role("x", "credential_source = Ec2InstanceMetadata"), nil, ""},
		{"token file", base, role("x", "source_profile = a\nweb_identity_token_file = /t"), nil, ""},
		{"no role", base, strings.Replace(role("x", "source_profile = a"), ":role/", ":user/", 1), nil, ""},
		{"secret behind it", base, strings.Replace(role("x", "source_profile = a"), "role/x", "role/xje7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", 1), nil, ""},
		{"inactive", base, role("x", "source_profile = a"), online(changed(func(o *facts.Online) { o.Status.Value = "Inactive" })), ""},
		{"canary", section("a", keyCanary, secretA), role("x", "source_profile = a"), nil, ""},
	} {
		in := input(c.credentials, c.config)
		if c.change != nil {
			c.change(&in)
		}
		fs := of(Audit(in), "role-without-mfa")
		if (c.what == "") != (len(fs) == 0) || len(fs) > 1 || len(fs) == 1 && !strings.HasSuffix(strings.TrimSuffix(fs[0].What, " (account 123456789012)"), strings.TrimSuffix(c.what, " (account 123456789012)")) {
			t.Errorf("%s: got %+v", c.name, fs)
		}
	}
}

// A key is told of where another profile signs in to its account for a short time.
func TestKeysWhereSSO(t *testing.T) {
	const sso = "sso_session = corp\nsso_account_id = 619888638459\nsso_role_name = reader\n"
	base := section("a", keyA, secretA)
	for _, c := range []struct {
		name, credentials, config string
		change                    func(*Input)
		want                      bool
	}{
		{"session", base, "[profile p]\n" + sso, nil, true},
		{"old form", base, "[profile p]\n" + strings.Replace(sso, "sso_session = corp", "sso_start_url = https://x.awsapps.com/start", 1), nil, true},
		{"account by the answer", section("a", keyOld, secretA), "[profile p]\n" + sso, func(in *Input) {
			in.Offline, in.Online = false, map[string]facts.Online{keyOld: fresh()}
		}, true},
		{"account not known", section("a", keyOld, secretA), "[profile p]\n" + sso, nil, false},
		{"the same profile", base, "[profile a]\n" + sso, nil, false}, // two-ways-to-sign
		{"no role", base, "[profile p]\n" + strings.Replace(sso, "sso_role_name = reader\n", "", 1), nil, false},
		{"comment", base, "[profile p]\nsso_session = corp\nsso_role_name = r\n# sso_account_id = 619888638459\n", nil, false},
		{"rejected", base, "[profile p]\n" + sso, online(facts.Online{Rejected: true}), false},
		{"root", base, "[profile p]\n" + sso, online(changed(func(o *facts.Online) {
			o.Identity.Value.ARN = "arn:aws:iam::619888638459:root"
		})), false},
		{"not asked for", base, "[profile p]\n" + sso, func(in *Input) { in.Profiles = []string{"p"} }, false},
	} {
		in := input(c.credentials, c.config)
		if c.change != nil {
			c.change(&in)
		}
		r := Audit(in)
		if fs := of(r, "static-key-where-sso"); (len(fs) == 1) != c.want {
			t.Errorf("%s: got %+v", c.name, fs)
		}
		if fs := of(r, "two-ways-to-sign"); (len(fs) == 1) != (c.name == "the same profile") {
			t.Errorf("%s: got %+v", c.name, fs)
		}
	}
}
