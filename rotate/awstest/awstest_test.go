package awstest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"keycare/rotate/awstest"
)

// clock is a time that only moves when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newServer(t *testing.T) (*awstest.Server, *clock) {
	c := newClock()
	return awstest.New(t, awstest.Options{Now: c.Now}), c
}

type client struct {
	*iam.Client
	sts *sts.Client
}

func dial(s *awstest.Server, region, id, secret, token string) client {
	cfg := aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(s.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   awshttp.NewBuildableClient(),
	}
	return client{iam.NewFromConfig(cfg), sts.NewFromConfig(cfg)}
}

func with(s *awstest.Server, k awstest.Key) client { return dial(s, "us-east-1", k.ID, k.Secret, "") }

func withSession(s *awstest.Server, c awstest.Session) client {
	return dial(s, "us-east-1", c.ID, c.Secret, c.Token)
}

func (c client) who() (string, error) {
	out, err := c.sts.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func (c client) list(t *testing.T, user *string) []string {
	t.Helper()
	out, err := c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range out.AccessKeyMetadata {
		ids = append(ids, *k.AccessKeyId+" "+string(k.Status))
	}
	return ids
}

func (c client) create(t *testing.T, user string) awstest.Key {
	t.Helper()
	out, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		t.Fatal(err)
	}
	return awstest.Key{ID: *out.AccessKey.AccessKeyId, Secret: *out.AccessKey.SecretAccessKey}
}

// wantCode checks the API error code; "" means none.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case code == "" && err == nil:
	case code != "" && errors.As(err, &api) && api.ErrorCode() == code:
	default:
		t.Errorf("error is %v, want code %q", err, code)
	}
}

func TestCycle(t *testing.T) {
	s, c := newServer(t)
	alice := s.AddUser(awstest.User{Path: "/dev/eu/", Name: "alice"})
	old := s.AddKey("alice", c.Now().AddDate(0, 0, -100))
	ctx, a := t.Context(), with(s, old)

	id, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *id.Arn != "arn:aws:iam::123456789012:user/dev/eu/alice" || *id.UserId != alice.ID || *id.Account != "123456789012" || *id.Arn != alice.ARN {
		t.Errorf("identity %s %s %s", *id.Arn, *id.UserId, *id.Account)
	}
	if got := a.list(t, nil); !slices.Equal(got, []string{old.ID + " Active"}) {
		t.Errorf("keys %v", got)
	}
	fresh := a.create(t, "alice")
	if len(fresh.Secret) != 40 || len(fresh.ID) != 20 || !strings.HasPrefix(fresh.ID, "AKIA") || strings.Trim(fresh.ID[4:5], "QRSTUVWXYZ234567") != "" {
		t.Errorf("odd key %s", fresh.ID)
	}
	info, err := a.sts.GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIASP2TPHJSQH3FJRUX")})
	if err != nil || *info.Account != "171436882533" {
		t.Errorf("account of a foreign key: %v %v", info, err)
	}
	_, err = a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	wantCode(t, err, "LimitExceeded")

	b := with(s, fresh)
	if arn, err := b.who(); arn != alice.ARN {
		t.Errorf("new key is %s, %v", arn, err)
	}
	_, err = b.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &old.ID, Status: types.StatusTypeInactive})
	wantCode(t, err, "")
	_, err = a.who()
	wantCode(t, err, "InvalidClientTokenId")
	del := &iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &old.ID}
	_, err = b.DeleteAccessKey(ctx, del)
	wantCode(t, err, "")
	_, err = b.DeleteAccessKey(ctx, del)
	wantCode(t, err, "NoSuchEntity")
	var gone *types.NoSuchEntityException
	if !errors.As(err, &gone) || gone.ErrorMessage() != "The Access Key with id "+old.ID+" cannot be found." {
		t.Errorf("message %v", err)
	}
	_, err = a.ListUsers(ctx, &iam.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId")

	if _, ok := s.Works(old.ID, old.Secret); ok {
		t.Error("a deleted key works")
	}
	if arn, ok := s.Works(fresh.ID, fresh.Secret); !ok || arn != alice.ARN {
		t.Error("the new key does not work")
	}
	if keys := s.Keys("alice"); len(keys) != 1 || keys[0].ID != fresh.ID || !keys[0].Created.Equal(c.Now()) || keys[0].Service != "iam" {
		t.Errorf("keys %+v", keys)
	}
	calls := s.Calls()
	if calls[0].Action != "GetCallerIdentity" || calls[0].KeyID != old.ID || calls[0].Service != "sts" || calls[0].Status != 200 || calls[2].N != 2 {
		t.Errorf("call log %+v", calls[:3])
	}
	s.ResetCalls()
	a.who()
	if calls := s.Calls(); len(calls) != 1 || calls[0].N != 0 || calls[0].Code != "InvalidClientTokenId" {
		t.Errorf("call log %+v", calls)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %s %q", fresh, []awstest.Key{fresh}, &fresh, fresh, awstest.Session{Key: fresh, Token: fresh.Secret}), fresh.Secret) {
		t.Error("a secret is printed")
	}
}

