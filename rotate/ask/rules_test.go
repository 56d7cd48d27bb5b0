package ask

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/report"
	"keycare/rotate/awstest"
)

// Each rule that needs an answer of AWS fires, and stays silent one step before,
// from a real file and the IAM in memory. Day boundaries are whole days: what is
// exactly as old as the limit passes.
func TestRulesOnline(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days).Add(-time.Hour) }
	never := time.Time{}
	member := func(w *ward, _ awstest.Key) {
		w.iam.AddGroup("g")
		w.iam.AddMember("g", "ann")
	}
	for _, c := range []struct {
		rule          string
		fires, silent func(w *ward, k awstest.Key)
		what          string // in the finding
	}{
		{"old-key", func(w *ward, k awstest.Key) { w.reimport(k, ago(91)) }, func(w *ward, k awstest.Key) { w.reimport(k, ago(90)) }, "91 days old"},
		{"year-old-key", func(w *ward, k awstest.Key) { w.reimport(k, ago(366)) }, func(w *ward, k awstest.Key) { w.reimport(k, ago(365)) }, "366 days old"},
		{"unused-key", func(w *ward, k awstest.Key) { w.iam.SetLastUsed(k.ID, ago(46), "s3", "x") }, func(w *ward, k awstest.Key) { w.iam.SetLastUsed(k.ID, ago(45), "s3", "x") }, "46 days"},
		{"console-unused", func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", ago(400), ago(46)) }, func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", ago(400), ago(45)) }, "has not been used for 46 days"},
		{"console-unused", func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", ago(46), never) }, func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", ago(45), never) }, "never used in the 46 days"},
		{"console-no-mfa", func(w *ward, _ awstest.Key) { w.iam.RemoveMFA("ann"); w.iam.SetLoginProfile("ann", now, now) }, func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", now, now) }, "no MFA"},
		{"key-and-password", func(w *ward, _ awstest.Key) { w.iam.SetLoginProfile("ann", now, now) }, nil, "console password"},
		{"user-no-mfa", func(w *ward, _ awstest.Key) { w.iam.RemoveMFA("ann") }, nil, "no MFA"},
		{"user-virtual-mfa", func(w *ward, _ awstest.Key) { w.iam.AddMFA("ann", "phone", "123456") }, nil, "may use an authenticator app (mfa/phone)"},
		{"setup-key", func(w *ward, k awstest.Key) {
			w.reimport(k, now)
			w.iam.SetLoginProfile("ann", now, now)
		}, func(w *ward, k awstest.Key) {
			w.iam.SetLoginProfile("ann", now, now)
		}, "never been used"},
		{"two-active-keys", func(w *ward, _ awstest.Key) { w.iam.AddKey("ann", now) }, func(w *ward, _ awstest.Key) { w.iam.SetKeyStatus(w.iam.AddKey("ann", now).ID, awstest.Inactive) }, "second active key"},
		{"inactive-key-kept", func(w *ward, _ awstest.Key) { w.iam.SetKeyStatus(w.iam.AddKey("ann", ago(91)).ID, awstest.Inactive) },
			func(w *ward, _ awstest.Key) { w.iam.SetKeyStatus(w.iam.AddKey("ann", ago(90)).ID, awstest.Inactive) }, "91 days old"},
		{"key-quarantined", func(w *ward, _ awstest.Key) {
			w.iam.SetPolicies("ann", []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine"}, nil)
		}, nil, "in public"},
		{"admin-attached", func(w *ward, _ awstest.Key) { w.iam.SetPolicies("ann", []string{testAdmin}, nil) },
			func(w *ward, _ awstest.Key) {
				w.iam.SetPolicies("ann", []string{"arn:aws:iam::123456789012:policy/AdministratorAccess"}, nil)
			}, "AdministratorAccess attached"},
		{"admin-attached", func(w *ward, _ awstest.Key) { w.iam.SetInline("ann", map[string]string{"all": testAllowAll}) },
			func(w *ward, _ awstest.Key) { w.iam.SetInline("ann", map[string]string{"most": testAllowMost}) }, "inline policy all"},
		{"policy-on-user", func(w *ward, _ awstest.Key) { w.iam.SetPolicies("ann", nil, []string{"mine"}) }, member, "mine (inline)"},
		{"admin-key", func(w *ward, k awstest.Key) { member(w, k); w.iam.SetGroupPolicies("g", []string{testAdmin}, nil) }, func(w *ward, k awstest.Key) {
			member(w, k)
			w.iam.SetGroupInline("g", map[string]string{"most": testAllowMost})
		}, "through group g"},
		{"admin-key", func(w *ward, k awstest.Key) {
			member(w, k)
			w.iam.SetGroupInline("g", map[string]string{"all": testAllowAll})
		}, nil, "through group g"},
		{"admin-perhaps", func(w *ward, k awstest.Key) {
			member(w, k)
			w.iam.SetGroupInline("g", map[string]string{"most": testAllowMost})
		}, func(w *ward, k awstest.Key) { member(w, k); w.iam.SetGroupPolicies("g", nil, []string{"little"}) }, "may be an administrator"},
		{"admin-no-mfa", func(w *ward, k awstest.Key) {
			member(w, k)
			w.iam.RemoveMFA("ann")
			w.iam.SetGroupInline("g", map[string]string{"all": testAllowAll})
		}, func(w *ward, k awstest.Key) {
			member(w, k)
			w.iam.RemoveMFA("ann")
			w.iam.SetGroupInline("g", map[string]string{"most": testAllowMost})
		}, "administrator and has no MFA"},
		{"signing-certificate", func(w *ward, _ awstest.Key) { w.iam.AddCertificate("ann", awstest.Certificate{ID: "ASCAX"}) },
			func(w *ward, _ awstest.Key) {
				w.iam.AddCertificate("ann", awstest.Certificate{Status: awstest.Inactive})
			}, "ASCAX"},
		{"service-credential", func(w *ward, _ awstest.Key) {
			w.iam.AddServiceCredential("ann", awstest.ServiceCredential{ID: "ACCAX", Service: "codecommit.amazonaws.com"})
		}, nil, "ACCAX"},
		{"bedrock-key", func(w *ward, _ awstest.Key) {
			w.iam.AddServiceCredential("ann", awstest.ServiceCredential{ID: "ACCAX", Service: "bedrock.amazonaws.com", Expires: now.Add(time.Hour)})
		}, func(w *ward, _ awstest.Key) {
			w.iam.AddServiceCredential("ann", awstest.ServiceCredential{Service: "bedrock.amazonaws.com", Expires: now.Add(-time.Hour)})
		}, "ACCAX"},
		{"root-key-in-account", func(w *ward, _ awstest.Key) { w.iam.AddRootKey("", now) }, nil, "root access key"},
		{"root-no-mfa", func(w *ward, _ awstest.Key) { w.iam.RemoveMFA("root") }, nil, "no MFA device"},
		{"root-virtual-mfa", func(w *ward, _ awstest.Key) { w.iam.AddMFA("root", "root-account-mfa-device", "1") },
			func(w *ward, _ awstest.Key) { w.iam.AddMFA("ann", "root", "1") }, "an authenticator app"},
		{"root-certificate", func(w *ward, _ awstest.Key) { w.iam.AddCertificate("root", awstest.Certificate{}) }, nil, "signing certificate of its root"},
		{"root-used", func(w *ward, _ awstest.Key) { w.rootUsed(now.Add(-23 * time.Hour)) }, func(w *ward, _ awstest.Key) { w.rootUsed(now.Add(-25 * time.Hour)) }, "23 hours ago, for console"},
		{"password-policy", func(w *ward, _ awstest.Key) { w.iam.SetPasswordPolicy("", nil) }, nil, "minimum length 8 (should be 14)"},
		{"password-expiry", func(w *ward, _ awstest.Key) { w.passwords(91) }, nil, "91 days"},
		{"unknown-account", func(w *ward, _ awstest.Key) { w.iam.Deny("ann", "iam:ListVirtualMFADevices") }, nil, "kind of the root user's MFA device: AWS denies iam:ListVirtualMFADevices"},
		{"unknown-facts", func(w *ward, _ awstest.Key) {
			w.iam.SetInline("ann", map[string]string{"p": "<xml/>"})
		}, nil, "unknown inline policy p: its text cannot be read"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, fires := range []bool{true, false} {
				w, k := kept(t, now)
				change := c.silent
				if fires {
					change = c.fires
				}
				if change != nil {
					change(w, k)
				}
				w.iam.MakeReport("")
				var texts []string
				if fires {
					texts = []string{c.what}
				}
				wantFinding(t, w.audit(now), c.rule, texts...)
			}
		})
	}
}

