package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"keycare/rotate/awstest"
)

// What STS says of a key on its way back is another user, the same each time: no
// key of that user is made, and none comes into the file.
func TestIdentityOfAnotherUser(t *testing.T) {
	m := newMachine(t)
	bob := m.iam.AddUser(awstest.User{Name: "bob"})
	ann := m.iam.Users("")[slices.IndexFunc(m.iam.Users(""), func(u awstest.User) bool { return u.Name == "ann" })]
	target, err := url.Parse(m.iam.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", target.Host },
		ModifyResponse: func(r *http.Response) error {
			b, err := io.ReadAll(r.Body)
			if bytes.Contains(b, []byte("GetCallerIdentityResult")) {
				b = []byte(strings.NewReplacer(ann.ARN, bob.ARN, ann.ID, bob.ID).Replace(string(b)))
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
			r.Header.Set("Content-Length", strconv.Itoa(len(b)))
			r.ContentLength = int64(len(b))
			return err
		},
	})
	defer proxy.Close()
	m.env = append(m.env, "AWS_ENDPOINT_URL="+proxy.URL)
	out := m.run(exitFailed, "rotate", "work", "--yes", "--timeout", "5s")
	if !strings.Contains(out, "nothing was changed") || len(m.iam.Keys("bob")) > 0 {
		t.Errorf("bob has keys %v; it says %s", m.iam.Keys("bob"), out)
	}
	m.check()
}
