package client

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
)

// Questions are asked again where that helps: not without a network, and for long
// where AWS wants fewer calls.
func TestAskingRetries(t *testing.T) {
	throttle := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Requestid", "r")
			w.WriteHeader(status)
			fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>m</Message></Error></ErrorResponse>", code)
		}
	}
	untrusted := throttle(200, "")
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "r")
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "<GetCallerIdentityResponse>")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	retryer := (&AWS{}).Asking().config.Retryer()
	for _, c := range []struct {
		desc     string
		answer   http.HandlerFunc // nil: nobody is there
		attempts int
	}{
		{"a certificate that nobody knows", untrusted, 1},
		{"nobody is there", nil, unreachableAttempts},
		{"throttled", throttle(400, "Throttling"), busyAttempts},
		{"throttled by status", throttle(429, "Odd"), busyAttempts},
		{"AWS is in trouble", throttle(500, "ServiceFailure"), otherAttempts},
		{"a reply that is cut", cut, otherAttempts},
		{"an answer", throttle(403, "AccessDenied"), 1},
	} {
		t.Run(c.desc, func(t *testing.T) {
			s := httptest.NewUnstartedServer(c.answer)
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.desc == "a certificate that nobody knows" {
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			url := s.URL
			if c.answer == nil {
				url = "http://" + testrun.Nobody(t)
			}
			a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: &url, Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
			_, err := sts.NewFromConfig(a.unsigned()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if err == nil {
				t.Fatal("no error")
			}
			attempt := 1
			for retryer.IsErrorRetryable(err) && attempt < retryer.MaxAttempts() {
				if _, ends := retryer.RetryDelay(attempt, err); ends != nil {
					break
				}
				attempt++
			}
			if attempt != c.attempts {
				t.Errorf("%d attempts, want %d, of %v", attempt, c.attempts, err)
			}
		})
	}
}

// Where no connection is made, as behind a firewall that drops all, the questions
// end and say so; a slow answer is waited for.
func TestFirstContact(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers the greeting of TLS
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	pair := credfile.Pair{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: credfile.NewSecret(strings.Repeat("x", 40))}
	ask := func(endpoint string, patience time.Duration) error {
		ctx, stop := firstContact(t.Context(), patience)
		defer stop()
		a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(endpoint)})
		_, _, err := a.Asking().Identity(ctx, pair)
		return Because(ctx, err)
	}
	if err := ask("https://"+mute.Addr().String(), 20*time.Millisecond); !errors.Is(err, errNoContact) || !Unreachable(err) {
		t.Errorf("got %v", err)
	}
	slow := func(patience time.Duration) error {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * patience):
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusForbidden)
		}))
		defer s.Close()
		return ask(s.URL, patience)
	}
	patience := 20 * time.Millisecond
	err = slow(patience)
	for errors.Is(err, errNoContact) && patience < 10*time.Second { // a busy machine may take longer to connect
		patience *= 8
		err = slow(patience)
	}
	if err == nil || errors.Is(err, errNoContact) {
		t.Errorf("a slow answer: %v", err)
	}
}