// Of a user that is kept well there is nothing to say but that there is a key.
func TestRulesSilent(t *testing.T) {
	now := time.Now()
	w, _ := kept(t, now)
	w.iam.MakeReport("")
	if r := w.audit(now); len(r.Findings) != 1 || r.Findings[0].Rule != "static-key" {
		t.Errorf("got %+v", r.Findings)
	}
}

// kept has one user with one young key, with nothing to be said against it.
func kept(t *testing.T, now time.Time) (*ward, awstest.Key) {
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	k := w.iam.AddKey("ann", now.AddDate(0, 0, -80))
	w.iam.SetLastUsed(k.ID, now.AddDate(0, 0, -1), "s3", "eu-west-1")
	w.iam.AddMFA("ann", "key", "")
	w.iam.AddMFA("root", "key", "")
	w.passwords(90)
	w.profile("a", k)
	return w, k
}

func (w *ward) passwords(maxAge int) {
	w.iam.SetPasswordPolicy("", &awstest.PasswordPolicy{MinLength: 14, Reuse: 24, MaxAge: maxAge, Symbols: true, Numbers: true, Uppercase: true, Lowers: true})
}

// reimport makes the key one that was created then and never used.
func (w *ward) reimport(k awstest.Key, created time.Time) {
	w.iam.DeleteKey(k.ID)
	w.creds.Reset()
	w.names = nil
	w.profile("a", w.iam.AddKey("ann", created))
}

