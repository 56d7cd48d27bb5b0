package client

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile/disk/testrun"
)

// The look for the network is one question without a key: a refusal by whoever
// answers is an answer, no answer an error.
func TestReaches(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if signed := r.Header.Get("Authorization"); signed != "" {
			t.Errorf("the question is signed: %s", signed)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL)})
	if err := a.Reaches(t.Context()); err != nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	s.Close()
	a = FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String("http://" + testrun.Nobody(t))})
	if err := a.Reaches(t.Context()); err == nil {
		t.Error("nobody answers, and it is no error")
	}
}