func TestPropagation(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	a := with(s, s.AddKey("alice", c.Now()))
	s.SetPropagation(2*time.Second, 5*time.Second)
	k := a.create(t, "alice")
	b := with(s, k)
	for _, step := range []struct {
		after    time.Duration
		sts, iam string
	}{{0, "InvalidClientTokenId", "InvalidClientTokenId"}, {2 * time.Second, "", "InvalidClientTokenId"}, {3 * time.Second, "", ""}} {
		c.Add(step.after)
		_, err := b.who()
		wantCode(t, err, step.sts)
		_, err = b.GetUser(t.Context(), &iam.GetUserInput{})
		wantCode(t, err, step.iam)
		if _, ok := s.Works(k.ID, k.Secret); ok != (step.iam == "") {
			t.Errorf("works: %v after %v", ok, step.after)
		}
		if _, ok := s.Valid(k.ID, k.Secret); !ok {
			t.Error("not valid")
		}
	}

	// Flapping: every other question is answered with no.
	s.SetVisible(func(v awstest.View) bool { return !v.ByAPI || v.Service == "iam" || v.Seen%2 == 1 })
	var got []string
	for range 3 {
		_, err := b.who()
		got = append(got, fmt.Sprint(err == nil))
	}
	_, err := b.GetUser(t.Context(), &iam.GetUserInput{})
	wantCode(t, err, "")
	if !slices.Contains(got, "true") || !slices.Contains(got, "false") {
		t.Errorf("no flapping: %v", got)
	}
	s.SetVisible(nil)

	s.SetRevocationDelay(time.Minute)
	s.SetListDelay(10 * time.Second)
	c.Add(time.Hour)
	s.DeleteKey(k.ID)
	if arn, _ := b.who(); arn == "" {
		t.Error("a deleted key is refused at once")
	}
	if got := a.list(t, nil); len(got) != 2 {
		t.Errorf("stale list %v", got)
	}
	c.Add(10 * time.Second)
	n := a.create(t, "alice")
	if got := a.list(t, nil); len(got) != 1 || strings.HasPrefix(got[0], n.ID) {
		t.Errorf("list %v", got)
	}
	s.SetKeyStatus(n.ID, awstest.Inactive)
	c.Add(time.Minute)
	_, err = b.who()
	wantCode(t, err, "InvalidClientTokenId")
	if got := a.list(t, nil); !slices.Contains(got, n.ID+" Inactive") {
		t.Errorf("list %v", got)
	}
}

func TestSignature(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", c.Now())
	_, err := dial(s, "us-east-1", k.ID, strings.Repeat("x", 40), "").who()
	wantCode(t, err, "SignatureDoesNotMatch")
	_, err = dial(s, "us-east-1", "AKIAQAAAAAAAQAAAAAAA", k.Secret, "").who()
	wantCode(t, err, "InvalidClientTokenId")
	_, err = dial(s, "us-east-1", k.ID, k.Secret, "token").who()
	wantCode(t, err, "InvalidClientTokenId")
	_, err = dial(s, "eu-central-1", k.ID, k.Secret, "").who()
	wantCode(t, err, "")
	if keys := s.Keys("alice"); keys[0].Region != "eu-central-1" || keys[0].Service != "sts" {
		t.Errorf("last use %+v", keys[0])
	}
	_, err = dial(s, "cn-north-1", k.ID, k.Secret, "").GetUser(t.Context(), &iam.GetUserInput{})
	wantCode(t, err, "SignatureDoesNotMatch")
	loose := awstest.New(t, awstest.Options{AnyRegion: true})
	loose.AddUser(awstest.User{Name: "alice"})
	loose.ImportKey("alice", k, c.Now())
	_, err = dial(loose, "eu-central-1", k.ID, k.Secret, "").GetUser(t.Context(), &iam.GetUserInput{})
	wantCode(t, err, "")

	s.AddAccount("210987654321", "aws-cn")
	s.AddUser(awstest.User{Account: "210987654321", Name: "bo"})
	n := s.AddKey("210987654321:bo", c.Now())
	out, err := dial(s, "cn-north-1", n.ID, n.Secret, "").GetUser(t.Context(), &iam.GetUserInput{})
	if err != nil || *out.User.Arn != "arn:aws-cn:iam::210987654321:user/bo" {
		t.Errorf("user %v %v", out, err)
	}
	_, err = with(s, k).GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("bo")})
	wantCode(t, err, "NoSuchEntity")
	_, err = with(s, k).GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &n.ID})
	wantCode(t, err, "AccessDenied")
}
