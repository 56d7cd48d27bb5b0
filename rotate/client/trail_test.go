package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
)

func TestAppID(t *testing.T) {
	token := NewToken()
	if len(token) != 16 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyz234567") != "" || token == NewToken() {
		t.Errorf("token %q", token)
	}
	for own, want := range map[string]string{
		"":                      token,
		"build":                 "build-" + token,
		strings.Repeat("a", 33): strings.Repeat("a", 33) + "-" + token,
		strings.Repeat("a", 34): strings.Repeat("a", 33) + "-" + token,
		strings.Repeat("a", 90): strings.Repeat("a", 33) + "-" + token,
	} {
		if got := appID(own, token); got != want || len(got) > mostAppID {
			t.Errorf("appID(%q) = %q, want %q", own, got, want)
		}
	}
}

// trailWorld is alice with a key, and a way to AWS as a profile has it.
func trailWorld(t *testing.T, config string) (*awstest.Server, *AWS, credfile.Pair, facts.Identity, time.Time) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	s := awstest.New(t, awstest.Options{Now: func() time.Time { return now }})
	u := s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", now.Add(-time.Hour))
	dir := t.TempDir()
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for path, text := range map[string]string{paths.Credentials: "[default]\n", paths.Config: "[default]\n" + config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", s.URL())
	t.Setenv("AWS_REGION", "")
	a, err := Connect(t.Context(), paths, "default")
	if err != nil {
		t.Fatal(err)
	}
	return s, a, credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)},
		facts.Identity{ARN: u.ARN, UserID: u.ID, Account: u.Account}, now
}

// CloudTrail names the key that a request made, by the token in its User-Agent,
// from the region in which it records IAM, whatever the profile's region.
func TestCreations(t *testing.T) {
	s, a, p, user, now := trailWorld(t, "region = us-east-1\nsdk_ua_app_id = build-farm\n")
	a.config.Region = "us-east-1"
	s.SetTrailDelay(5 * time.Minute)
	since := now.Add(-time.Minute)
	made := map[string]string{}
	for range 60 { // more than a page
		token := NewToken()
		got, err := a.Create(t.Context(), SignerOf(p), "alice", token)
		if err != nil {
			t.Fatal(err)
		}
		made[token] = got.ID
		s.DeleteKey(got.ID)
	}
	if got, err := a.Creations(t.Context(), SignerOf(p), user, since); err != nil || len(got) != 0 {
		t.Errorf("at once: %d events, %v", len(got), err)
	}
	s.SetTrailDelay(0)            // it is there by now
	a.config.Region = "eu-west-1" // where IAM's events are not
	got, err := a.Creations(t.Context(), SignerOf(p), user, since)
	if err != nil || len(got) != len(made) {
		t.Fatalf("%d events, %v", len(got), err)
	}
	for token, id := range made {
		n := 0
		for _, c := range got {
			if c.By(token) {
				n++
				if c.KeyID != id || !strings.Contains(c.UserAgent, "app/build-farm-"+token) {
					t.Errorf("%+v, want key %s", c, id)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d events name %s", n, token)
		}
	}
	if (Creation{UserAgent: "x"}).By("") {
		t.Error("no token names a request")
	}
	s.Deny("alice", "cloudtrail:LookupEvents")
	if _, err := a.Creations(t.Context(), SignerOf(p), user, since); ReplyOf(err) != ReplyDenied || DeniedAction(err) != "cloudtrail:LookupEvents" {
		t.Errorf("denied: %v", err)
	}
	s.Allow("alice")
	s.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: awstest.FaultThrottle} })
	a.config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if _, err := a.Creations(t.Context(), SignerOf(p), user, since); ReplyOf(err) != ReplyBusy {
		t.Errorf("throttled: %v", err)
	}
}

// Where IAM's address is set alone, CloudTrail of that IAM is not known: AWS's
// own is not asked with its keys.
func TestCreationsOfAnotherIAM(t *testing.T) {
	s, _, p, user, now := trailWorld(t, "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_IAM", s.URL())
	dir := t.TempDir()
	a, err := Connect(t.Context(), credfile.Paths{Credentials: filepath.Join(dir, "a"), Config: filepath.Join(dir, "b")}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Creations(t.Context(), SignerOf(p), user, now); err != errNoTrail {
		t.Errorf("got %v", err)
	}
	user.ARN = strings.Replace(user.ARN, "arn:aws:", "arn:aws-iso:", 1)
	if _, err := a.Creations(t.Context(), SignerOf(p), user, now); err != errNoTrail {
		t.Errorf("another partition: %v", err)
	}
}

func TestCreation(t *testing.T) {
	for record, want := range map[string]string{
		`{"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","responseElements":{"accessKey":{"accessKeyId":"K"}}}`:                 "K",
		`{"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","errorCode":"LimitExceeded","responseElements":null}`:                  "",
		`{"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","errorCode":"X","responseElements":{"accessKey":{"accessKeyId":"K"}}}`: "",
		`{"eventSource":"iam.amazonaws.com","eventName":"UpdateAccessKey","responseElements":{"accessKey":{"accessKeyId":"K"}}}`:                 "",
		`{"eventSource":"example.com","eventName":"CreateAccessKey","responseElements":{"accessKey":{"accessKeyId":"K"}}}`:                       "",
		`{`: "", ``: "",
	} {
		if got := creation(record); got.KeyID != want {
			t.Errorf("%s: %+v", record, got)
		}
	}
}

// A role of --auth-profile is asked for where the profile's calls go.
func TestProfileSignerEndpoint(t *testing.T) {
	s, _, p, _, _ := trailWorld(t, "")
	role := s.AddRole("", "deployer")
	dir := t.TempDir()
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for name, c := range map[string]struct{ env, setting string }{
		"AWS_ENDPOINT_URL": {s.URL(), ""},
		"endpoint_url":     {"", "endpoint_url = " + s.URL() + "\n"},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.env)
		text := "[profile admin]\nregion = us-east-1\nrole_arn = " + role + "\nsource_profile = base\n" + c.setting
		key := "[base]\naws_access_key_id = " + p.ID + "\naws_secret_access_key = " + p.Secret.Reveal() + "\n"
		if err := os.WriteFile(paths.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(paths.Credentials, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		s.ResetCalls()
		if _, id, err := ProfileSigner(t.Context(), paths, "admin", nil); err != nil || !strings.HasPrefix(id, "ASIA") {
			t.Errorf("%s: %q, %v; calls %v", name, id, err, s.Actions())
		}
	}
}

// Neither a profile nor a role's source profile signs with a key ID that has a
// secret behind it: the ID goes out in clear.
func TestProfileSignerOfNoKeyID(t *testing.T) {
	s, _, p, _, _ := trailWorld(t, "")
	t.Setenv("AWS_ENDPOINT_URL", s.URL())
	dir := t.TempDir()
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(paths.Config, "[profile admin]\nrole_arn = "+s.AddRole("", "deployer")+"\nsource_profile = base\n")
	write(paths.Credentials, "[base]\naws_access_key_id = "+p.ID+","+p.Secret.Reveal()+"\naws_secret_access_key = "+p.Secret.Reveal()+"\n")
	s.ResetCalls()
	for _, profile := range []string{"base", "admin"} {
		_, _, err := ProfileSigner(t.Context(), paths, profile, nil)
		if err == nil || strings.Contains(err.Error(), p.Secret.Reveal()) || len(s.Calls()) > 0 {
			t.Errorf("%s: %d calls", profile, len(s.Calls()))
		}
	}
}
