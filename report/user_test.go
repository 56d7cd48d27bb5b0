package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
	"time"
)

// A password that was never used counts from when it was set; exactly the limit
// passes; what is not known is no finding.
func TestUnusedPassword(t *testing.T) {
	for _, c := range []struct {
		set, used, limit int
		unknown          string
		want             int
	}{
		{set: 46, used: -1, want: 1}, {set: 45, used: -1}, {set: 10, used: 46, want: 1}, {set: 400, used: 45},
		{set: 46, used: -1, limit: 46}, {set: 47, used: -1, limit: 46, want: 1}, {set: 400, used: -1, unknown: "needs iam:GetUser"},
	} {
		in := input(section("a", keyA, secretA), "", person(password(c.set, c.used)))
		if c.unknown != "" {
			in.Online[keyA].User.Password.Value.Used.Fail(c.unknown)
		}
		in.Policy.MaxUnused = time.Duration(c.limit) * day
		r := Audit(in)
		if fs := of(r, "console-unused"); len(fs) != c.want {
			t.Errorf("%+v: got %+v", c, fs)
		}
		if fs := of(r, "unknown-facts"); c.unknown != "" && (len(fs) != 1 || !strings.Contains(fs[0].What, "unknown last sign-in: AWS denies iam:GetUser")) {
			t.Errorf("%+v: got %+v", c, fs)
		}
	}
}

// An inline policy of the user's own that allows all makes an administrator, and
// so does one of a group; each is told by itself.
func TestInlineAdmin(t *testing.T) {
	r := Audit(input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
		u.MFA.Value = nil
		u.Attached.Value = []string{adminPolicy, "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}
		u.Inline.Value = append(inline("all", facts.GrantsAll), inline("most", facts.GrantsPerhapsAll)...)
		u.Groups.Value = []facts.Group{{Name: "g", Inline: facts.Answered(append(inline("all", facts.GrantsAll), inline("most", facts.GrantsPerhapsAll)...))}}
	})))
	prints := map[string]bool{}
	for _, f := range r.Findings {
		if prints[f.Fingerprint] {
			t.Errorf("two findings have the fingerprint of %+v", f)
		}
		prints[f.Fingerprint] = true
	}
	for rule, want := range map[string]int{"admin-attached": 2, "admin-key": 1, "admin-no-mfa": 1, "admin-perhaps": 2, "key-quarantined": 2, "user-no-mfa": 0} {
		if fs := of(r, rule); len(fs) != want {
			t.Errorf("%s: %d findings, want %d: %+v", rule, len(fs), want, fs)
		}
	}
	if fs := of(r, "admin-attached"); len(fs) == 2 && !strings.Contains(fs[0].Repair.String()+fs[1].Repair.String(), "aws iam delete-user-policy --user-name dev --policy-name all --profile a") {
		t.Errorf("got %q and %q", fs[0].Repair.String(), fs[1].Repair.String())
	}
	if fs := of(r, "policy-on-user"); len(fs) != 1 || !strings.Contains(fs[0].What, "directly: most (inline)") {
		t.Errorf("got %+v", fs)
	}
}

// What is from the credential report is said to be, and without an ID the command
// lists them.
func TestFromReport(t *testing.T) {
	r := Audit(input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
		u.MFA.Value, u.Certificates.Value, u.FromReport = nil, []string{"", ""}, true
	})))
	for rule, want := range map[string]int{"user-no-mfa": 1, "signing-certificate": 2} {
		fs := of(r, rule)
		if len(fs) != want || !strings.HasSuffix(fs[0].What, ", according to the credential report") {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
	if fs := of(r, "signing-certificate"); len(fs) == 2 && !strings.Contains(fs[0].Repair.String(), "aws iam list-signing-certificates --user-name dev --profile a") {
		t.Errorf("got %q", fs[0].Repair.String())
	}
}

// What belongs to a user or an account is told once, however many keys it has.
func TestToldOnce(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyB, secretB), "", online(changed(func(o *facts.Online) {
		o.User.MFA.Value, o.Account.Root.Value.MFA = nil, 0
	})))
	second := in.Online[keyA]
	second.KeyID = keyB
	in.Online[keyB] = second
	r := Audit(in)
	if len(of(r, "user-no-mfa")) != 1 || len(of(r, "root-no-mfa")) != 1 {
		t.Errorf("got %s", jsonText(t, r))
	}
}
