package credfile_test

import (
	"testing"

	"keycare/credfile"
)

// The device of a key's user is where AWS's tools and aws-mfa look for it.
func TestMFASerial(t *testing.T) {
	const creds = "[own]\nmfa_serial = a\n[amfa-long-term]\naws_mfa_device = b\n[amfa]\naws_session_token = t\n" +
		"[c-long-term]\n[base]\n[none]\n[both]\nmfa_serial = d\naws_mfa_device = e\n"
	const config = "[profile c]\nmfa_serial = c\n[profile role]\nrole_arn = r\nsource_profile = base\nmfa_serial = f\n" +
		"[profile plain]\nrole_arn = r\nsource_profile = none\n"
	set := credfile.NewSet(credfile.Paths{}, creds, config)
	for profile, want := range map[string]string{
		"own": "a", "amfa-long-term": "b", "amfa": "b", "c-long-term": "c", "both": "d", "base": "f", "none": "", "missing": "",
	} {
		if got := set.MFASerial(profile); got != want {
			t.Errorf("%s: %q, want %q", profile, got, want)
		}
	}
}
