package awstest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"keycare/rotate/awstest"
)

// only makes the requests of one action fail.
func only(action string, f awstest.Fault) func(awstest.Call) awstest.Fault {
	return func(c awstest.Call) awstest.Fault {
		if c.Action == action {
			return f
		}
		return awstest.Fault{}
	}
}

func TestFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  awstest.Fault
		effect bool
		code   string // "" : no API error
	}{
		"drop before":     {awstest.Fault{Kind: awstest.FaultDropBefore, Effect: true}, false, ""},
		"drop after":      {awstest.Fault{Kind: awstest.FaultDropAfter}, true, ""},
		"reset":           {awstest.Fault{Kind: awstest.FaultReset}, false, ""},
		"throttle":        {awstest.Fault{Kind: awstest.FaultThrottle}, false, "Throttling"},
		"internal":        {awstest.Fault{Kind: awstest.FaultInternal}, false, "ServiceFailure"},
		"internal, done":  {awstest.Fault{Kind: awstest.FaultInternal, Effect: true}, true, "ServiceFailure"},
		"unavailable":     {awstest.Fault{Kind: awstest.FaultUnavailable}, false, "ServiceUnavailable"},
		"deny":            {awstest.Fault{Kind: awstest.FaultDeny}, false, "AccessDenied"},
		"garbage":         {awstest.Fault{Kind: awstest.FaultGarbage}, true, ""},
		"proxy":           {awstest.Fault{Kind: awstest.FaultProxy}, false, ""},
		"error of choice": {awstest.Fault{Kind: awstest.FaultError, Status: 409, Code: "EntityTemporarilyUnmodifiable", Message: "wait"}, false, "EntityTemporarilyUnmodifiable"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newServer(t)
			s.AddUser(awstest.User{Name: "alice"})
			a := with(s, s.AddKey("alice", c.Now()))
			var mu sync.Mutex
			var hooks []int
			tt.fault.Before = func() {
				mu.Lock()
				defer mu.Unlock()
				hooks = append(hooks, len(s.Keys("alice")))
			}
			tt.fault.After = tt.fault.Before
			s.SetFault(only("CreateAccessKey", tt.fault))
			_, err := a.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
			if err == nil {
				t.Fatal("no error")
			}
			var api smithy.APIError
			if errors.As(err, &api) && tt.code != "" {
				wantCode(t, err, tt.code)
			} else if tt.code != "" {
				t.Errorf("error %v", err)
			}
			want := []int{1, 1}
			if tt.effect {
				want[1] = 2
			}
			mu.Lock()
			if !slices.Equal(hooks, want) {
				t.Errorf("keys at the hooks: %v, want %v", hooks, want)
			}
			mu.Unlock()
			if n := len(s.Calls()); n != 1 {
				t.Errorf("%d requests", n)
			}
			switch tt.fault.Kind {
			case awstest.FaultReset:
				if runtime.GOOS != "windows" && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("error %v", err)
				}
			case awstest.FaultDropBefore, awstest.FaultDropAfter:
				if !errors.Is(err, io.EOF) {
					t.Errorf("error %v", err)
				}
			case awstest.FaultDeny:
				if !strings.Contains(err.Error(), "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:CreateAccessKey on resource: user alice because no identity-based policy allows the iam:CreateAccessKey action") {
					t.Errorf("error %v", err)
				}
			}
			if _, err := a.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestLateRequest(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	a := with(s, s.AddKey("alice", c.Now()))
	wait, here, landed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.SetFault(func(awstest.Call) awstest.Fault {
		close(here)
		return awstest.Fault{
			Kind: awstest.FaultSlow, Wait: wait,
			Delay: func() { c.Add(time.Minute) },
			After: func() { close(landed) },
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-here; cancel() }()
	_, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	if !errors.Is(err, context.Canceled) || len(s.Keys("alice")) != 1 {
		t.Errorf("error %v", err)
	}
	close(wait)
	<-landed
	if keys := s.Keys("alice"); len(keys) != 2 || !keys[1].Created.Equal(c.Now()) {
		t.Errorf("keys %v", keys)
	}
}

func TestClose(t *testing.T) {
	s, err := awstest.Start(awstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", time.Now())
	here := make(chan struct{})
	s.SetFault(func(awstest.Call) awstest.Fault {
		close(here)
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: make(chan struct{})}
	})
	failed := make(chan error)
	go func() {
		_, err := with(s, k).CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{})
		failed <- err
	}()
	<-here
	s.Close()
	s.Close()
	if err := <-failed; err == nil || len(s.Keys("alice")) != 1 {
		t.Errorf("error %v", err)
	}
}

func TestUnsigned(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", c.Now())
	for auth, want := range map[string]string{
		"":        "MissingAuthenticationToken",
		"Bearer ": "IncompleteSignature",
		"AWS4-HMAC-SHA256 Credential=" + k.ID + "/20260301/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00":            "SignatureDoesNotMatch",
		"AWS4-HMAC-SHA256 Credential=" + k.ID + "/20260301/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=00": "SignatureDoesNotMatch",
		"AWS4-HMAC-SHA256 Credential=" + k.ID + "/20260302/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=00": "SignatureDoesNotMatch",
		"AWS4-HMAC-SHA256 Credential=" + k.ID + "/20260301/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00":  "SignatureDoesNotMatch",
		"AWS4-HMAC-SHA256 Credential=" + k.ID + "/iam, SignedHeaders=host;x-amz-date, Signature=00":                                 "IncompleteSignature",
	} {
		req, _ := http.NewRequest("POST", s.URL(), strings.NewReader("Action=GetUser&Version=2010-05-08"))
		if auth != "" {
			req.Header.Set("Authorization", auth)
		}
		req.Header.Set("X-Amz-Date", "20260301T120000Z")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(body), "<Code>"+want+"</Code>") {
			t.Errorf("%q: %s", auth, body)
		}
		if resp.Header.Get("Date") != "Sun, 01 Mar 2026 12:00:00 GMT" || resp.Header.Get("Content-Type") != "text/xml" || resp.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("headers %v", resp.Header)
		}
	}
}

func TestSkew(t *testing.T) {
	var late atomic.Bool
	s := awstest.New(t, awstest.Options{CheckSkew: true, Now: func() time.Time {
		if late.Load() {
			return time.Now().Add(6 * time.Minute)
		}
		return time.Now()
	}})
	s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", time.Now())
	_, err := with(s, k).who()
	wantCode(t, err, "")
	late.Store(true)
	_, err = with(s, k).who()
	wantCode(t, err, "SignatureDoesNotMatch")
}
