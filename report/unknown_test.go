package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
)

// What is not asked on purpose does not ask for another audit.
func TestNotAsked(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyA, secretA), "", func(in *Input) { in.Offline = false })
	in.NeverCall = func(profile, id string) bool { return profile == "b" && id == keyA }
	fs := of(Audit(in), "unknown-facts")
	if len(fs) != 1 || fs[0].Severity != Info || !strings.HasSuffix(fs[0].What, "your settings say never to ask AWS about it") || !strings.HasSuffix(fs[0].Repair.String(), "keycare settings") {
		t.Errorf("got %+v", fs)
	}
	in.NeverCall = nil
	if fs := of(Audit(in), "unknown-facts"); len(fs) != 1 || fs[0].Severity != Low || fs[0].Repair.String() == "keycare audit" {
		t.Errorf("got %+v", fs)
	}
	r := Audit(input("[a]\naws_access_key_id = "+keyA+"\n", "", func(in *Input) { in.Offline = false }))
	if len(of(r, "unknown-facts")) != 0 || len(of(r, "id-without-secret")) != 1 || r.Unknown != 0 {
		t.Errorf("got %s", jsonText(t, r))
	}
}

// What stays unknown has the repair that fits its reason.
func TestUnknownRepairs(t *testing.T) {
	for why, want := range map[string]string{
		"needs iam:ListAccessKeys":                                     "ask an administrator to allow them; the policy: keycare policy",
		"no answer from AWS (the connection is refused)":               "keycare audit",
		"too many keys for one audit: ask for this one with --profile": "keycare audit --profile a",
	} {
		fs := of(Audit(input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) { o.Created.Fail(why) })))), "unknown-facts")
		if len(fs) != 1 || fs[0].Repair.String() != want {
			t.Errorf("%s: got %+v", why, fs)
		}
	}
	root := func(why string) func(*Input) {
		return acct(func(f *facts.AccountFacts) { f.RootUse.Fail(why) })
	}
	for why, want := range map[string]Severity{facts.NoReport: Low, "needs iam:GetCredentialReport": Info, "no answer from AWS": Low} {
		if fs := of(Audit(input(section("a", keyA, secretA), "", root(why))), "unknown-account"); len(fs) != 1 || fs[0].Severity != want {
			t.Errorf("%s: got %+v", why, fs)
		}
	}
	both := acct(func(f *facts.AccountFacts) {
		f.RootUse.Fail("needs iam:GetCredentialReport")
		f.Password.Fail("needs iam:GetAccountPasswordPolicy")
	})
	if fs := of(Audit(input(section("a", keyA, secretA), "", both)), "unknown-account"); len(fs) != 1 || fs[0].Severity != Low ||
		!strings.HasSuffix(fs[0].What, "AWS denies iam:GetAccountPasswordPolicy, iam:GetCredentialReport") {
		t.Errorf("got %+v", fs)
	}
}

// An account without a credential report says how one is made.
func TestNoReport(t *testing.T) {
	fs := of(Audit(input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootUse.Fail(facts.NoReport) }))), "unknown-account")
	if len(fs) != 1 || !strings.Contains(fs[0].What, "when root was last used is unknown: there is no credential report") ||
		!strings.HasSuffix(fs[0].Repair.String(), "aws iam generate-credential-report --profile a") {
		t.Errorf("got %+v", fs)
	}
	// The kind of a device that there is not is not unknown.
	fs = of(Audit(input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
		f.Root.Value.MFA = 0
		f.RootVirtual.Fail("needs x")
	}))), "unknown-account")
	if len(fs) != 0 {
		t.Errorf("got %+v", fs)
	}
}

// Every detail that is not known is named, with the permission it needs.
func TestUnknownDetails(t *testing.T) {
	r := Audit(input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
		o.LastUsed.Fail("needs iam:GetAccessKeyLastUsed")
		o.User.MFA.Fail("needs iam:ListMFADevices")
		o.User.Groups.Value = []facts.Group{{Name: "g", Attached: facts.Unanswered[[]string]("needs iam:ListAttachedGroupPolicies"),
			Inline: facts.Answered([]facts.InlinePolicy{{Name: "p", Grants: facts.Unanswered[facts.Grants]("needs iam:GetGroupPolicy")}})}}
	}))))
	fs := of(r, "unknown-facts")
	if len(fs) != 1 || !strings.Contains(fs[0].What, "unknown last use, MFA devices, policies of group g, inline policy p of group g: AWS denies iam:GetAccessKeyLastUsed, iam:ListMFADevices, iam:ListAttachedGroupPolicies, iam:GetGroupPolicy") {
		t.Errorf("got %+v", fs)
	}
	if r.Unknown != 0 {
		t.Error("owner and age are known")
	}
}

func TestOfflineAuditUsesCachedFacts(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyB, secretB), "", online(aged(200)))
	in.Offline = true
	r := Audit(in)
	if len(of(r, "old-key")) != 1 || r.Unknown != 1 || len(of(r, "unknown-facts")) != 0 {
		t.Errorf("got %s", jsonText(t, r))
	}
	in.Offline = false
	if r := Audit(in); len(of(r, "unknown-facts")) != 1 || r.Unknown != 1 {
		t.Errorf("a key that was not asked about is not told: %s", jsonText(t, r))
	}
}
