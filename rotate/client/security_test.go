package client

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

func TestSecurityContact(t *testing.T) {
	s, a, p, user, _ := trailWorld(t, "region = eu-west-1\n")
	a.config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	for _, want := range []bool{false, true} {
		s.SetSecurityContact("", want)
		if got, err := a.SecurityContact(t.Context(), SignerOf(p), user); err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	if c := s.Calls(); c[0].Region != "us-east-1" {
		t.Errorf("asked in %s", c[0].Region)
	}
	s.Deny("alice", "account:GetAlternateContact")
	if _, err := a.SecurityContact(t.Context(), SignerOf(p), user); ReplyOf(err) != ReplyDenied || DeniedAction(err) != "account:GetAlternateContact" {
		t.Errorf("denied: %v", err)
	}
	for kind, want := range map[awstest.FaultKind]Reply{awstest.FaultThrottle: ReplyBusy, awstest.FaultReset: ReplySilent, awstest.FaultPage: ReplySilent, awstest.FaultEmpty: ReplySilent} {
		s.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: kind} })
		if _, err := a.SecurityContact(t.Context(), SignerOf(p), user); ReplyOf(err) != want {
			t.Errorf("fault %d: %v", kind, err)
		}
	}
	user.ARN = strings.Replace(user.ARN, "arn:aws:", "arn:aws-us-gov:", 1) // it has no such service
	if _, err := a.SecurityContact(t.Context(), SignerOf(p), user); !errors.Is(err, errNoAccountService) {
		t.Errorf("another partition: %v", err)
	}
}

// Where IAM's address is set alone, AWS itself is asked neither for events nor for the
// contact with the keys of that IAM.
func TestSecurityContactOfAnotherIAM(t *testing.T) {
	s, _, p, user, _ := trailWorld(t, "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_IAM", s.URL())
	dir := t.TempDir()
	a, err := Connect(t.Context(), credfile.Paths{Credentials: filepath.Join(dir, "a"), Config: filepath.Join(dir, "b")}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.SecurityContact(t.Context(), SignerOf(p), user); !errors.Is(err, errNoAccountService) {
		t.Errorf("got %v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_ACCOUNT", s.URL())
	if _, err := a.SecurityContact(t.Context(), SignerOf(p), user); err != nil {
		t.Errorf("got %v", err)
	}
}
