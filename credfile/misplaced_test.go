package credfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestMisplaced(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	const key = "aws_access_key_id = AKIAOURKEYOF00000001\naws_secret_access_key = " + secret + "\n"
	for _, c := range []struct {
		name, config string
		profile      string
		line         int // 0: fit
	}{
		{"nothing", "[profile a]\nregion = us-east-1\nca_bundle = /" + strings.Repeat("long/", 12) + "\n", "a", 0},
		{"own secrets", "[profile a]\n" + key + "aws_session_token = " + secret + secret + "\n", "a", 0},
		{"region", "[profile a]\nregion = " + secret + "\n", "a", 2},
		{"row", "[profile a]\noutput = AKIAOURKEYOF00000001,x\n", "a", 2},
		{"endpoint", "[profile a]\nendpoint_url = https://" + strings.ReplaceAll(secret, "/", "-") + ".example\n", "a", 0}, // no run of 40
		{"endpoint's path", "[profile a]\nendpoint_url = https://example/" + secret + "\n", "a", 2},
		{"name", "[profile " + secret + "]\nregion = us-east-1\n", secret, 1},
		{"source", "[profile a]\nsource_profile = b\n[profile b]\nregion = " + secret + "\n", "a", 4},
		{"loop", "[profile a]\nsource_profile = b\n[profile b]\nsource_profile = a\n", "a", 0},
		{"services", "[profile a]\nservices = s\n[services s]\niam =\n  endpoint_url = " + secret + "\n", "a", 5},
		{"other services", "[profile a]\nservices = s\n[services t]\niam =\n  endpoint_url = " + secret + "\n", "a", 0},
		{"goes on", "[profile a]\nregion = us-east-1\n  " + secret + "\n", "a", 3},
		{"goes on from a secret", "[profile a]\naws_secret_access_key = x\n  " + secret + "\n", "a", 0},
		{"by its name", "[profile a]\nexport AWS_SECRET_ACCESS_KEY=" + secret + "\n", "a", 0},
		{"other profile", "[profile a]\n" + key + "[profile b]\nregion = " + secret + "\n", "a", 0},
	} {
		set := NewSet(Paths{Credentials: "creds", Config: "conf"}, "", c.config)
		err := set.Fit(c.profile)
		var m *MisplacedError
		switch {
		case c.line == 0:
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case !errors.As(err, &m) || m.Line != c.line || !strings.HasPrefix(err.Error(), fmt.Sprintf("conf:%d: ", c.line)):
			t.Errorf("%s: got %v, want line %d", c.name, err, c.line)
		case strings.Contains(err.Error(), secret[:20]):
			t.Errorf("%s: the error shows the secret", c.name)
		}
		if got := len(set.Misplaced()); (got > 0) != (c.line > 0 || strings.HasPrefix(c.name, "other ")) {
			t.Errorf("%s: %d places", c.name, got)
		}
	}
}
