package rotate

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/rotate/awstest"
)

const (
	testAdmin      = "arn:aws:iam::aws:policy/AdministratorAccess"
	testQuarantine = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
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
		Connect: (&world{iam: w.iam}).connect}
}

func (w *ward) ask() map[string]credfile.Online {
	w.t.Helper()
	return w.asker().Facts(w.t.Context(), 10*time.Second)
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
	w.iam.SetPolicies("ann", []string{testAdmin, testQuarantine}, []string{"mine"})
	w.iam.AddGroup("ops")
	w.iam.AddMember("ops", "ann")
	w.iam.SetGroupPolicies("ops", []string{testAdmin}, nil)
	w.iam.SetPageSize(1) // every list goes over pages
	w.iam.SetPasswordPolicy(awstest.DefaultAccount, &awstest.PasswordPolicy{MinLength: 20, Reuse: 24, Symbols: true})
	w.iam.SetSummary(awstest.DefaultAccount, map[string]int{"AccountSigningCertificatesPresent": 1, "AccountMFAEnabled": 1})
	w.iam.SetReportRow("root", map[string]string{
		"password_last_used": ago(1).UTC().Format(time.RFC3339), "a_new_column": "x"})
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
	if u == nil || len(u.MFA.Value) != 1 || u.MFA.Value[0] != device || !u.Console.Value || len(u.Attached.Value) != 2 ||
		len(u.Inline.Value) != 1 || len(u.Groups.Value) != 1 || len(u.Groups.Value[0].Attached.Value) != 1 {
		t.Errorf("user %+v", u)
	}
	a := f.Account
	if a == nil || a.Root.Value.MFA != 1 || a.Root.Value.Certificates != 1 || a.Password.Value.MinLength != 20 || a.Password.Value.Default ||
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
			if f.User != nil || f.Identity.Value.Owner() != credfile.OwnerRoot || f.Account.Root.Value.Keys != 1 {
				t.Errorf("root: %+v", f)
			}
			continue
		}
		if u := f.User; u == nil || !u.Console.Known() || u.Console.Value || !u.MFA.Known() || len(u.MFA.Value) > 0 || !u.Groups.Known() {
			t.Errorf("user %+v", u)
		}
	}
}

// Each missing permission is named by itself, and nothing else suffers.
func TestFactsDenied(t *testing.T) {
	for _, c := range []struct {
		action string
		of     func(credfile.Online) string
	}{
		{"iam:ListAccessKeys", func(f credfile.Online) string { return f.Created.Unknown }},
		{"iam:GetAccessKeyLastUsed", func(f credfile.Online) string { return f.LastUsed.Unknown }},
		{"iam:ListMFADevices", func(f credfile.Online) string { return f.User.MFA.Unknown }},
		{"iam:GetLoginProfile", func(f credfile.Online) string { return f.User.Console.Unknown }},
		{"iam:ListAttachedUserPolicies", func(f credfile.Online) string { return f.User.Attached.Unknown }},
		{"iam:ListUserPolicies", func(f credfile.Online) string { return f.User.Inline.Unknown }},
		{"iam:ListGroupsForUser", func(f credfile.Online) string { return f.User.Groups.Unknown }},
		{"iam:GetAccountSummary", func(f credfile.Online) string { return f.Account.Root.Unknown }},
		{"iam:GetAccountPasswordPolicy", func(f credfile.Online) string { return f.Account.Password.Unknown }},
		{"iam:GetCredentialReport", func(f credfile.Online) string { return f.Account.RootUse.Unknown }},
		{"iam:GenerateCredentialReport", func(f credfile.Online) string { return f.Account.RootUse.Unknown }},
	} {
		w, k := single(t)
		w.iam.Deny("ann", c.action)
		if c.action == "iam:ListMFADevices" || c.action == "iam:GetLoginProfile" { // the report would tell too
			w.iam.Deny("ann", "iam:GetCredentialReport")
		}
		f := w.ask()[k.ID]
		if got := c.of(f); got != "needs "+c.action {
			t.Errorf("%s: got %q", c.action, got)
		}
		if !f.Identity.Known() || c.action != "iam:ListAccessKeys" && !f.Created.Known() {
			t.Errorf("%s: other facts are missing: %+v", c.action, f)
		}
	}
	// What a user may not ask about itself, the report may still say.
	w, k := single(t)
	w.iam.Deny("ann", "iam:ListMFADevices", "iam:GetLoginProfile")
	w.iam.AddMFA("ann", "phone", "1")
	if u := w.ask()[k.ID].User; !u.MFA.Known() || len(u.MFA.Value) != 1 || !u.Console.Known() || u.Console.Value {
		t.Errorf("the report was not used: %+v", u)
	}
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

// Without an answer, or with throttling, facts are unknown by the deadline.
func TestFactsWithoutAnswer(t *testing.T) {
	for kind, want := range map[awstest.FaultKind]string{
		awstest.FaultThrottle: "AWS is throttling", awstest.FaultReset: "no answer from AWS", awstest.FaultProxy: "no answer from AWS",
	} {
		w, k := single(t)
		w.iam.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: kind} })
		if f := w.ask()[k.ID]; f.Identity.Unknown != want || f.Created.Unknown != want || f.User != nil {
			t.Errorf("%v: %+v", kind, f)
		}
	}
	w, k := single(t)
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() { time.Sleep(300 * time.Millisecond) }}
	})
	began := time.Now()
	f := w.asker().Facts(t.Context(), 50*time.Millisecond)[k.ID]
	if f.Identity.Known() || time.Since(began) > 2*time.Second {
		t.Errorf("after %v: %+v", time.Since(began), f)
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
	q.Never = func(profile, _ string) bool { return profile == "c" }
	plan := q.Plan()
	if len(plan) != 1 || plan[0].Profile != "a" || plan[0].KeyID != k.ID {
		t.Errorf("plan %+v", plan)
	}
	if len(w.iam.Calls()) > 0 {
		t.Error("a plan makes no call")
	}
}

