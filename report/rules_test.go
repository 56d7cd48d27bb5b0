package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

func TestRules(t *testing.T) {
	covered := make(map[string]bool)
	for _, c := range ruleCases {
		covered[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			r := Audit(c.fires)
			checkNoSecret(t, r)
			fs := of(r, c.rule)
			if len(fs) != 1 {
				t.Fatalf("found %d times, want once; all: %s", len(fs), jsonText(t, r))
			}
			f := fs[0]
			if !strings.Contains(f.What, c.what) || !strings.Contains(f.Repair.String(), c.fix) || f.Line != c.line {
				t.Errorf("got what %q, fix %q, line %d", f.What, f.Repair.String(), f.Line)
			}
			if want := RuleByID(c.rule).About; f.Subject.Type != want && c.rule != "not-an-access-key" || (f.Subject.ID == "") != (want == AboutMachine) {
				t.Errorf("subject %+v", f.Subject)
			}
			if f.Repair.String() == "" || strings.ContainsAny(f.Repair.String(), "{}") {
				t.Errorf("fix %q", f.Repair.String())
			}
			r = Audit(c.staysSilent)
			checkNoSecret(t, r)
			if fs := of(r, c.rule); len(fs) > 0 {
				t.Errorf("fires where it should not: %+v", fs)
			}
		})
	}
	for _, r := range Rules {
		if !covered[r.ID] {
			t.Errorf("rule %s has no test", r.ID)
		}
	}
}

// A pair that was commented out is as readable as any other.
func TestStrayComment(t *testing.T) {
	r := Audit(input("[a]\n#aws_access_key_id = "+keyA+"\r\n# was for ci\n#aws_secret_access_key="+secretA+"\n", ""))
	checkNoSecret(t, r)
	if fs := of(r, "stray-key"); len(fs) != 1 || !strings.Contains(fs[0].What, "in a comment") || fs[0].KeyID != keyA {
		t.Errorf("got %+v", fs)
	}
}

// The AWS CLI's record of calls holds secrets, so its mode is judged too.
func TestHistoryMode(t *testing.T) {
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o640: 1, 0o604: 1} {
		r := Audit(input("", "", func(in *Input) {
			in.Local.History = home.FileFact{Path: "/h/history.db", Exists: true, Mode: mode, ModeKnown: true}
		}))
		if fs := of(r, "file-mode"); len(fs) != want || want == 1 && fs[0].Repair.String() != `chmod 600 "/h/history.db"` {
			t.Errorf("%v: got %+v", mode, fs)
		}
	}
}

// A key that was never used counts from its creation, and keycare's own calls
// are no use.
func TestUnused(t *testing.T) {
	for _, c := range []struct {
		days int
		own  bool
		want int
	}{{46, false, 1}, {45, false, 0}, {46, true, 0}} {
		o := aged(c.days)
		o.LastUsed.Value, o.OwnUse = facts.Use{}, c.own
		if fs := of(Audit(input(section("a", keyA, secretA), "", online(o))), "unused-key"); len(fs) != c.want {
			t.Errorf("%+v: got %+v", c, fs)
		}
	}
	in := input(section("a", keyA, secretA), "", used(46))
	in.Policy.MaxUnused = 46 * day
	if fs := of(Audit(in), "unused-key"); len(fs) > 0 {
		t.Errorf("the limit is not heeded: %+v", fs)
	}
}

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
		in.Online[keyA].User.Password.Value.Used.Unknown = c.unknown
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

