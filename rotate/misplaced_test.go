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

// The same value that comes into the files while a rotation is unfinished: the
// resume says where it stands and changes nothing, and goes on once it is gone.
func TestMisplacedSecretStopsResume(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for name, c := range map[string]struct{ credentials, config, want string }{
		"region":  {"", "[default]\nregion = " + secret + "\n", "config:2: region may hold a secret"},
		"device":  {"", "[default]\nregion = us-east-1\nmfa_serial = " + secret + "\n", "config:3: mfa_serial may hold a secret"},
		"renamed": {"[" + secret + "]\naws_access_key_id = OLD\naws_secret_access_key = SECRET\n", "", "credentials:1: the name of the section may hold a secret"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.iam.Deny(user, "iam:DeleteAccessKey")
			if _, err := New(*w.options()).Rotate(t.Context(), "default"); !isHalf(err) {
				t.Fatal(err)
			}
			w.iam.Allow(user)
			held := w.inFiles()
			before, beforeConfig := w.credentials, w.config
			if w.config = c.config; c.credentials != "" {
				w.credentials = c.credentials
			}
			w.write(held.ID, held.Secret.Reveal())
			changed, calls := w.read(w.paths.Credentials), len(w.iam.Actions())
			for _, o := range []func(o *Options){func(*Options) {}, func(o *Options) { o.Undo = true }, func(o *Options) { o.KeepBoth = true }} {
				options := w.options()
				o(options)
				_, err := New(*options).Resume(t.Context())
				if !isHalf(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+w.said.String(), secret[:20]) {
					t.Errorf("got %v, want a stop with %q", err, c.want)
				}
			}
			if now := w.read(w.paths.Credentials); now != changed || len(w.iam.Actions()) != calls {
				t.Errorf("calls %v", w.iam.Actions()[calls:])
			}
			w.credentials, w.config = before, beforeConfig
			w.write(held.ID, held.Secret.Reveal())
			if _, err := New(*w.options()).Resume(t.Context()); err != nil {
				t.Errorf("once it is gone: %v", err)
			}
			w.checkWorking()
			w.checkClosed()
		})
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
	if want := "profile \"default\": the connection to iam.corp:80 is not encrypted"; !strings.Contains(w.said.String(), want) {
		t.Errorf("got %q, want %q", w.said.String(), want)
	}
}