func TestStateRotations(t *testing.T) {
	s := State{Dir: t.TempDir(), Disk: disk.OS{}}
	if got, err := s.Rotations(); len(got) > 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	began := time.Now().UTC().Truncate(time.Second)
	for i, j := range []*Journal{
		{ID: "a", Profile: "p", Old: "O", New: "N", Direction: Grace, Started: began},
		{ID: "b", Started: began.Add(time.Minute)},
	} {
		if err := s.Save(j); err != nil {
			t.Fatal(i, err)
		}
	}
	pair := credfile.Pair{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: credfile.NewSecret(strings.Repeat("s", 40))}
	for _, id := range []string{"a", "z"} {
		if err := s.OpenRecovery(id, pair); err != nil {
			t.Fatal(err)
		}
	}
	if err := disk.WriteNew(disk.OS{}, s.journalPath("d"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rotations()
	if err != nil || len(got) != 4 {
		t.Fatalf("got %+v, %v", got, err)
	}
	dir := filepath.Join(s.Dir, "rotations")
	for i, want := range []credfile.Rotation{
		{ID: "d", Stage: "damaged", Journal: true, Path: filepath.Join(dir, "d.json")},
		{ID: "z", Recovery: true, Path: filepath.Join(dir, "z.recovery")},
		{ID: "a", Profile: "p", Old: "O", New: "N", Stage: "grace", Since: began, Journal: true, Recovery: true, Path: filepath.Join(dir, "a.json")},
		{ID: "b", Stage: "unfinished", Since: began.Add(time.Minute), Journal: true, Path: filepath.Join(dir, "b.json")},
	} {
		if got[i] != want {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want)
		}
	}
}

// crowded has n users with one key each, in profiles of two regions.
func crowded(t testing.TB, n int) (*ward, *Asker, *atomic.Int32, *atomic.Int32) {
	w := newWard(t)
	for i := range n {
		name := fmt.Sprint("u", i)
		w.iam.AddUser(awstest.User{Name: name})
		w.profile(name, w.iam.AddKey(name, time.Now()))
	}
	var running, most, connects atomic.Int32
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() {
			at := running.Add(1)
			for old := most.Load(); at > old && !most.CompareAndSwap(old, at); old = most.Load() {
			}
			time.Sleep(roundTrip)
			running.Add(-1)
		}}
	})
	q := w.asker()
	connect := q.Connect
	q.Connect = func(ctx context.Context, p credfile.Paths, profile string) (*AWS, error) {
		connects.Add(1)
		return connect(ctx, p, profile)
	}
	return w, q, &most, &connects
}

// 200 distinct keys with 50 ms a call: owner and age of each within 3 seconds,
// with at most 8 requests at once: 419 calls are 2.6 seconds. (The bound on the time
// here leaves room for -race and a busy machine; BenchmarkFacts measures.)
func TestFactsOfManyKeys(t *testing.T) {
	w, q, most, connects := crowded(t, 200)
	began := time.Now()
	facts := q.Facts(t.Context(), 10*time.Second)
	took := time.Since(began)
	asked, tooManyKeys := 0, 0
	for id, f := range facts {
		if !f.Identity.Known() || !f.Created.Known() || f.User == nil {
			t.Fatalf("%s: %+v", id, f)
		}
		if f.User.Attached.Known() {
			asked++
		} else if f.User.Attached.Unknown == tooMany {
			tooManyKeys++
		}
		if !f.User.MFA.Known() {
			t.Errorf("%s: the credential report was not used", id)
		}
	}
	t.Logf("%d calls in %v, at most %d at once", len(w.iam.Calls()), took, most.Load())
	if most.Load() > atOnce || connects.Load() != 1 || took > 12*time.Second || len(w.iam.Calls()) > 430 {
		t.Errorf("%d requests at once, %d connections, %v", most.Load(), connects.Load(), took)
	}
	if len(facts) != 200 || asked+tooManyKeys != 200 || asked == 0 {
		t.Errorf("%d keys, details of %d, none of %d", len(facts), asked, tooManyKeys)
	}
}

func BenchmarkFacts(b *testing.B) {
	for _, n := range []int{10, 40, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				_, q, _, _ := crowded(b, n)
				b.StartTimer()
				q.Facts(b.Context(), 10*time.Second)
			}
		})
	}
}
