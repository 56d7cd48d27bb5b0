package rotate

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/rotate/ask"
)

// What the AWS CLI sets up at moto of policies of the account's own is read: the version
// in force, of the user and of its group. Moto has no simulation, no event history and
// no use of services: that is unknown, and said to be. It keeps no boundary of a user.
func TestInteropDeep(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	m.must(nil, "iam", "create-user", "--user-name", "setup")
	m.must(nil, "iam", "put-user-policy", "--user-name", "setup", "--policy-name", "all", "--policy-document", allowAll)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "setup")
	m.env = []string{"AWS_ACCESS_KEY_ID=" + made.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + made.AccessKey.SecretAccessKey}
	policy := func(name, document string) string {
		var made struct{ Policy struct{ Arn string } }
		m.must(&made, "iam", "create-policy", "--policy-name", name, "--path", "/team/", "--policy-document", document)
		return made.Policy.Arn
	}
	const some = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`
	own, little := policy("own", some), policy("little", some)
	m.must(nil, "iam", "create-policy-version", "--policy-arn", own, "--policy-document", allowAll, "--set-as-default")
	m.must(nil, "iam", "create-policy-version", "--policy-arn", little, "--policy-document", allowAll, "--no-set-as-default")
	m.must(nil, "iam", "create-user", "--user-name", "dev")
	m.must(nil, "iam", "attach-user-policy", "--user-name", "dev", "--policy-arn", own)
	m.must(nil, "iam", "create-group", "--group-name", "ops")
	m.must(nil, "iam", "attach-group-policy", "--group-name", "ops", "--policy-arn", little)
	m.must(nil, "iam", "add-user-to-group", "--group-name", "ops", "--user-name", "dev")
	m.must(&made, "iam", "create-access-key", "--user-name", "dev")
	t.Setenv("AWS_ENDPOINT_URL", m.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	paths := credfile.Paths{Credentials: filepath.Join(m.home, "credentials"), Config: filepath.Join(m.home, "config")}
	text := "[dev]\naws_access_key_id = " + made.AccessKey.AccessKeyId + "\naws_secret_access_key = " + made.AccessKey.SecretAccessKey + "\n"
	for path, text := range map[string]string{paths.Credentials: text, paths.Config: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := credfile.Load(disk.OS{}, paths)
	if err != nil {
		t.Fatal(err)
	}
	f := (&ask.Asker{Set: set, Profiles: []string{"dev"}, Deep: true}).Facts(t.Context(), 2*time.Minute)[made.AccessKey.AccessKeyId]
	u := f.User
	if u == nil {
		t.Fatalf("got %+v", f)
	}
	for arn, want := range map[string]facts.Grants{own: facts.GrantsAll, little: facts.GrantsSome} {
		if g := u.Managed[arn]; !g.Known() || g.Value != want {
			t.Errorf("%s: %q, %s", arn, g.Value, g.Why())
		}
	}
	if b := u.Boundary; !b.Known() || b.Value.ARN != "" {
		t.Errorf("boundary %+v", b)
	}
	for what, a := range map[string]interface {
		Known() bool
		Lost() bool
		Why() string
	}{"activity": f.Activity, "powers": u.Powers, "access": u.Access} {
		if !a.Known() && !a.Lost() {
			t.Errorf("%s: %q", what, a.Why())
		}
	}
	if c := f.Account.SecurityContact; !c.Known() || c.Value {
		t.Errorf("contact: %v, %s", c.Value, c.Why())
	}
}
