package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile"
)

// A variable or setting that keeps AWS from being asked is named, without its value where
// that may be a secret; one that only says how a program goes about its calls keeps nothing.
func TestSetup(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(paths.Credentials, "[default]\n")
	write("no-certificate.pem", "hello\n")
	for _, c := range []struct{ name, value, config, want string }{
		{"AWS_RETRY_MODE", "legacy", "", ""},
		{"AWS_MAX_ATTEMPTS", "many", "", ""},
		{"AWS_DEFAULTS_MODE", "fast", "", ""},
		{"AWS_S3_USE_ARN_REGION", "yes", "", ""},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "both", "", ""},
		{"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "1k", "", ""},
		{"AWS_USE_FIPS_ENDPOINT", "yes", "", "AWS_USE_FIPS_ENDPOINT must be true or false"},
		{"AWS_USE_DUALSTACK_ENDPOINT", "1", "", "AWS_USE_DUALSTACK_ENDPOINT must be true or false"},
		{"AWS_REGION", "US_EAST_1", "", "AWS_REGION is no region"},
		{"AWS_REGION", " us-east-1", "", "AWS_REGION is no region"},
		{"AWS_DEFAULT_REGION", "us-east-1\r", "", "AWS_DEFAULT_REGION is no region"},
		{"AWS_DEFAULT_REGION", `"us-east-1"`, "", "AWS_DEFAULT_REGION is no region"},
		{"", "", "region = us_east_1\n", "the region of its settings is no region"},
		{"AWS_REGION", "us-east-1", "region = us_east_1\n", ""},
		{"AWS_ENDPOINT_URL", "localhost:4566", "", "AWS_ENDPOINT_URL is no address"},
		{"AWS_ENDPOINT_URL_IAM", "//localhost", "", "AWS_ENDPOINT_URL_IAM is no address"},
		{"", "", "endpoint_url = localhost:4566\n", "the endpoint_url of its settings is no address"},
		{"AWS_CA_BUNDLE", filepath.Join(dir, "gone.pem"), "", "AWS_CA_BUNDLE names no file with certificates"},
		{"AWS_CA_BUNDLE", filepath.Join(dir, "no-certificate.pem"), "", "AWS_CA_BUNDLE names no file with certificates"},
		{"", "", "ca_bundle = ~/gone.pem\n", "its setting ca_bundle names no file with certificates"},
		{"", "", "ca_bundle = gone.pem\n", "write the full path"},
		{"", "", "ca_bundle = no-certificate.pem\nretry_mode = legacy\n", "ca_bundle"},
	} {
		for _, name := range append([]string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"}, sideVariables...) {
			t.Setenv(name, "")
		}
		if c.name != "" {
			t.Setenv(c.name, c.value)
		}
		write(paths.Config, "[default]\n"+c.config)
		_, err := Connect(t.Context(), paths, "default")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s=%s %s: %v", c.name, c.value, c.config, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s=%s %s: %v, want %q", c.name, c.value, c.config, err, c.want)
		}
		if c.name != "" {
			os.Unsetenv(c.name)
		}
	}
}
