package rotate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/state"
)

// moto is a moto server with its signature checks on, and the AWS CLI.
type moto struct {
	t    *testing.T
	url  string
	home string
	env  []string // beside the home's
}

// setupActions is how many calls moto takes without looking at their keys: a
// user, its policy and its key have to be made first.
const setupActions = 3

func startMoto(t *testing.T) *moto {
	t.Helper()
	testrun.Long(t)
	for tool, flag := range map[string]string{"moto_server": "--help", "aws": "--version"} {
		if err := exec.CommandContext(t.Context(), tool, flag).Run(); err != nil {
			t.Skipf("SKIPPED: %s does not run here (%v), so nothing is tried against it", tool, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	m := &moto{t: t, url: fmt.Sprintf("http://127.0.0.1:%d", port), home: t.TempDir()}
	cmd := exec.CommandContext(t.Context(), "moto_server", "-H", "127.0.0.1", "-p", fmt.Sprint(port))
	cmd.Env = append(os.Environ(), fmt.Sprintf("INITIAL_NO_AUTH_ACTION_COUNT=%d", setupActions))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	deadline := time.After(60 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		if r, err := http.Get(m.url + "/moto-api/"); err == nil {
			_ = r.Body.Close()
			tick.Stop()
			return m
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("moto_server did not start within 60 s")
		}
	}
}

// aws runs the AWS CLI in the test's home and decodes its answer.
func (m *moto) aws(out any, args ...string) error {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "aws", args...)
	cmd.Env = []string{"HOME=" + m.home, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + m.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER="}
	cmd.Env = append(cmd.Env, m.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("aws %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

func (m *moto) must(out any, args ...string) {
	m.t.Helper()
	if err := m.aws(out, args...); err != nil {
		m.t.Fatal(err)
	}
}

func TestInteropMotoAndCLI(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	m.must(nil, "iam", "create-user", "--user-name", "bob", "--path", "/team/")
	m.must(nil, "iam", "put-user-policy", "--user-name", "bob", "--policy-name", "all",
		"--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "bob")
	m.env = nil

	old := made.AccessKey
	paths := credfile.Paths{Credentials: filepath.Join(m.home, ".aws", "credentials"), Config: filepath.Join(m.home, ".aws", "config")}
	pair := "aws_access_key_id = " + old.AccessKeyId + "\r\naws_secret_access_key = " + old.SecretAccessKey + "\r\n"
	w := &world{t: t, paths: paths, credentials: "; kept\r\n[work]\r\n" + pair + "\r\n[again]\r\n" + pair}
	if err := os.MkdirAll(filepath.Dir(paths.Credentials), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{paths.Credentials: w.credentials, paths.Config: "[profile work]\nregion = eu-central-1\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", m.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	o := &Options{
		Paths: paths, State: state.Folder{Dir: t.TempDir(), Disk: disk.OS{}}, Disk: disk.OS{}, Yes: true,
		Now: time.Now, Wait: realWait, Say: t.Logf,
	}
	var who struct{ Arn string }
	m.must(&who, "sts", "get-caller-identity", "--profile", "work")
	before := who.Arn
	results, err := New(*o).Rotate(t.Context(), "work")
	if err != nil {
		t.Fatal(err)
	}
	res := results[0]
	for _, profile := range []string{"work", "again"} {
		m.must(&who, "sts", "get-caller-identity", "--profile", profile)
		if who.Arn != before || !strings.HasSuffix(who.Arn, ":user/team/bob") {
			t.Errorf("profile %s is %s for the AWS CLI, was %s", profile, who.Arn, before)
		}
	}
	var list struct {
		AccessKeyMetadata []struct{ AccessKeyId, Status string }
	}
	m.must(&list, "iam", "list-access-keys", "--user-name", "bob", "--profile", "work")
	if len(list.AccessKeyMetadata) != 1 || list.AccessKeyMetadata[0].AccessKeyId != res.New {
		t.Errorf("bob's keys are %+v, want the new key %s alone", list.AccessKeyMetadata, res.New)
	}
	oldFile := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(oldFile, []byte("[work]\n"+pair), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = []string{"AWS_SHARED_CREDENTIALS_FILE=" + oldFile}
	if err := m.aws(nil, "sts", "get-caller-identity", "--profile", "work"); err == nil || !strings.Contains(err.Error(), "InvalidClientTokenId") {
		t.Errorf("the old key is not refused as a key that is gone: %v", err)
	}
	set := credfile.NewSet(paths, w.read(paths.Credentials), w.read(paths.Config))
	p, err := set.PairAt(credfile.CredentialsFile, "work")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(old.AccessKeyId, p.ID, old.SecretAccessKey, p.Secret.Reveal()).Replace(w.credentials)
	if got := w.read(paths.Credentials); got != want {
		t.Errorf("credentials are\n%q\nwant\n%q", got, want)
	}
}

// realWait waits by the real clock, as a real IAM does.
func realWait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
