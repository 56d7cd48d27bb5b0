package rotate

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/rotate/client"
)

// A company's certificate authority, given by AWS_CA_BUNDLE or in the profile,
// and an endpoint of the profile's own.
func TestConnectBehindCA(t *testing.T) {
	for _, where := range []string{"environment", "profile", "nowhere"} {
		t.Run(where, func(t *testing.T) {
			w := newWorld(t)
			target, err := url.Parse(w.iam.URL())
			if err != nil {
				t.Fatal(err)
			}
			front := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host // it is signed
			}})
			front.Config.ErrorLog = log.New(io.Discard, "", 0) // the client that trusts nobody
			front.StartTLS()
			t.Cleanup(front.Close)
			bundle := filepath.Join(w.dir, "ca.pem")
			b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
			if err := os.WriteFile(bundle, b, 0o600); err != nil {
				t.Fatal(err)
			}
			settings := "region = us-east-1\nendpoint_url = " + front.URL + "\n"
			t.Setenv("AWS_CA_BUNDLE", "")
			switch where {
			case "environment":
				t.Setenv("AWS_CA_BUNDLE", bundle)
			case "profile":
				settings += "ca_bundle = " + bundle + "\n"
			}
			w.config = strings.Replace(w.config, "region = us-east-1\n", settings, 1)
			w.write(w.old.ID, w.old.Secret)
			o := w.options()
			o.Connect = client.Connect
			_, err = New(*o).Rotate(t.Context(), "default")
			if where == "nowhere" {
				if err == nil || !strings.Contains(err.Error(), "certificate") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.checkWorking()
			w.checkKeys(1)
		})
	}
}

// Keys in the environment never stand in for those of the file.
func TestConnectIgnoresEnvironmentKeys(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ENDPOINT_URL", w.iam.URL())
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAQAAAAAAAQAAAAAAA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", strings.Repeat("x", 40))
	o := w.options()
	o.Connect = client.Connect
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	if p := w.inFiles(); p.ID == w.old.ID {
		t.Error("not rotated")
	}
	w.checkWorking()
}
