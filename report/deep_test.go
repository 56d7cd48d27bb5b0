package report

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"keycare/credfile/facts"
)

const ownPolicy = "arn:aws:iam::619888638459:policy/team/Everything"

// The text of a customer-managed policy makes an administrator as AWS's own policy
// does, and the boundary limits both.
func TestManagedPolicies(t *testing.T) {
	managed := func(g facts.Grants, change func(*facts.UserFacts)) Input {
		return input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Managed = map[string]facts.Answer[facts.Grants]{ownPolicy: facts.Answered(g)}
			u.Boundary, u.MFA.Value = facts.Answered(facts.Boundary{}), []string{"GAHT12345678"} // a piece of hardware
			change(u)
		}))
	}
	attached := func(u *facts.UserFacts) { u.Attached.Value = []string{ownPolicy} }
	grouped := func(u *facts.UserFacts) {
		u.Groups.Value = []facts.Group{{Name: "g", Attached: facts.Answered([]string{ownPolicy}), Inline: facts.Answered([]facts.InlinePolicy(nil))}}
	}
	bound := func(g facts.Grants, change func(*facts.UserFacts)) func(*facts.UserFacts) {
		return func(u *facts.UserFacts) {
			change(u)
			u.Boundary = facts.Answered(facts.Boundary{ARN: "arn:aws:iam::619888638459:policy/fence", Grants: facts.Answered(g)})
		}
	}
	byAWS := func(u *facts.UserFacts) {
		u.Attached.Value, u.MFA.Value = []string{adminPolicy}, nil
		u.Inline.Value = inline("all", facts.GrantsAll)
	}
	for _, c := range []struct {
		desc string
		in   Input
		want string // rules of policies, and what one of them says
		says string
	}{
		{"attached", managed(facts.GrantsAll, attached), "admin-attached", "may do everything through the policy Everything, attached directly"},
		{"in a group", managed(facts.GrantsAll, grouped), "admin-key", "through group g"},
		{"with conditions", managed(facts.GrantsPerhapsAll, attached), "admin-perhaps policy-on-user", "through the policy Everything: it allows all actions, with conditions or exceptions"},
		{"with conditions in a group", managed(facts.GrantsPerhapsAll, grouped), "admin-perhaps", "through policy Everything of group g"},
		{"some", managed(facts.GrantsSome, attached), "policy-on-user", "attached directly: Everything"},
		{"not known", managed(facts.GrantsAll, func(u *facts.UserFacts) {
			attached(u)
			u.Managed = map[string]facts.Answer[facts.Grants]{ownPolicy: facts.Unanswered[facts.Grants]("needs iam:GetPolicyVersion")}
		}), "policy-on-user unknown-facts", "unknown text of policy Everything: AWS denies iam:GetPolicyVersion"},
		{"inside a boundary", managed(facts.GrantsAll, bound(facts.GrantsSome, attached)), "policy-on-user", "Everything"},
		{"inside a boundary with exceptions", managed(facts.GrantsAll, bound(facts.GrantsPerhapsAll, attached)), "admin-perhaps policy-on-user", "inside the permissions boundary fence, with"},
		{"a boundary that is none", managed(facts.GrantsAll, bound(facts.GrantsAll, attached)), "admin-attached", "Everything"},
		{"AWS's own inside a boundary", managed(facts.GrantsSome, bound(facts.GrantsSome, byAWS)), "policy-on-user user-no-mfa", "AdministratorAccess, all (inline)"},
		{"a boundary that is not known", managed(facts.GrantsAll, func(u *facts.UserFacts) {
			attached(u)
			u.Boundary = facts.Answered(facts.Boundary{ARN: "arn:aws:iam::619888638459:policy/fence", Grants: facts.Unanswered[facts.Grants]("needs iam:GetPolicy")})
		}), "admin-attached unknown-facts", "unknown text of permissions boundary fence: AWS denies iam:GetPolicy"},
	} {
		r := Audit(c.in)
		got, said := map[string]bool{}, ""
		for _, f := range r.Findings {
			if f.Rule != "static-key" {
				got[f.Rule] = true
				said += f.What + "\n"
			}
		}
		if rules := strings.Join(slices.Sorted(maps.Keys(got)), " "); rules != c.want || !strings.Contains(said, c.says) {
			t.Errorf("%s: got %s: %s", c.desc, rules, said)
		}
	}
	// A text that is lost may have made an administrator.
	in := managed(facts.GrantsAll, func(u *facts.UserFacts) {
		attached(u)
		var lost facts.Answer[facts.Grants]
		lost.Lose(facts.Throttle)
		u.Managed[ownPolicy] = lost
	})
	if r := Audit(in); r.Complete || !r.Undecided(High) {
		t.Errorf("complete %v, %q", r.Complete, r.Incomplete)
	}
}

