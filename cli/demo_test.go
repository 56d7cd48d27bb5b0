package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/adrg/xdg"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

// The demo's programs get nothing of the user's: no settings, no proxy, and all
// folders in which they look are its own, on systems too that ask for them
// elsewhere.
func TestDemoEnvironment(t *testing.T) {
	everything := func(name string) (string, bool) { return "user's " + name, true }
	d := demo{&env{Vars: credfile.Env{Lookup: everything}}, t.TempDir(), awstest.New(t, awstest.Options{})}
	t.Setenv("HOME", filepath.Join(t.TempDir(), "user"))
	t.Cleanup(xdg.Reload)
	for _, v := range d.environ() {
		name, value, _ := strings.Cut(v, "=")
		switch prefix, _, _ := strings.Cut(name, "_"); {
		case prefix == "KEYCARE", strings.HasSuffix(strings.ToUpper(name), "PROXY"),
			prefix == "AWS" && name != "AWS_ENDPOINT_URL" && name != "AWS_EC2_METADATA_DISABLED":
			t.Errorf("it gets %s", name)
		case prefix == "XDG":
			t.Setenv(name, value)
		}
	}
	xdg.Reload()
	for what, dir := range map[string]string{
		"settings": xdg.ConfigHome, "state": xdg.StateHome, "downloads": xdg.UserDirs.Download, "desktop": xdg.UserDirs.Desktop,
	} {
		if !strings.HasPrefix(dir, d.home) {
			t.Errorf("%s are in %s", what, dir)
		}
	}
}
