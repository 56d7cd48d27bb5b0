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
	for _, bad := range []string{"https://user:hunter2%zz@host", "hunter2", "hunter2:4566", "https:///hunter2", "ftp://hunter2"} {
		badEndpointIs(t, paths, bad)
	}
}

func badEndpointIs(t *testing.T, paths credfile.Paths, bad string) {
	for name, set := range map[string]func(){
		"AWS_ENDPOINT_URL is":  func() { t.Setenv("AWS_ENDPOINT_URL", bad) },
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
		t.Setenv("AWS_ENDPOINT_URL", "")
	}
}

// What a variable has wrong is told by the variable's name, not as an AWS that does
// not answer.
func TestConnectBadVariables(t *testing.T) {
	dir := t.TempDir()
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for _, text := range []string{paths.Credentials, paths.Config} {
		if err := os.WriteFile(text, []byte("[default]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range [][3]string{
		{"AWS_REGION", "eu west", "AWS_REGION is no region"},
		{"AWS_CA_BUNDLE", filepath.Join(dir, "none"), "AWS_CA_BUNDLE names no file"},
		{"AWS_CA_BUNDLE", paths.Config, "AWS_CA_BUNDLE names no file"},
	} {
		t.Run(v[0], func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", "")
			t.Setenv("AWS_CA_BUNDLE", "")
			t.Setenv(v[0], v[1])
			if _, err := Connect(t.Context(), paths, "default"); err == nil || !strings.Contains(err.Error(), v[2]) {
				t.Errorf("%s=%s: %v", v[0], v[1], err)
			}
		})
	}
}
