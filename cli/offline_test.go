package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// offlineArgs names the variable in which the child of TestAuditOffline finds
// what to run.
const offlineArgs = "KEYCARE_TEST_OFFLINE"

// An offline audit, over profiles of all kinds, opens no connection, looks up no
// name and starts no program. Every way out leads to a listener that counts:
// endpoint, proxies, the services of containers and machines, Go's own client and
// resolver. That an online audit gets there shows that it would be seen.
func TestAuditOffline(t *testing.T) {
	home := t.TempDir()
	started := filepath.Join(home, "started")
	writeOffline(t, home, "credentials", `[default]
aws_access_key_id = AKIAZAVB57H55F3T4BKH
aws_secret_access_key = notARealSecretJustTheShapeOfOne000000000
[session]
aws_access_key_id = ASIAY34FZKBOKMUTVV7A
aws_secret_access_key = notARealSecretJustTheShapeOfOne000000000
aws_session_token = notARealToken
[canary]
aws_access_key_id = AKIASP2TPHJSQH3FJRUX
aws_secret_access_key = notARealSecretJustTheShapeOfOne000000001
`)
	writeOffline(t, home, "config", `[default]
region = eu-central-1
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = default
[profile role-of-machine]
role_arn = arn:aws:iam::123456789012:role/r
credential_source = Ec2InstanceMetadata
[profile role-of-container]
role_arn = arn:aws:iam::123456789012:role/r
credential_source = EcsContainer
[profile web]
role_arn = arn:aws:iam::123456789012:role/r
web_identity_token_file = `+filepath.Join(home, "token")+`
[profile process]
credential_process = touch `+started+`
[profile login]
login_session = arn:aws:iam::123456789012:root
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = r
[profile old-sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 123456789012
sso_role_name = r
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
[profile key-beside-process]
aws_access_key_id = AKIAQAAAAAAAQAAAAAAA
aws_secret_access_key = notARealSecretJustTheShapeOfOne000000002
credential_process = touch `+started+`
mfa_serial = arn:aws:iam::123456789012:mfa/phone
`)
	var reached atomic.Int32
	listener := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>")
	}))
	listener.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			reached.Add(1)
		}
	}
	listener.Start()
	defer listener.Close()

	for _, c := range []struct {
		args    string
		says    string
		reaches bool
	}{
		{"audit --offline", "12 profiles, 4 keys", false},
		{"audit --offline --format json --fail-on none", `"profiles": 12`, false},
		{"audit --offline --format markdown --profile role --profile sso --profile process", "3 profiles, 0 keys", false},
		{"audit --offline --dry-run", "would ask AWS nothing", false},
		{"audit --dry-run", "would ask AWS about key AKIAZAVB57H55F3T4BKH", false},
		{"audit --details", "key-rejected", true},
		{"audit --offline", "12 profiles, 4 keys", false}, // also with what the audit before has learned
	} {
		reached.Store(0)
		cmd := exec.CommandContext(t.Context(), testProgram(t), "-test.run=^TestAuditOfflineChild$")
		cmd.Env = append(environment(filepath.Join(home, "home"), listener.URL), offlineArgs+"="+c.args,
			"SYSTEMROOT="+os.Getenv("SYSTEMROOT"), "PATH="+os.Getenv("PATH"), "TMPDIR="+t.TempDir(),
			"HTTP_PROXY="+listener.URL, "HTTPS_PROXY="+listener.URL, "AWS_EC2_METADATA_DISABLED=false",
			"AWS_EC2_METADATA_SERVICE_ENDPOINT="+listener.URL, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+listener.URL)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", c.args, err, out)
		}
		if !strings.Contains(string(out), c.says) {
			t.Errorf("%s: no %q in\n%s", c.args, c.says, out)
		}
		if got := reached.Load() > 0; got != c.reaches {
			t.Errorf("%s: it opened %d connections\n%s", c.args, reached.Load(), out)
		}
		if _, err := os.Stat(started); err == nil {
			t.Errorf("%s: it started a program", c.args)
		}
	}
}

// TestAuditOfflineChild is run by TestAuditOffline in a process of its own, with
// Go's own client and resolver out of order.
func TestAuditOfflineChild(t *testing.T) {
	args := os.Getenv(offlineArgs)
	if args == "" {
		return
	}
	_ = os.Unsetenv(offlineArgs) // it is no setting
	offline := strings.Contains(args, "--offline")
	http.DefaultTransport = noNetwork{t, offline}
	http.DefaultClient = &http.Client{Transport: noNetwork{t, offline}}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		if offline {
			t.Errorf("a name is looked up at %s", address)
		}
		return nil, errNoNetwork
	}}
	if code := execute(t.Context(), testEnv(), strings.Fields(args)); code != exitOK && code != exitFindings {
		t.Errorf("exit code %d", code)
	}
}

// noNetwork is a transport that fails the test.
type noNetwork struct {
	t     *testing.T
	fails bool
}

var errNoNetwork = errors.New("there is no network here")

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.fails {
		n.t.Errorf("a request to %s", r.URL)
	}
	return nil, errNoNetwork
}

func writeOffline(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, "home", ".aws", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func testProgram(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
