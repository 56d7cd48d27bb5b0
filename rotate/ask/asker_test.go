package ask

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

const (
	testAdmin      = "arn:aws:iam::aws:policy/AdministratorAccess"
	testQuarantine = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"

	testAllowAll  = `{"Version":"2012-10-17","Statement":[{"Sid":"100% + more","Effect":"Allow","Action":"*","Resource":"*"}]}`
	testAllowMost = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`
)

// ward is an IAM whose uses show as slowly as at AWS, and profiles that hold
// keys of it.
type ward struct {
	t     testing.TB
	iam   *awstest.Server
	creds strings.Builder
	names []string
}

func newWard(t testing.TB) *ward {
	w := &ward{t: t, iam: awstest.New(t, awstest.Options{})}
	w.iam.SetUseRecording(time.Hour, 15*time.Minute)
	return w
}

func (w *ward) profile(name string, k awstest.Key) {
	w.names = append(w.names, name)
	fmt.Fprintf(&w.creds, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, k.ID, k.Secret)
}

func (w *ward) asker() *Asker {
	return &Asker{Set: credfile.NewSet(credfile.Paths{}, w.creds.String(), ""), Profiles: w.names,
		Connect: func(context.Context, credfile.Paths, string) (*client.AWS, error) {
			return client.FromConfig(aws.Config{Region: client.DefaultRegion, BaseEndpoint: aws.String(w.iam.URL()),
				Retryer: func() aws.Retryer { return aws.NopRetryer{} }}), nil
		}}
}

func (w *ward) ask() map[string]facts.Online {
	w.t.Helper()
	return w.asker().Facts(w.t.Context(), time.Minute)
}

func TestFacts(t *testing.T) {
	w := newWard(t)
	today := time.Now().Truncate(time.Second)
	ago := func(days int) time.Time { return today.AddDate(0, 0, -days) }
	w.iam.AddUser(awstest.User{Name: "ann", Path: "/team/"})
	k := w.iam.AddKey("ann", ago(100))
	second := w.iam.AddKey("ann", ago(30))
	w.iam.SetKeyStatus(second.ID, awstest.Inactive)
	w.iam.SetLastUsed(k.ID, ago(3), "s3", "eu-west-1")
	device := w.iam.AddMFA("ann", "phone", "123456")
	w.iam.SetLoginProfile("ann", ago(50), ago(2))
	w.iam.SetPolicies("ann", []string{testAdmin, testQuarantine}, nil)
	w.iam.SetInline("ann", map[string]string{"mine": testAllowAll, "odd": "{"})
	w.iam.AddGroup("ops")
	w.iam.AddMember("ops", "ann")
	w.iam.SetGroupPolicies("ops", []string{testAdmin}, nil)
	w.iam.SetGroupInline("ops", map[string]string{"most": testAllowMost})
	cert := w.iam.AddCertificate("ann", awstest.Certificate{Uploaded: ago(9)})
	w.iam.AddCertificate("ann", awstest.Certificate{Status: awstest.Inactive})
	w.iam.AddServiceCredential("ann", awstest.ServiceCredential{Service: "bedrock.amazonaws.com", Created: ago(8)})
	w.iam.AddServiceCredential("ann", awstest.ServiceCredential{Status: awstest.Inactive})
	w.iam.AddMFA("root", "root-account-mfa-device", "1")
	w.iam.SetPageSize(1) // every list goes over pages
	w.iam.SetPasswordPolicy(awstest.DefaultAccount, &awstest.PasswordPolicy{MinLength: 20, Reuse: 24, Symbols: true})
	w.iam.SetSummary(awstest.DefaultAccount, map[string]int{"AccountSigningCertificatesPresent": 1, "AccountMFAEnabled": 1})
	w.iam.SetReportRow("root", map[string]string{
		"password_last_used": ago(1).UTC().Format(time.RFC3339), "a_new_column": "x"})
	w.iam.MakeReport("")
	w.profile("a", k)
	f := w.ask()[k.ID]
	if id := f.Identity.Value; id.UserName() != "ann" || id.Partition() != "aws" || f.Status.Value != "Active" || !f.Created.Value.Equal(ago(100)) {
		t.Errorf("identity %+v, status %+v, created %+v", f.Identity, f.Status, f.Created)
	}
	if u := f.LastUsed.Value; u.Service != "s3" || u.Region != "eu-west-1" || !u.At.Equal(ago(3)) {
		t.Errorf("last use %+v", f.LastUsed)
	}
	if o := f.Others.Value; len(o) != 1 || o[0].ID != second.ID || o[0].Active || !o[0].LastUsed.Known() || !o[0].LastUsed.Value.At.IsZero() {
		t.Errorf("others %+v", f.Others)
	}
	u := f.User
	if u == nil || len(u.MFA.Value) != 1 || u.MFA.Value[0] != device || len(u.Attached.Value) != 2 || u.FromReport {
		t.Errorf("user %+v", u)
	}
	if p := u.Password.Value; !p.Exists || !p.Set.Equal(ago(50)) || !p.Used.Known() || !p.Used.Value.Equal(ago(2)) {
		t.Errorf("password %+v", u.Password)
	}
	if in := u.Inline.Value; len(in) != 2 || in[0].Name != "mine" || in[0].Grants.Value != facts.GrantsAll ||
		!strings.HasPrefix(in[1].Grants.Why(), "its text cannot be read: ") {
		t.Errorf("inline policies %+v", u.Inline)
	}
	if g := u.Groups.Value; len(g) != 1 || len(g[0].Attached.Value) != 1 || len(g[0].Inline.Value) != 1 ||
		g[0].Inline.Value[0].Grants.Value != facts.GrantsPerhapsAll {
		t.Errorf("groups %+v", u.Groups)
	}
	if len(u.Certificates.Value) != 1 || u.Certificates.Value[0] != cert {
		t.Errorf("certificates %+v", u.Certificates)
	}
	if c := u.Services.Value; len(c) != 1 || c[0].Service != "bedrock.amazonaws.com" || !c[0].Created.Equal(ago(8)) || !c[0].Expires.IsZero() {
		t.Errorf("credentials for services %+v", u.Services)
	}
	a := f.Account
	if a == nil || a.Root.Value.MFA != 1 || !a.RootVirtual.Known() || !a.RootVirtual.Value || a.Root.Value.Certificates != 1 || a.Password.Value.MinLength != 20 || a.Password.Value.Default ||
		!a.RootUse.Value.At.Equal(ago(1)) || a.RootUse.Value.Service != "console" {
		t.Errorf("account %+v", a)
	}
}

// Where nothing is configured the answers are known all the same.
func TestFactsOfPlainUser(t *testing.T) {
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	w.profile("a", w.iam.AddKey("ann", time.Now()))
	root := w.iam.AddRootKey("", time.Now())
	w.profile("root", root)
	for id, f := range w.ask() {
		if f.Account == nil || !f.Account.Password.Known() || !f.Account.Password.Value.Default || !f.LastUsed.Known() {
			t.Errorf("account %+v, last use %+v", f.Account, f.LastUsed)
		}
		if id == root.ID {
			if f.User != nil || f.Identity.Value.Owner() != facts.OwnerRoot || f.Account.Root.Value.Keys != 1 {
				t.Errorf("root: %+v", f)
			}
			continue
		}
		if u := f.User; u == nil || !u.Password.Known() || u.Password.Value.Exists || !u.MFA.Known() || len(u.MFA.Value) > 0 || !u.Groups.Known() {
			t.Errorf("user %+v", u)
		}
	}
}

// Each missing permission is named by itself, and nothing else suffers.
func TestFactsDenied(t *testing.T) {
	group := func(f facts.Online) facts.Group { return f.User.Groups.Value[0] }
	for _, c := range []struct {
		action string
		of     func(facts.Online) string
	}{
		{"iam:ListAccessKeys", func(f facts.Online) string { return f.Created.Why() }},
		{"iam:GetAccessKeyLastUsed", func(f facts.Online) string { return f.LastUsed.Why() }},
		{"iam:GetUser", func(f facts.Online) string { return f.User.Password.Value.Used.Why() }},
		{"iam:ListMFADevices", func(f facts.Online) string { return f.User.MFA.Why() }},
		{"iam:GetLoginProfile", func(f facts.Online) string { return f.User.Password.Why() }},
		{"iam:ListSigningCertificates", func(f facts.Online) string { return f.User.Certificates.Why() }},
		{"iam:ListServiceSpecificCredentials", func(f facts.Online) string { return f.User.Services.Why() }},
		{"iam:ListAttachedUserPolicies", func(f facts.Online) string { return f.User.Attached.Why() }},
		{"iam:ListUserPolicies", func(f facts.Online) string { return f.User.Inline.Why() }},
		{"iam:GetUserPolicy", func(f facts.Online) string { return f.User.Inline.Value[0].Grants.Why() }},
		{"iam:ListGroupsForUser", func(f facts.Online) string { return f.User.Groups.Why() }},
		{"iam:ListAttachedGroupPolicies", func(f facts.Online) string { return group(f).Attached.Why() }},
		{"iam:ListGroupPolicies", func(f facts.Online) string { return group(f).Inline.Why() }},
		{"iam:GetGroupPolicy", func(f facts.Online) string { return group(f).Inline.Value[0].Grants.Why() }},
		{"iam:GetAccountSummary", func(f facts.Online) string { return f.Account.Root.Why() }},
		{"iam:ListVirtualMFADevices", func(f facts.Online) string { return f.Account.RootVirtual.Why() }},
		{"iam:GetAccountPasswordPolicy", func(f facts.Online) string { return f.Account.Password.Why() }},
		{"iam:GetCredentialReport", func(f facts.Online) string { return f.Account.RootUse.Why() }},
	} {
		t.Run(c.action, func(t *testing.T) {
			w, k := single(t)
			w.iam.SetLoginProfile("ann", time.Now(), time.Now())
			w.iam.SetInline("ann", map[string]string{"p": testAllowAll})
			w.iam.AddGroup("g")
			w.iam.AddMember("g", "ann")
			w.iam.SetGroupInline("g", map[string]string{"p": testAllowAll})
			w.iam.AddMFA("root", "root-account-mfa-device", "1")
			all := w.ask()[k.ID]
			if why := c.of(all); why != "" && c.action != "iam:GetCredentialReport" {
				t.Fatalf("with the permission: %q", why)
			}
			w.iam.Deny("ann", c.action)
			f := w.ask()[k.ID]
			if got := c.of(f); got != "needs "+c.action {
				t.Errorf("got %q", got)
			}
			if n, m := unknowns(f), unknowns(all); n < m || n > m+1 && c.action != "iam:ListAccessKeys" {
				t.Errorf("%d facts are unknown, %d with the permission: %+v", n, m, f)
			}
			w.iam.Allow("ann")
			for kind, want := range map[awstest.FaultKind]string{
				awstest.FaultThrottle: "AWS is throttling", awstest.FaultInternal: "AWS is throttling", awstest.FaultReset: "no answer from AWS",
				awstest.FaultProxy: "no answer from AWS", awstest.FaultGarbage: "no answer from AWS",
			} {
				if quickSkips(kind) {
					continue
				}
				w.iam.SetFault(func(call awstest.Call) awstest.Fault {
					if "iam:"+call.Action == c.action {
						return awstest.Fault{Kind: kind}
					}
					return awstest.Fault{}
				})
				if got := c.of(w.ask()[k.ID]); got != want {
					t.Errorf("%v: got %q, want %q", kind, got, want)
				}
			}
		})
	}
}

// quickSkips leaves all but one fault of each of the two outcomes to the full run.
func quickSkips(kind awstest.FaultKind) bool {
	return testing.Short() && kind != awstest.FaultThrottle && kind != awstest.FaultReset
}

// deepFields are what is asked only where Asker.Deep is set.
var deepFields = []string{"Activity", "Managed", "Boundary", "Powers", "Access", "SecurityContact"}

// unknowns counts the answers that are not known, however deep; of those that only a deep audit wants the ones that
// were asked for.
func unknowns(v any) int {
	n := 0
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(v.MapIndex(key))
			}
		case reflect.Struct:
			if known := v.MethodByName("Known"); known.IsValid() && !known.Call(nil)[0].Bool() {
				n++
				return // what else stands there says nothing
			}
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && !(slices.Contains(deepFields, f.Name) && v.Field(i).IsZero()) {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(v))
	return n
}

// single has one user with one key.
func single(t testing.TB) (*ward, awstest.Key) {
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	k := w.iam.AddKey("ann", time.Now())
	w.profile("a", k)
	return w, k
}

// A question that one user may not ask is asked as another one of the account.
func TestFactsOfAccountByAnyUser(t *testing.T) {
	w := newWard(t)
	for _, name := range []string{"ann", "bob"} {
		w.iam.AddUser(awstest.User{Name: name})
		w.profile(name, w.iam.AddKey(name, time.Now()))
	}
	w.iam.Deny("ann", "*")
	for id, f := range w.ask() {
		if f.Account == nil || !f.Account.Root.Known() {
			t.Errorf("%s: %+v", id, f.Account)
		}
	}
	if n := w.count("GetAccountSummary"); n < 1 || n > 2 {
		t.Errorf("asked %d times", n)
	}
}

func (w *ward) count(action string) (n int) {
	for _, a := range w.iam.Actions() {
		if a == action {
			n++
		}
	}
	return n
}

// Without an answer, or with throttling, facts are unknown; who never answers is
// waited for as long as is allowed.
func TestFactsWithoutAnswer(t *testing.T) {
	for kind, want := range map[awstest.FaultKind]string{
		awstest.FaultThrottle: "AWS is throttling", awstest.FaultReset: "no answer from AWS", awstest.FaultProxy: "no answer from AWS",
	} {
		w, k := single(t)
		w.iam.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: kind} })
		if f := w.ask()[k.ID]; f.Identity.Why() != want || f.Created.Why() != want || f.User != nil {
			t.Errorf("%v: %+v", kind, f)
		}
	}
	w, k := single(t)
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: t.Context().Done()}
	})
	if f := w.asker().Facts(t.Context(), 50*time.Millisecond)[k.ID]; f.Identity.Known() || !f.Identity.Lost() || f.Created.Known() || f.User != nil {
		t.Errorf("%+v", f)
	}
}

func TestAskerPlan(t *testing.T) {
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	k, barred := w.iam.AddKey("ann", time.Now()), w.iam.AddKey("ann", time.Now())
	w.profile("a", k)
	w.profile("twin", k)
	w.profile("b", barred)
	w.profile("c", barred)
	w.profile("canary", awstest.Key{ID: "AKIASP2TPHJSQH3FJRUX", Secret: strings.Repeat("x", 40)})
	q := w.asker()
	q.Barred = func(profile, _ string) bool { return profile == "c" }
	plan := q.Plan()
	if len(plan) != 1 || plan[0].Profile != "a" || plan[0].KeyID != k.ID {
		t.Errorf("plan %+v", plan)
	}
	if len(w.iam.Calls()) > 0 {
		t.Error("a plan makes no call")
	}
}
