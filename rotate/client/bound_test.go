package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
)

// A reply that does not end is given up, and tells nothing; one that is a page
// does not.
func TestReplyIsBounded(t *testing.T) {
	var sent atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "1")
		line := []byte(strings.Repeat("<!-- nothing -->", 4096))
		for r.Context().Err() == nil && sent.Load() < 64<<20 {
			n, err := w.Write(line)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer s.Close()
	a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL), Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	pair := credfile.Pair{ID: "AKIAOURKEYOF00000001", Secret: credfile.NewSecret("secret")}
	if _, err := a.Create(ctx, SignerOf(pair), "ann", NewToken()); ReplyOf(err) != ReplySilent || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	if n := sent.Load(); n > 16*MostReply {
		t.Errorf("%d bytes were read", n)
	}
}

// Nothing is sent with what is not exactly a key ID.
func TestSignerOfNoKeyID(t *testing.T) {
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer s.Close()
	a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL), Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	for _, id := range []string{"", "AKIAOURKEYOF00000001,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AKIAOURKEYOF00000001 "} {
		_, _, err := a.Identity(t.Context(), credfile.Pair{ID: id, Secret: credfile.NewSecret("secret")})
		if err == nil || calls.Load() > 0 || id != "" && strings.Contains(err.Error(), id) {
			t.Errorf("%q: %d calls, %v", id, calls.Load(), err)
		}
	}
}
