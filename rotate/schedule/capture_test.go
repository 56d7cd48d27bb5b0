package schedule

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestCapture(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"HTTPS_PROXY": "http://proxy:3128", "https_proxy": "http://dana:hunter2@proxy:3128", "ALL_PROXY": "t0k3n@proxy:1",
		"NO_PROXY": "localhost,10.0.0.0/8", "AWS_CONFIG_FILE": "conf/config", "AWS_SHARED_CREDENTIALS_FILE": "~/creds",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_STS": "https://u:p@sts.example.com", "AWS_ENDPOINT_URL": "",
		"SSL_CERT_DIR": "certs" + string(filepath.ListSeparator) + filepath.Join(dir, "more"), "KEYCARE_MAX_AGE": "30d", "KEYCARE_OTHER": "x",
		"AWS_ACCESS_KEY_ID": "AKIARZPUZDIKNTOTVICN", "AWS_SECRET_ACCESS_KEY": "s3cr3t", "AWS_SESSION_TOKEN": "t0ken", "AWS_PROFILE": "work",
		"http_proxy": "http://dana%3Ahunter2%40proxy:1", "HTTP_PROXY": "http://proxy/?token=hunter2", "no_proxy": "dana:hunter2＠proxy",
		"AWS_SECURITY_TOKEN": "t0ken", "AWS_DEFAULT_PROFILE": "work", "KEYCARE_MFA_COMMAND": "totp s33d", "PATH": "/bin",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	vars, left := Capture(lookup, []string{"KEYCARE_MAX_AGE", "KEYCARE_MFA_COMMAND", "AWS_REGION"})
	want := []Var{
		{"AWS_CONFIG_FILE", filepath.Join(dir, "conf", "config")}, {"AWS_REGION", "eu-west-1"}, {"AWS_SHARED_CREDENTIALS_FILE", "~/creds"},
		{"HTTPS_PROXY", "http://proxy:3128"}, {"KEYCARE_MAX_AGE", "30d"}, {"NO_PROXY", "localhost,10.0.0.0/8"},
		{"SSL_CERT_DIR", filepath.Join(dir, "certs") + string(filepath.ListSeparator) + filepath.Join(dir, "more")},
	}
	if !reflect.DeepEqual(vars, want) {
		t.Errorf("got  %v\nwant %v", vars, want)
	}
	said := strings.Join(left, "\n")
	for _, name := range []string{"https_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL_STS", "http_proxy", "HTTP_PROXY", "no_proxy"} {
		if strings.Count(said, name+" is left out") != 1 {
			t.Errorf("%s: %s", name, said)
		}
	}
	for _, secret := range []string{"hunter2", "t0k3n", "s33d", "u:p"} {
		if strings.Contains(said, secret) {
			t.Errorf("%q is told: %s", secret, said)
		}
	}
}

// No variable that holds a key, or picks a profile, is ever kept.
func TestCapturedNames(t *testing.T) {
	for _, c := range captured {
		for _, bad := range []string{"KEY", "SECRET", "TOKEN", "PROFILE", "PASSWORD"} {
			if strings.Contains(c.name, bad) {
				t.Errorf("%s", c.name)
			}
		}
	}
}

func TestBinary(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the links of Unix's package managers")
	}
	dir := t.TempDir()
	temp := filepath.Join(dir, "tmp")
	at := func(name string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := func(name string) string {
		path := at(name)
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(name, to string) string {
		path := at(name)
		if err := os.Symlink(to, path); err != nil {
			t.Skip("SKIPPED: no links here: ", err)
		}
		return path
	}
	real := file("Cellar/keycare/1.0/bin/keycare")
	other := file("other/keycare")
	inPath := link("bin/keycare", real)
	shim := link("tmp/keycare", real)
	built := file("go-build123/b001/exe/keycare")
	for _, c := range []struct {
		running string
		names   []string
		want    string // empty: refused
	}{
		{real, []string{inPath, ""}, inPath},
		{real, []string{"", inPath}, inPath},
		{real, []string{other}, real},
		{real, []string{filepath.Join(dir, "gone")}, real},
		{real, []string{shim}, real}, // a link that will not stay
		{real, nil, real},
		{inPath, []string{other}, inPath},
		{filepath.Join(dir, "gone"), nil, ""},
	} {
		got, err := Binary(c.running, temp, c.names...)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	for _, running := range []string{built, file("tmp/x/keycare"), link("bin/built", built)} {
		var passing *Passing
		if got, err := Binary(running, temp, inPath); got != running || !errors.As(err, &passing) || !strings.Contains(err.Error(), "go install .") {
			t.Errorf("%s: %q, %v", running, got, err)
		}
	}
}
