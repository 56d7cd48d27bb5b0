package credfile

import "testing"

func TestPlainHost(t *testing.T) {
	for address, want := range map[string]string{
		"http://iam.corp:8080/x":     "iam.corp:8080",
		"HTTP://10.0.0.7":            "10.0.0.7",
		"http://me:pass@iam.corp/":   "iam.corp",
		"http://localhost.corp:4566": "localhost.corp:4566",
		"http://[2001:db8::1]:80/":   "[2001:db8::1]:80",
		"https://iam.corp":           "",
		"http://localhost:4566":      "",
		"http://LOCALHOST.:4566":     "",
		"http://aws.localhost:4566":  "",
		"http://127.0.0.53:1":        "",
		"http://[::1]:1":             "",
		"iam.corp":                   "",
		"http://":                    "",
		"":                           "",
		"://":                        "",
	} {
		if got := PlainHost(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func TestPlainEndpoint(t *testing.T) {
	config := "[profile a]\nendpoint_url = http://iam.corp\n[profile b]\nservices = local\n[services local]\ns3 =\n  endpoint_url = http://s3.corp\niam =\n  endpoint_url = http://iam2.corp\n" +
		"[profile c]\nservices = other\n[services other]\ns3 =\n  endpoint_url = http://s3.corp\n[profile d]\nendpoint_url = http://127.0.0.1:1\n"
	set := NewSet(Paths{}, "", config)
	for profile, want := range map[string]PlainEndpoint{
		"a": {ConfigFile, 2, "iam.corp"}, "b": {ConfigFile, 9, "iam2.corp"}, "c": {}, "d": {}, "": {},
	} {
		got, ok := set.PlainEndpoint(profile)
		if got != want || ok != (want.Line > 0) {
			t.Errorf("%q: got %+v, want %+v", profile, got, want)
		}
	}
}
