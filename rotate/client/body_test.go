package client

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
)

type doer func(*http.Request) (*http.Response, error)

func (do doer) Do(r *http.Request) (*http.Response, error) { return do(r) }

// A request whose reply came before the transport knew that its body was at the end is
// no failed one: net/http copies what is left after the SDK has closed it.
func TestBodyThatIsClosed(t *testing.T) {
	asked := false
	a := FromConfig(aws.Config{Region: DefaultRegion, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
			asked = true
			if n, err := io.Copy(io.Discard, io.LimitReader(r.Body, r.ContentLength)); err != nil || n != r.ContentLength || n == 0 {
				t.Errorf("%d bytes of %d, %v", n, r.ContentLength, err)
			}
			r.Body.Close()
			if n, err := io.Copy(io.Discard, r.Body); err != nil || n > 0 {
				t.Errorf("of the closed body %d bytes, %v", n, err)
			}
			return nil, errors.New("no reply")
		})})
	_, _, err := a.Identity(t.Context(), credfile.Pair{ID: "AKIAOURKEYOF00000001", Secret: credfile.NewSecret("secret")})
	if !asked || err == nil {
		t.Errorf("asked %v, %v", asked, err)
	}
}
