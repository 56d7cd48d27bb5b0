package rotate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/rotate/state"
)

// motoUser makes a user with a key, by the AWS CLI and the administrator's key.
func (m *moto) motoUser(name string) credfile.Pair {
	m.t.Helper()
	m.must(nil, "iam", "create-user", "--user-name", name, "--profile", "admin")
	m.must(nil, "iam", "put-user-policy", "--user-name", name, "--policy-name", "all", "--profile", "admin",
		"--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	return m.motoKey(name)
}

func (m *moto) motoKey(name string) credfile.Pair {
	m.t.Helper()
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", name, "--profile", "admin")
	return credfile.Pair{ID: made.AccessKey.AccessKeyId, Secret: credfile.NewSecret(made.AccessKey.SecretAccessKey)}
}

// motoKeys is what the CLI lists: the key IDs with their status.
func (m *moto) motoKeys(name string) map[string]string {
	m.t.Helper()
	var list struct {
		AccessKeyMetadata []struct{ AccessKeyId, Status string }
	}
	m.must(&list, "iam", "list-access-keys", "--user-name", name, "--profile", "admin")
	keys := map[string]string{}
	for _, k := range list.AccessKeyMetadata {
		keys[k.AccessKeyId] = k.Status
	}
	return keys
}

// The ways to rotate, against moto with its signature checks on; the AWS CLI
// makes the users and reads every result.
func TestInteropMotoWays(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	m.must(nil, "iam", "create-user", "--user-name", "admin")
	m.must(nil, "iam", "put-user-policy", "--user-name", "admin", "--policy-name", "all",
		"--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "admin")
	m.env = nil
	paths := credfile.Paths{Credentials: filepath.Join(m.home, ".aws", "credentials"), Config: filepath.Join(m.home, ".aws", "config")}
	section := func(header string, p credfile.Pair) string {
		return "[" + header + "]\naws_access_key_id = " + p.ID + "\naws_secret_access_key = " + p.Secret.Reveal() + "\n"
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	admin := section("admin", credfile.Pair{ID: made.AccessKey.AccessKeyId, Secret: credfile.NewSecret(made.AccessKey.SecretAccessKey)})
	write(paths.Credentials, admin)
	t.Setenv("AWS_ENDPOINT_URL", m.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_REGION", "us-east-1")
	options := func(t *testing.T) *Options {
		return &Options{
			Paths: paths, State: state.Folder{Dir: t.TempDir(), Disk: disk.OS{}}, Disk: disk.OS{}, Yes: true,
			Now: time.Now, Wait: realWait, Say: t.Logf,
		}
	}
	is := func(profile, user string) {
		t.Helper()
		var who struct{ Arn string }
		m.must(&who, "sts", "get-caller-identity", "--profile", profile)
		if !strings.HasSuffix(who.Arn, ":user/"+user) {
			t.Errorf("profile %s is %s for the AWS CLI, want user %s", profile, who.Arn, user)
		}
	}
	t.Run("deactivate", func(t *testing.T) {
		old := m.motoUser("dea")
		write(paths.Credentials, admin+section("dea", old))
		o := options(t)
		o.Retire = state.Deactivate
		if _, err := New(*o).Rotate(t.Context(), "dea"); err != nil {
			t.Fatal(err)
		}
		is("dea", "dea")
		if keys := m.motoKeys("dea"); len(keys) != 2 || keys[old.ID] != "Inactive" {
			t.Errorf("keys %v", keys)
		}
	})
	t.Run("inactive second key, both files", func(t *testing.T) {
		old := m.motoUser("two")
		second := m.motoKey("two")
		m.must(nil, "iam", "update-access-key", "--user-name", "two", "--access-key-id", second.ID, "--status", "Inactive", "--profile", "admin")
		write(paths.Credentials, admin+section("two", old))
		write(paths.Config, section("profile third", old)+"region = eu-west-1\n")
		if _, err := New(*options(t)).Rotate(t.Context(), "third"); err != nil {
			t.Fatal(err)
		}
		is("two", "two")
		is("third", "two")
		if keys := m.motoKeys("two"); len(keys) != 1 || keys[old.ID] != "" || keys[second.ID] != "" {
			t.Errorf("keys %v", keys)
		}
		write(paths.Config, "")
	})
	t.Run("grace", func(t *testing.T) {
		old := m.motoUser("gra")
		write(paths.Credentials, admin+section("gra", old))
		o := options(t)
		o.Grace = 24 * time.Hour
		if _, err := New(*o).Rotate(t.Context(), "gra"); err != nil {
			t.Fatal(err)
		}
		is("gra", "gra")
		if keys := m.motoKeys("gra"); len(keys) != 2 || keys[old.ID] != "Active" {
			t.Errorf("keys %v", keys)
		}
	})
	t.Run("several, signed by another profile", func(t *testing.T) {
		a, b := m.motoUser("ann"), m.motoUser("ben")
		write(paths.Credentials, admin+section("ann", a)+section("ben", b))
		o := options(t)
		o.Auth.Profile = "admin"
		results, err := New(*o).Rotate(t.Context(), "ann", "ben")
		if err != nil || len(results) != 2 {
			t.Fatal(results, err)
		}
		for _, name := range []string{"ann", "ben"} {
			is(name, name)
			keys := m.motoKeys(name)
			if len(keys) != 1 || !slices.ContainsFunc(results, func(r Result) bool { return keys[r.New] == "Active" }) {
				t.Errorf("keys of %s: %v", name, keys)
			}
		}
	})
}