func (w *ward) rootUsed(at time.Time) {
	w.iam.SetReportRow("root", map[string]string{"password_last_used": at.UTC().Format(time.RFC3339)})
}

// audit writes the file, reads it and judges what IAM says.
func (w *ward) audit(now time.Time) *report.Report {
	w.t.Helper()
	return w.auditBy(now, func(*Asker) {})
}

func (w *ward) auditBy(now time.Time, change func(*Asker)) *report.Report {
	w.t.Helper()
	paths := credfile.Paths{Credentials: filepath.Join(w.t.(*testing.T).TempDir(), "credentials")}
	if err := os.WriteFile(paths.Credentials, []byte(w.creds.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	set, err := credfile.Load(disk.OS{}, paths)
	if err != nil {
		w.t.Fatal(err)
	}
	q := w.asker()
	q.Set = set
	change(q)
	r := report.Audit(report.Input{Set: set, Online: q.Facts(w.t.Context(), 10*time.Second), Now: now})
	for _, f := range r.Findings {
		for _, line := range strings.Split(w.creds.String(), "\n") {
			if _, secret, ok := strings.Cut(line, "secret_access_key = "); ok && strings.Contains(f.What+f.Repair.String(), secret) {
				w.t.Errorf("a secret is in %+v", f)
			}
		}
	}
	return r
}

// wantFinding looks for one finding of a rule with these texts, or, without
// texts, for none.
func wantFinding(t *testing.T, r *report.Report, rule string, texts ...string) {
	t.Helper()
	found := 0
	for _, f := range r.Findings {
		if f.Rule != rule {
			continue
		}
		found++
		for _, text := range texts {
			if !strings.Contains(f.What+"\n"+f.Repair.String(), text) {
				t.Errorf("%s: %q is missing in %q, %q", rule, text, f.What, f.Repair.String())
			}
		}
	}
	if want := min(len(texts), 1); found != want {
		t.Errorf("%s: %d findings, want %d", rule, found, want)
	}
}
