package credfile

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// conformance returns a file of the shared conformance data, or skips.
func conformance(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("KEYCARE_CONFORMANCE_DIR")
	if dir == "" {
		t.Skip("SKIPPED: KEYCARE_CONFORMANCE_DIR is not set, so the conformance data is not read")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type readingCase struct {
	ID, Desc, Profile string
	Credentials       []byte `json:"credentials_b64"`
	Config            []byte `json:"config_b64"`
	Readers           map[string]struct{ ID, Secret, Token, Error string }
}

func readingCases(t testing.TB) []readingCase {
	t.Helper()
	var d struct{ Cases []readingCase }
	if err := json.Unmarshal(conformance(t, "readings.json"), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Cases) == 0 {
		t.Fatal("readings.json has no cases")
	}
	return d.Cases
}

var _ = base64.StdEncoding

// writeSet writes both texts to a temporary folder.
func writeSet(t testing.TB, credentials, config string) Paths {
	t.Helper()
	dir := t.TempDir()
	p := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for path, text := range map[string]string{p.Credentials: credentials, p.Config: config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestReadings(t *testing.T) {
	for _, c := range readingCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			p := writeSet(t, string(c.Credentials), string(c.Config))
			s := NewSet(p, string(c.Credentials), string(c.Config))
			check := func(reader string, got Reading) {
				t.Helper()
				want := c.Readers[reader]
				if want.ID == "" && want.Secret == "" {
					if got.None == "" {
						t.Errorf("%s: %s: read %q, want nothing (%s)", c.Desc, reader, got.Pair.ID, want.Error)
					}
					return
				}
				if got.None != "" || got.Pair.ID != want.ID || got.Pair.Secret.Reveal() != want.Secret || got.Token.Reveal() != want.Token {
					t.Errorf("%s: %s: read %q %q %q (%s), want %+v", c.Desc, reader,
						got.Pair.ID, got.Pair.Secret.Reveal(), got.Token.Reveal(), got.None, want)
				}
			}
			check("aws-cli", s.CLI(c.Profile))
			check("go-v2", s.SDK(c.Profile))
			check("go-v2", LoadWithSDK(t.Context(), p, c.Profile))
			distinct := false
			for _, r := range c.Readers {
				a := c.Readers["aws-cli"]
				distinct = distinct || r.ID != a.ID || r.Secret != a.Secret || r.Token != a.Token
			}
			diags := append(s.Credentials.Diagnostics(), s.Config.Diagnostics()...)
			t.Logf("%s: differ=%v diags=%v", c.Desc, distinct, diags)
		})
	}
}
