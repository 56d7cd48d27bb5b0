package rotate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/report"
	"keycare/rotate/ask"
)

// What the AWS CLI sets up at moto shows as findings of the report: an
// administrator through a group, the same policy on the user itself, inline
// policies, a password, a certificate.
func TestInteropFacts(t *testing.T) {
	t.Setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	m.must(nil, "iam", "create-user", "--user-name", "dev", "--path", "/team/")
	m.must(nil, "iam", "put-user-policy", "--user-name", "dev", "--policy-name", "all", "--policy-document", allowAll)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "dev")
	id, secret := made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey
	m.env = []string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
	t.Setenv("AWS_ENDPOINT_URL", m.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	paths := credfile.Paths{Credentials: filepath.Join(m.home, "credentials"), Config: filepath.Join(m.home, "config")}
	text := "[dev]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	for path, text := range map[string]string{paths.Credentials: text, paths.Config: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	audit := func() *report.Report {
		t.Helper()
		set, err := credfile.Load(disk.OS{}, paths)
		if err != nil {
			t.Fatal(err)
		}
		q := &ask.Asker{Set: set, Profiles: []string{"dev"}}
		facts := q.Facts(t.Context(), 30*time.Second)
		if f := facts[id]; f.User == nil || !f.Created.Known() || f.Status.Value != "Active" || !f.Account.Root.Known() || !f.Account.Password.Known() {
			t.Fatalf("got %+v", f)
		}
		return report.Audit(report.Input{Set: set, Online: facts, Now: time.Now()})
	}
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"

	// The user of the story: administrator through a group, and nothing of its own.
	m.must(nil, "iam", "create-group", "--group-name", "administrators")
	m.must(nil, "iam", "attach-group-policy", "--group-name", "administrators", "--policy-arn", admin)
	m.must(nil, "iam", "add-user-to-group", "--group-name", "administrators", "--user-name", "dev")
	r := audit()
	wantFinding(t, r, "admin-key", "user dev", "through group administrators", "fewer permissions")
	wantFinding(t, r, "admin-attached", "through its inline policy all", "delete-user-policy --user-name dev --policy-name all")
	m.must(nil, "iam", "delete-user-policy", "--user-name", "dev", "--policy-name", "all")
	r = audit()
	wantFinding(t, r, "admin-key", "through group administrators")
	wantFinding(t, r, "admin-no-mfa", "user dev")
	wantFinding(t, r, "unknown-account", facts.NoReport, "aws iam generate-credential-report --profile dev")
	for _, rule := range []string{"admin-attached", "policy-on-user", "admin-perhaps", "signing-certificate", "console-no-mfa", "key-and-password"} {
		wantFinding(t, r, rule)
	}

	m.must(nil, "iam", "attach-user-policy", "--user-name", "dev", "--policy-arn", admin)
	m.must(nil, "iam", "attach-user-policy", "--user-name", "dev", "--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess")
	m.must(nil, "iam", "put-group-policy", "--group-name", "administrators", "--policy-name", "most", "--policy-document", allowMost)
	m.must(nil, "iam", "create-login-profile", "--user-name", "dev", "--password", "notARealPassword-0")
	m.must(nil, "iam", "upload-signing-certificate", "--user-name", "dev", "--certificate-body", "file://"+certificate(t, m.home))
	m.must(nil, "iam", "generate-credential-report")
	r = audit()
	wantFinding(t, r, "unknown-account", "the credential report has no line for root") // moto's has none
	wantFinding(t, r, "admin-attached", "AdministratorAccess attached directly", "detach-user-policy --user-name dev --policy-arn "+admin)
	wantFinding(t, r, "policy-on-user", "ReadOnlyAccess")
	wantFinding(t, r, "admin-perhaps", "inline policy most of group administrators")
	wantFinding(t, r, "console-no-mfa", "user dev")
	wantFinding(t, r, "key-and-password", id)
	wantFinding(t, r, "signing-certificate", "active signing certificate", "delete-signing-certificate --user-name dev")
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

const (
	allowAll  = `{"Version":"2012-10-17","Statement":[{"Sid":"100% + more","Effect":"Allow","Action":"*","Resource":"*"}]}`
	allowMost = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`
)

// certificate makes a certificate and returns its file.
func certificate(t *testing.T, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dev"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