// The age rules part at the day, and never both speak.
func TestAgeRules(t *testing.T) {
	for _, c := range []struct {
		days, limit int
		want        string
	}{{90, 90, ""}, {91, 90, "old-key"}, {365, 90, "old-key"}, {366, 90, "year-old-key"}, {400, 400, ""}, {401, 400, "year-old-key"}} {
		in := input(section("a", keyA, secretA), "", online(aged(c.days)))
		in.Policy.MaxAge = time.Duration(c.limit) * day
		r, got := Audit(in), ""
		for _, f := range append(of(r, "old-key"), of(r, "year-old-key")...) {
			got += f.Rule
		}
		if got != c.want {
			t.Errorf("%d days, limit %d: got %q, want %q", c.days, c.limit, got, c.want)
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
		u.Groups.Value = []facts.Group{{Name: "g", Inline: facts.Answer[[]facts.InlinePolicy]{
			Value: append(inline("all", facts.GrantsAll), inline("most", facts.GrantsPerhapsAll)...)}}}
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
	if fs := of(r, "policy-on-user"); len(fs) != 1 || !strings.Contains(fs[0].What, "own: most (inline)") {
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
		if len(fs) != want || !strings.HasSuffix(fs[0].What, ", as the credential report says") {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
	if fs := of(r, "signing-certificate"); len(fs) == 2 && !strings.Contains(fs[0].Repair.String(), "aws iam list-signing-certificates --user-name dev --profile a") {
		t.Errorf("got %q", fs[0].Repair.String())
	}
}

// The command for a password policy keeps what is as strict or stricter already.
func TestPasswordCommand(t *testing.T) {
	for _, c := range []struct {
		p         facts.PasswordPolicy
		has, lack string
	}{
		{facts.DefaultPasswordPolicy, "--minimum-password-length 14 --password-reuse-prevention 24 --require-symbols", "--hard-expiry"},
		{facts.PasswordPolicy{MinLength: 20, Reuse: 2, MaxAge: 30, NoChange: true, HardExpiry: true}, "--max-password-age 30 --hard-expiry", "--allow-users-to-change-password"},
		{facts.PasswordPolicy{MinLength: 20, Reuse: 2}, "--minimum-password-length 20", "--max-password-age"},
	} {
		if got := strings.Join(passwordCommand(c.p), " "); !strings.Contains(got, c.has) || strings.Contains(got, c.lack) {
			t.Errorf("%+v: %s", c.p, got)
		}
	}
}

// An account without a credential report says how one is made.
func TestNoReport(t *testing.T) {
	fs := of(Audit(input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootUse.Unknown = facts.NoReport }))), "unknown-account")
	if len(fs) != 1 || !strings.Contains(fs[0].What, "when root was last used is unknown: there is no credential report") ||
		!strings.HasSuffix(fs[0].Repair.String(), "aws iam generate-credential-report --profile a") {
		t.Errorf("got %+v", fs)
	}
	// The kind of a device that there is not is not unknown.
	fs = of(Audit(input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
		f.Root.Value.MFA, f.RootVirtual.Unknown = 0, "needs x"
	}))), "unknown-account")
	if len(fs) != 0 {
		t.Errorf("got %+v", fs)
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

// Every detail that is not known is named, with the permission it needs.
func TestUnknownDetails(t *testing.T) {
	r := Audit(input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
		o.LastUsed.Unknown, o.User.MFA.Unknown = "needs iam:GetAccessKeyLastUsed", "needs iam:ListMFADevices"
		o.User.Groups.Value = []facts.Group{{Name: "g", Attached: facts.Answer[[]string]{Unknown: "needs iam:ListAttachedGroupPolicies"},
			Inline: facts.Answer[[]facts.InlinePolicy]{Value: []facts.InlinePolicy{{Name: "p", Grants: facts.Answer[facts.Grants]{Unknown: "needs iam:GetGroupPolicy"}}}}}}
	}))))
	fs := of(r, "unknown-facts")
	if len(fs) != 1 || !strings.Contains(fs[0].What, "unknown last use, MFA devices, policies of group g, inline policy p of group g: AWS denies iam:GetAccessKeyLastUsed, iam:ListMFADevices, iam:ListAttachedGroupPolicies, iam:GetGroupPolicy") {
		t.Errorf("got %+v", fs)
	}
	if r.Unknown != 0 {
		t.Error("owner and age are known")
	}
}

func TestExceptionsAndSwitches(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(200)))
	count := func(change func(*Policy)) int {
		in := in
		change(&in.Policy)
		return len(of(Audit(in), "old-key"))
	}
	until := now.Add(day)
	for _, c := range []struct {
		e    Exception
		want int
	}{
		{Exception{Rule: "old-key", Until: until}, 0},
		{Exception{Rule: "old-key", Profile: "a", Account: "619888638459", Key: keyA, Until: until}, 0},
		{Exception{Account: "619888638459", Until: until}, 0},
		{Exception{Profile: "b", Until: until}, 1},
		{Exception{Rule: "old-key", Account: "111122223333", Until: until}, 1},
		{Exception{Rule: "old-key", Until: now}, 1},
		{Exception{Until: until}, 1},
	} {
		if got := count(func(p *Policy) { p.Exceptions = []Exception{c.e} }); got != c.want {
			t.Errorf("%+v: %d findings, want %d", c.e, got, c.want)
		}
	}
	if got := count(func(p *Policy) { p.Off = []string{"old-key"} }); got != 0 {
		t.Error("the rule is switched off")
	}
}

func TestRulesTable(t *testing.T) {
	last, seen := Critical, map[string]bool{}
	for _, r := range Rules {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.ID) || seen[r.ID] {
			t.Errorf("rule ID %q is not kebab-case or not the only one", r.ID)
		}
		seen[r.ID] = true
		if r.Severity > last {
			t.Errorf("rule %s stands below less severe ones", r.ID)
		}
		last = r.Severity
		if r.Because == "" || r.About == "" || r.Title == "" || r.Why == "" || len(r.Sources) == 0 {
			t.Errorf("rule %s is not complete", r.ID)
		}
	}
	for q := range splitsTools {
		if _, ok := credfile.QuirkTexts[q]; !ok {
			t.Errorf("there is no quirk %q", q)
		}
	}
}

// A rule that a topic declares and does not list would be in no documentation.
func TestEveryRuleIsListed(t *testing.T) {
	listed := make(map[string]bool)
	for _, r := range Rules {
		listed[r.ID] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if typ, named := litType(lit); !ok || !named || typ != "Rule" {
				return true
			}
			declared++
			for _, e := range lit.Elts {
				kv := e.(*ast.KeyValueExpr)
				if id, ok := kv.Value.(*ast.BasicLit); ok && kv.Key.(*ast.Ident).Name == "ID" && !listed[strings.Trim(id.Value, `"`)] {
					t.Errorf("%s: rule %s is not listed", name, id.Value)
				}
			}
			return true
		})
	}
	if declared != len(Rules) {
		t.Errorf("%d rules are declared, %d listed", declared, len(Rules))
	}
}

func litType(lit *ast.CompositeLit) (name string, ok bool) {
	if lit == nil {
		return "", false
	}
	id, ok := lit.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}
