package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
)

// The command for a password policy keeps what is as strict or stricter already.
func TestPasswordCommand(t *testing.T) {
	for _, c := range []struct {
		p         facts.PasswordPolicy
		has, lack string
	}{
		{facts.DefaultPasswordPolicy, "--minimum-password-length 14 --password-reuse-prevention 24 --require-symbols", "--hard-expiry"},
		{facts.PasswordPolicy{MinLength: 20, Reuse: 2, MaxAge: 30, NoChange: true, HardExpiry: true}, "--max-password-age 30 --hard-expiry", "--allow-users-to-change-password"},
		{facts.PasswordPolicy{MinLength: 20, Reuse: 2}, "--minimum-password-length 20", "--max-password-age"},
	} {
		if got := strings.Join(passwordCommand(c.p), " "); !strings.Contains(got, c.has) || strings.Contains(got, c.lack) {
			t.Errorf("%+v: %s", c.p, got)
		}
	}
}
