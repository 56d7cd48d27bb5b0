package rotate

import (
	"errors"
	"strings"
	"testing"
)

// A value that may be a secret in the place of something else is refused before
// any call, with its file and line.
func TestMisplacedSecretRefused(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for name, c := range map[string]struct{ credentials, config, want string }{
		"CSV row":   {"[default]\naws_access_key_id = OLD," + secret + "\naws_secret_access_key = SECRET\n", "", "credentials:2: "},
		"JSON tail": {"[default]\naws_access_key_id = OLD\", \"SecretAccessKey\": \"" + secret + "\"\naws_secret_access_key = SECRET\n", "", "credentials:2: "},
		"swapped":   {"[default]\naws_access_key_id = " + secret + "\naws_secret_access_key = OLD\n", "", "credentials:2: "},
		"region":    {"", "[default]\nregion = " + secret + "\n", "config:2: region may hold a secret"},
		"device":    {"", "[default]\nregion = us-east-1\nmfa_serial = " + secret + "\n", "config:3: mfa_serial may hold a secret"},
		"name":      {"[default]\naws_access_key_id = OLD\naws_secret_access_key = SECRET\n[" + secret + "]\naws_access_key_id = OLD\naws_secret_access_key = SECRET\n", "", "credentials:5: "},
	} {
		w := newWorld(t)
		if w.config = c.config; c.credentials != "" {
			w.credentials = c.credentials
		}
		w.write(w.old.ID, w.old.Secret)
		results, err := New(*w.options()).Rotate(t.Context(), "default")
		var refused *Refused
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "/"+c.want) && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, c.want)
		}
		if all := w.said.String() + err.Error() + results[0].Profile + results[0].Old + results[0].Why; strings.Contains(all, secret[:20]) {
			t.Errorf("%s: the secret is shown: %s", name, all)
		}
		if calls := w.iam.Actions(); len(calls) > 0 {
			t.Errorf("%s: calls %v", name, calls)
		}
	}
}

// An endpoint without encryption is said before the first call.
func TestPlainEndpointIsSaid(t *testing.T) {
	w := newWorld(t)
	w.config = strings.Replace(w.config, "[default]\n", "[default]\nendpoint_url = http://iam.corp:80/\n", 1)
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	say := o.Say
	o.Say = func(format string, args ...any) {
		if strings.Contains(format, "without encryption") && len(w.iam.Actions()) > 0 {
			t.Error("said after the first call")
		}
		say(format, args...)
	}
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	if want := "profile \"default\": iam.corp:80 is reached without encryption"; !strings.Contains(w.said.String(), want) {
		t.Errorf("got %q, want %q", w.said.String(), want)
	}
}
