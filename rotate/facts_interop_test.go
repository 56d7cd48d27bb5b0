package rotate

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
)

// A user with a group, made with the AWS CLI, is seen with them against moto; a
// policy of its own shows as such.
func TestInteropFacts(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	m.must(nil, "iam", "create-user", "--user-name", "dev", "--path", "/team/")
	m.must(nil, "iam", "put-user-policy", "--user-name", "dev", "--policy-name", "all",
		"--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "dev")
	id, secret := made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey
	m.env = []string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
	m.must(nil, "iam", "create-group", "--group-name", "administrators")
	// moto has the policies of AWS only where it is told to.
	const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	var policy struct{ Policy struct{ Arn string } }
	m.must(&policy, "iam", "create-policy", "--policy-name", "AdministratorAccess", "--policy-document", allowAll)
	m.must(nil, "iam", "attach-group-policy", "--group-name", "administrators", "--policy-arn", policy.Policy.Arn)
	m.must(nil, "iam", "add-user-to-group", "--group-name", "administrators", "--user-name", "dev")
	t.Setenv("AWS_ENDPOINT_URL", m.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	paths := credfile.Paths{Credentials: filepath.Join(m.home, "credentials"), Config: filepath.Join(m.home, "config")}
	text := "[dev]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	for path, text := range map[string]string{paths.Credentials: text, paths.Config: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() credfile.Online {
		set, err := credfile.Load(disk.OS{}, paths)
		if err != nil {
			t.Fatal(err)
		}
		q := &Asker{Set: set, Profiles: []string{"dev"}}
		return q.Facts(t.Context(), 30*time.Second)[id]
	}
	f := ask()
	if f.User == nil || f.User.Name != "dev" || !f.Created.Known() || f.Status.Value != "Active" {
		t.Fatalf("got %+v", f)
	}
	if g := f.User.Groups.Value; len(g) != 1 || g[0].Name != "administrators" || !slices.Contains(g[0].Attached.Value, policy.Policy.Arn) {
		t.Errorf("groups %+v", f.User.Groups)
	}
	if len(f.User.Attached.Value) != 0 || !slices.Equal(f.User.Inline.Value, []string{"all"}) || !f.User.MFA.Known() || !f.User.Console.Known() {
		t.Errorf("user %+v", f.User)
	}
	m.must(nil, "iam", "attach-user-policy", "--user-name", "dev", "--policy-arn", policy.Policy.Arn)
	if f = ask(); !slices.Contains(f.User.Attached.Value, policy.Policy.Arn) {
		t.Errorf("attached %+v", f.User.Attached)
	}
	if f.Account == nil || !f.Account.Root.Known() || !f.Account.Password.Known() {
		t.Errorf("account %+v", f.Account)
	}
}
