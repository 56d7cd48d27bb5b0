package client

import (
	"os"
	"path/filepath"
	"testing"

	"keycare/credfile"
)

// A key of GovCloud is asked about there, whatever region the environment names;
// within a partition the environment's region holds, as for every tool.
func TestRegionOfPartition(t *testing.T) {
	for _, c := range []struct{ profile, environment, want string }{
		{"us-gov-west-1", "us-east-1", "us-gov-west-1"},
		{"cn-north-1", "", "cn-north-1"},
		{"eu-west-1", "us-gov-east-1", "eu-west-1"},
		{"eu-west-1", "us-east-2", "us-east-2"},
		{"", "us-gov-east-1", "us-gov-east-1"},
		{"", "", DefaultRegion},
	} {
		t.Setenv("AWS_REGION", c.environment)
		t.Setenv("AWS_DEFAULT_REGION", "")
		dir := t.TempDir()
		paths := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
		text := "[profile work]\noutput = json\n"
		if c.profile != "" {
			text += "region = " + c.profile + "\n"
		}
		if err := os.WriteFile(paths.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		way, err := Connect(t.Context(), paths, "work")
		if err != nil {
			t.Fatal(err)
		}
		if way.config.Region != c.want {
			t.Errorf("%+v: got %s", c, way.config.Region)
		}
	}
}
