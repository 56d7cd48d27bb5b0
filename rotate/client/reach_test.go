package client

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile/disk/testrun"
)

// The look for the network is one question without a key: a refusal by whoever
// answers is an answer, no answer an error.
func TestReaches(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if signed := r.Header.Get("Authorization"); signed != "" {
			t.Errorf("the question is signed: %s", signed)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL)})
	if err := a.Reaches(t.Context()); err != nil || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	s.Close()
	a = FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String("http://" + testrun.Nobody(t))})
	if err := a.Reaches(t.Context()); err == nil {
		t.Error("nobody answers, and it is no error")
	}
}
