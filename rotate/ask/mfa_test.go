package ask

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
)

// Each user who must sign in with MFA is asked for a code, once, whatever keys it
// has, one after another in the order of the files; all others are not.
func TestCodesForUsers(t *testing.T) {
	w := newWard(t)
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		w.iam.AddUser(awstest.User{Name: name})
		w.profile(name, w.iam.AddKey(name, time.Now()))
	}
	second := w.iam.AddKey("ann", time.Now())
	w.profile("ann2", second)
	devices := map[string]string{}
	for _, name := range []string{"ann", "bob", "cat"} {
		devices[name] = w.iam.AddMFA(name, name, "123456")
		w.iam.RequireMFA(name, true)
	}
	w.iam.Deny("dan", "iam:ListAccessKeys")
	q := w.asker()
	var asked []string
	q.MFACode = func(user, serial string) (string, error) {
		asked = append(asked, user)
		switch {
		case serial != devices[user]:
			t.Errorf("%s: device %s", user, serial)
		case user == "bob":
			return "", ErrNoCode
		case user == "cat":
			return "000000", nil
		}
		return "123456", nil
	}
	all := q.Facts(t.Context(), time.Minute)
	if want := []string{"ann", "bob", "cat"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	for _, f := range all {
		name := f.Identity.Value.UserName()
		want := map[string]string{"bob": facts.NeedsMFA, "cat": facts.NeedsMFA + ", and AWS did not accept the code of " + devices["cat"], "dan": "needs iam:ListAccessKeys"}[name]
		if got := f.Created.Why(); got != want || f.Created.Lost() != strings.HasPrefix(want, facts.NeedsMFA) {
			t.Errorf("%s: created: %q, lost %v", name, got, f.Created.Lost())
		}
		if name == "dan" {
			continue
		}
		if got := f.User.Attached.Why(); got != want || f.User.Attached.Known() != (name == "ann") {
			t.Errorf("%s: policies: %q", name, got)
		}
		if name == "ann" && (len(f.Others.Value) != 1 || !f.LastUsed.Known()) {
			t.Errorf("ann: %+v", f)
		}
	}
}

// Where there is no device a denial is a denial, and a security key gives no code.
func TestNoCodeToAskFor(t *testing.T) {
	for desc, c := range map[string]struct {
		config string
		want   string
	}{
		"no device":             {"", "needs iam:ListAccessKeys"},
		"a device of the files": {"[profile a]\nmfa_serial = arn:aws:iam::123456789012:mfa/x\n", facts.NeedsMFA + ", and there is no code: no"},
		"a security key":        {"[profile a]\nmfa_serial = arn:aws:iam::123456789012:u2f/user/ann/x\n", facts.NeedsMFA + ", and a security key gives no code: use a profile that takes a role"},
		"the device of a role":  {"[profile r]\nrole_arn = x\nsource_profile = a\nmfa_serial = arn:aws:iam::123456789012:mfa/x\n", facts.NeedsMFA + ", and there is no code: no"},
	} {
		t.Run(desc, func(t *testing.T) {
			w, k := single(t)
			w.iam.RequireMFA("ann", true)
			q := w.asker()
			q.Set = credfile.NewSet(credfile.Paths{}, w.creds.String(), c.config)
			q.MFACode = func(string, string) (string, error) { return "", errors.New("no") }
			if got := q.Facts(t.Context(), time.Minute)[k.ID].Created.Why(); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