// An escalation that wants a role is less certain than one that does not.
func TestEscalations(t *testing.T) {
	for _, c := range []struct {
		actions [][]string
		want    Severity
	}{
		{[][]string{{"iam:PassRole", "ec2:RunInstances"}}, Medium},
		{[][]string{{"sts:AssumeRole"}, {"iam:PassRole", "lambda:CreateFunction"}}, Medium},
		{[][]string{{"iam:PassRole", "ec2:RunInstances"}, {"iam:AttachUserPolicy"}}, High},
	} {
		r := Audit(input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			var p facts.Powers
			for _, a := range c.actions {
				p.Escalations = append(p.Escalations, facts.Escalation{Name: strings.Join(a, "+"), Actions: a})
			}
			u.Powers = facts.Answered(p)
		})))
		if fs := of(r, "key-can-escalate"); len(fs) != 1 || fs[0].Severity != c.want {
			t.Errorf("%v: got %+v", c.actions, fs)
		}
		if fs := of(r, "user-no-mfa"); len(fs) > 0 {
			t.Errorf("%v: got %+v", c.actions, fs)
		}
	}
}

// An exception for what only a deep audit looks for is not unused in another one, and
// two audits of which one was deep are not compared.
func TestDeepAndNot(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(fresh()), exception(Exception{Name: "servers", Rule: "key-used-elsewhere", Key: keyA, Reason: "ours", Until: now.Add(day), Where: "k.ini:3"}))
	plain := Audit(in)
	if fs := of(plain, "exception-unused"); len(fs) > 0 {
		t.Errorf("got %+v", fs)
	}
	in.Deep = true
	deep := Audit(in)
	if fs := of(deep, "exception-unused"); len(fs) != 1 {
		t.Errorf("got %+v", fs)
	}
	if deep.Follow(plain, nil); deep.Changes != nil {
		t.Errorf("changes %+v", deep.Changes)
	}
	if deep.Follow(deep, nil); deep.Changes == nil || !deep.Deep || plain.Deep {
		t.Error("two deep audits are not compared")
	}
}

// Many different calls that AWS refuses are a sign, the same one many times is not;
// what is accepted of the places a key is used from is not accepted of others.
func TestUsage(t *testing.T) {
	probed := func(change func(*facts.Activity)) []Finding {
		return of(Audit(input(section("a", keyA, secretA), "", activity(change))), "key-probed")
	}
	if fs := probed(func(a *facts.Activity) { a.Calls = refused("s3", 10) }); len(fs) != 1 || fs[0].Severity != Medium || !strings.Contains(fs[0].What, "10 different calls that AWS refused, such as s3:Call0 (2)") {
		t.Errorf("got %+v", fs)
	}
	if fs := probed(func(a *facts.Activity) { a.Calls = []facts.Seen{{Name: "s3:GetBucketAcl", Count: 500, Failed: 500}} }); len(fs) > 0 {
		t.Errorf("got %+v", fs)
	}
	if fs := probed(func(a *facts.Activity) { a.Agents = []facts.Seen{{Name: "AWS CLI on Kali Linux", Count: 1}} }); len(fs) != 1 || fs[0].Severity != High {
		t.Errorf("got %+v", fs)
	}
	for keycare, want := range map[string]struct {
		severity Severity
		says     string
	}{
		"":                             {Medium, "was used from 2 networks: 203.0.113.7 (10 calls, last 2026-11-02), 198.51.100.9 (2 calls"},
		"203.0.113.200":                {Medium, "was used from 2 networks, and keycare never ran in 1 of them: 198.51.100.9 (2 calls, last 2026-11-02); 12 calls"},
		"203.0.113.7,198.51.100.9":     {Low, "was used from 2 networks, and keycare ran in each of them: 203.0.113.7"},
		"cloudformation.amazonaws.com": {Medium, "keycare never ran in 2 of them: 203.0.113.7"},
	} {
		fs := of(Audit(input(section("a", keyA, secretA), "", activity(func(a *facts.Activity) {
			a.Addresses = append(a.Addresses, facts.Seen{Name: "198.51.100.9", Count: 2, Last: a.Last})
			if keycare != "" {
				a.Keycare = strings.Split(keycare, ",")
			}
		}))), "key-used-elsewhere")
		if len(fs) != 1 || fs[0].Severity != want.severity || !strings.Contains(fs[0].What, want.says) {
			t.Errorf("keycare ran in %q: got %+v", keycare, fs)
		}
	}
	// A rotation that would stop the others at once is not what is proposed.
	old := Audit(input(section("a", keyA, secretA), "", activity(func(a *facts.Activity) {
		a.Addresses = append(a.Addresses, facts.Seen{Name: "198.51.100.9"})
	}), func(in *Input) { in.Policy.MaxAge = day }))
	if fs := of(old, "old-key"); len(fs) != 1 || fs[0].Repair.Command != "keycare rotate --grace 7d a" {
		t.Errorf("got %+v", fs)
	}
	from := func(addresses ...string) string {
		fs := of(Audit(input(section("a", keyA, secretA), "", activity(func(a *facts.Activity) {
			a.Addresses = nil
			for _, name := range addresses {
				a.Addresses = append(a.Addresses, facts.Seen{Name: name, Count: 1, Last: now})
			}
		}))), "key-used-elsewhere")
		if len(fs) != 1 {
			t.Fatalf("got %+v", fs)
		}
		return fs[0].Fingerprint
	}
	if a, b, c := from("203.0.113.7", "198.51.100.9"), from("198.51.100.200", "203.0.113.1"), from("203.0.113.7", "198.51.100.9", "192.0.2.1"); a != b || a == c {
		t.Errorf("fingerprints %s, %s, %s", a, b, c)
	}
}

