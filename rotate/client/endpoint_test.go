package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile"
)

// An endpoint that is no address is not shown: a password may stand in it.
func TestConnectBadEndpoint(t *testing.T) {
	dir := t.TempDir()
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	if err := os.WriteFile(paths.Credentials, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const bad = "https://user:hunter2%zz@host"
	for name, set := range map[string]func(){
		"AWS_ENDPOINT_URL_STS": func() { t.Setenv("AWS_ENDPOINT_URL_STS", bad) },
		"endpoint_url": func() {
			t.Setenv("AWS_ENDPOINT_URL_STS", "")
			if err := os.WriteFile(paths.Config, []byte("[default]\nendpoint_url = "+bad+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		set()
		_, err := Connect(t.Context(), paths, "default")
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		os.Remove(paths.Config)
		t.Setenv("AWS_ENDPOINT_URL_STS", "")
	}
}
