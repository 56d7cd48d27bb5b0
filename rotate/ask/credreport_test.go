package ask

import (
	"strings"
	"testing"
	"time"

	"keycare/credfile/facts"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// What a user may not ask about itself and its account, the credential report may
// still say. One is never made by an audit.
func TestFactsFromReport(t *testing.T) {
	day := 24 * time.Hour
	made := time.Now().Add(-200 * day).Truncate(time.Second)
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	k, second := w.iam.AddKey("ann", made), w.iam.AddKey("ann", made.Add(day))
	w.iam.SetLastUsed(k.ID, made.Add(10*day), "s3", "eu-west-1")
	w.iam.AddMFA("ann", "phone", "1")
	w.iam.SetLoginProfile("ann", made.Add(2*day), made.Add(3*day))
	w.iam.AddCertificate("ann", awstest.Certificate{Uploaded: made})
	w.iam.AddRootKey("", made)
	w.profile("a", k)
	w.iam.Deny("ann", "iam:ListMFADevices", "iam:GetLoginProfile", "iam:GetAccessKeyLastUsed", "iam:ListSigningCertificates", "iam:GetAccountSummary")
	if f := w.ask()[k.ID]; f.User.MFA.Known() || f.LastUsed.Known() || f.Account.Root.Known() || f.Account.RootUse.Why() != facts.NoReport {
		t.Errorf("there is no report: %+v, %+v", f, f.User)
	}
	w.iam.MakeReport("")
	f := w.ask()[k.ID]
	u := f.User
	if len(u.MFA.Value) != 1 || !u.MFA.Known() || !u.FromReport || len(u.Certificates.Value) != 1 || u.Certificates.Value[0] != "" {
		t.Errorf("user %+v", u)
	}
	if p := u.Password; !p.Known() || !p.Value.Exists || !p.Value.Set.Equal(made.Add(2*day)) || !p.Value.Used.Value.Equal(made.Add(3*day)) {
		t.Errorf("password %+v", p)
	}
	if l := f.LastUsed; !l.Known() || l.Value.Service != "s3" || !l.Value.At.Equal(made.Add(10*day)) {
		t.Errorf("last use %+v", l)
	}
	if o := f.Others.Value; len(o) != 1 || o[0].ID != second.ID || !o[0].LastUsed.Known() || !o[0].LastUsed.Value.At.IsZero() {
		t.Errorf("the other key %+v", o)
	}
	if r := f.Account.Root; !r.Known() || r.Value != (facts.RootFacts{Keys: 1}) || !f.Account.RootUse.Known() {
		t.Errorf("root %+v", f.Account)
	}
	if w.count("GenerateCredentialReport") > 0 {
		t.Error("an audit had a report made")
	}
}

// A report is read by the names of its columns; what it does not say stays
// unknown.
func TestReadReport(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:user/ann"
	for _, text := range []string{"", "\"", "user,name\nx,y\n", "<html></html>", "a\"b,arn,user\n"} {
		if rows, err := readReport([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, rows)
		}
	}
	rows, err := readReport([]byte("\ufeffnew,mfa_active,arn,user,cert_2_active,cert_1_active,access_key_2_last_rotated,access_key_2_last_used_date,password_enabled\r\n" +
		"x,true," + arn + ",ann,true,false,2026-01-02T03:04:05+00:00,no_information,not_supported\r\nshort\r\n"))
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	row := rows[arn]
	u := facts.UserFacts{}
	unknownUser(&u, tooMany)
	row.fillIn(&u)
	if !u.MFA.Known() || len(u.MFA.Value) != 1 || u.Password.Known() || len(u.Certificates.Value) != 1 || u.Groups.Known() {
		t.Errorf("got %+v", u)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if use, ok := row.keyUse(at); !ok || !use.At.IsZero() {
		t.Errorf("got %+v, %v", use, ok)
	}
	if _, ok := row.keyUse(at.Add(time.Second)); ok {
		t.Error("another key's line was taken")
	}
	row["access_key_1_last_rotated"] = row["access_key_2_last_rotated"]
	if _, ok := row.keyUse(at); ok {
		t.Error("it cannot be told which of two keys this is")
	}
	root := reportRow{"user": rootUser, "mfa_active": "false", "password_last_used": "2026-01-02T00:00:00Z",
		"access_key_2_last_used_date": "2026-01-03T00:00:00Z", "access_key_2_last_used_service": "s3"}
	if use := root.lastUse(); use.Service != "s3" || use.At.Day() != 3 {
		t.Errorf("got %+v", use)
	}
	if _, known := root.root(); known {
		t.Error("nothing is said about root's keys")
	}
	if use := (reportRow{"password_last_used": "N/A"}).lastUse(); !use.At.IsZero() {
		t.Errorf("got %+v", use)
	}
}

// Lists that never end are not read for ever, and are not taken for short ones.
func TestPages(t *testing.T) {
	n := 0
	_, err := pages(func(*string) ([]int, *string, error) {
		n++
		more := "more"
		return []int{n}, &more, nil
	})
	if n != mostPages || fail(facts.Answer[int]{}, err, "iam:X").Why() != tooLong {
		t.Errorf("%d pages, %v", n, err)
	}
}

// The audit asks for what the policy allows, for no more, and it only reads.
func TestPolicyFitsTheAudit(t *testing.T) {
	w, k := single(t)
	w.iam.SetLoginProfile("ann", time.Now(), time.Now())
	w.iam.SetInline("ann", map[string]string{"p": testAllowAll})
	w.iam.AddGroup("g")
	w.iam.AddMember("g", "ann")
	w.iam.SetGroupInline("g", map[string]string{"p": testAllowAll})
	w.iam.AddMFA("root", "root-account-mfa-device", "1")
	w.iam.MakeReport("")
	if f := w.ask()[k.ID]; unknowns(f) > 0 {
		t.Errorf("unknown: %+v", f)
	}
	left := map[string]bool{}
	for _, s := range client.Policy().Statement {
		for _, a := range s.Action {
			if a, ok := strings.CutPrefix(a, "iam:"); ok {
				left[a] = true
			}
		}
	}
	for _, a := range w.iam.Actions() {
		if !left[a] && w.count(a) > 0 && a != "GetCallerIdentity" {
			t.Errorf("the policy lacks %s", a)
		}
		if !strings.HasPrefix(a, "Get") && !strings.HasPrefix(a, "List") {
			t.Errorf("%s is no read", a)
		}
	}
	for _, a := range w.iam.Actions() {
		delete(left, a)
	}
	for a := range left {
		if !strings.HasSuffix(a, "AccessKey") {
			t.Errorf("the policy allows %s, which the audit does not ask", a)
		}
	}
}