// What a deep audit may not learn is named; what nobody asked is not.
func TestDeepUnknown(t *testing.T) {
	r := Audit(input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
		o.Activity.Fail("needs cloudtrail:LookupEvents")
		o.User.Boundary.Fail("needs iam:GetUser")
		o.User.Powers.Fail("needs iam:SimulatePrincipalPolicy")
		o.User.Access.Fail("needs iam:GenerateServiceLastAccessedDetails")
		o.Account.SecurityContact.Fail("needs account:GetAlternateContact")
	}))))
	for rule, want := range map[string]string{
		"unknown-facts":   "unknown who uses it, permissions boundary, what its user may do, services its user uses: AWS denies cloudtrail:LookupEvents, iam:GetUser, iam:SimulatePrincipalPolicy, iam:GenerateServiceLastAccessedDetails",
		"unknown-account": "unknown security contact: AWS denies account:GetAlternateContact",
	} {
		if fs := of(r, rule); len(fs) != 1 || !strings.Contains(fs[0].What, want) {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
	if fs := of(r, "unknown-facts"); fs[0].Repair.Command != "keycare policy --deep" {
		t.Errorf("got %+v", fs[0].Repair)
	}
	some := Audit(input(section("a", keyA, secretA), "", activity(func(a *facts.Activity) {
		a.Unread = []facts.Unread{{Region: "us-east-2", Why: "needs cloudtrail:LookupEvents"}, {Region: "eu-west-3", Why: facts.Throttle, Lost: true}}
	})))
	if fs := of(some, "unknown-facts"); len(fs) != 1 || !strings.Contains(fs[0].What, "unknown who uses it in eu-west-3, who uses it in us-east-2: AWS denies cloudtrail:LookupEvents; AWS is throttling") {
		t.Errorf("got %+v", fs)
	}
	if some.Complete || !some.Undecided(High) {
		t.Errorf("a region is lost: %q", some.Incomplete)
	}
}

// What a deep audit learned of a key stands in its list; what it did not, among the
// unknown. An audit that is not deep has neither.
func TestDeepInventory(t *testing.T) {
	in := input(section("a", keyA, secretA), "", activity(func(a *facts.Activity) {
		a.Cut, a.Failed = true, 3
		for range MostListed + 5 {
			a.Addresses = append(a.Addresses, facts.Seen{Name: "198.51.100.9\x1b", Count: 1})
		}
		a.Addresses[1].Name = "198.51.100.9"
		a.Unread = []facts.Unread{{Region: "us-east-2", Why: "needs cloudtrail:LookupEvents"}}
	}))
	u := in.Online[keyA].User
	can("iam:CreateUser", "s3:GetObject")(u)
	services(37, 3, 1)(u)
	k := Audit(in).Inventory[0]
	if c := k.Calls; c == nil || c.Calls != 12 || !c.More || c.Refused != 3 || c.Addresses != MostListed+6 || c.Networks != 2 || len(c.From) != MostListed || strings.Contains(c.From[2].Name, "\x1b") || len(c.Unread) != 1 {
		t.Errorf("calls %+v", c)
	}
	if k.Powers == nil || k.Powers.Administrator || len(k.Powers.Can) != 2 || len(k.Powers.Escalations) != 1 {
		t.Errorf("powers %+v", k.Powers)
	}
	if k.Services == nil || *k.Services != (KeyServices{37, 35}) || len(k.Unknown) > 0 {
		t.Errorf("services %+v, unknown %+v", k.Services, k.Unknown)
	}
	denied := changed(func(o *facts.Online) {
		o.Activity.Fail("needs cloudtrail:LookupEvents")
		o.User.Powers.Fail("needs iam:SimulatePrincipalPolicy")
		o.User.Access.Fail("needs iam:GenerateServiceLastAccessedDetails")
	})
	if k := Audit(input(section("a", keyA, secretA), "", online(denied))).Inventory[0]; len(k.Unknown) != 3 || k.Calls != nil || k.Powers != nil || k.Services != nil {
		t.Errorf("denied: %+v", k)
	}
	if k := Audit(input(section("a", keyA, secretA), "", online(fresh()))).Inventory[0]; len(k.Unknown) > 0 || k.Calls != nil || k.Powers != nil || k.Services != nil {
		t.Errorf("not deep: %+v", k)
	}
}

// All that is asked has words.
func TestDeeds(t *testing.T) {
	for _, says := range deedsOf(facts.PowersAsked()) {
		if strings.HasPrefix(says, "call ") {
			t.Errorf("without words: %s", says)
		}
	}
	asked := facts.PowersAsked()
	for _, d := range deeds {
		for _, a := range d.actions {
			if !slices.Contains(asked, a) {
				t.Errorf("nobody asks whether %s is allowed", a)
			}
		}
	}
}
