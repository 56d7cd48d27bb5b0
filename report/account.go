package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
)

// account judges the account that k belongs to, once for all its keys.
func (a *auditor) account(k *key, o facts.Online, f Finding, root bool) {
	acct := o.Account
	if acct == nil || a.users["account "+acct.ID] {
		return
	}
	a.users["account "+acct.ID] = true
	f.Account, f.KeyID = acct.ID, ""
	add := func(rule, fix, format string, args ...any) {
		f := f
		f.Fix, f.What = fix, fmt.Sprintf("account %s (%s) ", acct.ID, someNames(f.Profiles))+fmt.Sprintf(format, args...)
		a.add(rule, f, acct.ID)
	}
	if r := acct.Root.Value; acct.Root.Known() {
		if r.Keys > 0 && !root && !a.rootKeyHere(acct.ID) {
			fix := ""
			if a.replacesRoot(acct.ID) {
				fix = "keycare resume"
			}
			add("root-key-in-account", fix, "has a root access key, which is not in these files")
		}
		if r.MFA == 0 && !(r.NoPassword && r.Keys == 0) {
			add("root-no-mfa", "", "has no MFA device for its root user")
		}
		if r.Certificates > 0 {
			add("root-certificate", "", "has a signing certificate of its root user")
		}
	}
	if acct.RootVirtual.Known() && acct.RootVirtual.Value {
		add("root-virtual-mfa", "", "has a program as an MFA device of its root user, not a piece of hardware")
	}
	// A root key on this machine is a finding of its own, and asking is a use.
	if u := acct.RootUse.Value; acct.RootUse.Known() && !u.At.IsZero() && a.in.Now.Sub(u.At) <= day && !a.rootKeyHere(acct.ID) {
		add("root-used", "", "was used as root %d hours ago, %s", int(a.in.Now.Sub(u.At)/time.Hour), usedBy(u))
	}
	if p := acct.Password.Value; acct.Password.Known() {
		if short := shortOf(p); len(short) > 0 {
			says := "allows weak passwords: " + strings.Join(short, ", ")
			if p.Default {
				says = "has no password policy, so AWS's default holds: " + strings.Join(short, ", ")
			}
			add("password-policy", passwordCommand(p)+profileFlag(f, a), "%s", says)
		}
		if p.MaxAge == 0 || p.MaxAge > passwordMaxAge {
			says, strict := "lets passwords live for ever", p
			if p.MaxAge > 0 {
				says = fmt.Sprintf("lets passwords live for %d days, not %d", p.MaxAge, passwordMaxAge)
			}
			strict.MaxAge = passwordMaxAge
			add("password-expiry", passwordCommand(strict)+profileFlag(f, a), "%s", says)
		}
	}
	a.unknownAccount(acct, f)
}

// rootKeyHere reports whether a root key of the account is in the files.
func (a *auditor) rootKeyHere(account string) bool {
	for _, o := range a.in.Online {
		if id := o.Identity.Value; o.Identity.Known() && id.Account == account && id.Owner() == facts.OwnerRoot {
			return true
		}
	}
	return false
}

// What CIS asks of passwords, and after how many days they end for Security Hub.
const (
	minPassword    = 14
	passwordReuse  = 24
	passwordMaxAge = 90
)

// shortOf says in what a policy falls short.
func shortOf(p facts.PasswordPolicy) (short []string) {
	if p.MinLength < minPassword {
		short = append(short, fmt.Sprintf("%d characters, not %d", p.MinLength, minPassword))
	}
	if p.Reuse < passwordReuse {
		short = append(short, fmt.Sprintf("%d passwords remembered, not %d", p.Reuse, passwordReuse))
	}
	var kinds []string
	for _, c := range []struct {
		has  bool
		name string
	}{{p.Uppercase, "uppercase"}, {p.Lowercase, "lowercase"}, {p.Numbers, "numbers"}, {p.Symbols, "symbols"}} {
		if !c.has {
			kinds = append(kinds, c.name)
		}
	}
	if len(kinds) > 0 && !p.Default { // the default wants three of the four kinds
		short = append(short, "no need of "+strings.Join(kinds, ", "))
	}
	return short
}

// passwordCommand sets a policy that is at least as strict as p in all. It names
// every setting: AWS resets those that are left out.
func passwordCommand(p facts.PasswordPolicy) string {
	cmd := fmt.Sprintf("aws iam update-account-password-policy --minimum-password-length %d --password-reuse-prevention %d"+
		" --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters",
		max(p.MinLength, minPassword), max(p.Reuse, passwordReuse))
	if !p.NoChange {
		cmd += " --allow-users-to-change-password"
	}
	if p.MaxAge > 0 {
		cmd += fmt.Sprintf(" --max-password-age %d", p.MaxAge)
	}
	if p.HardExpiry {
		cmd += " --hard-expiry"
	}
	return cmd
}

func (a *auditor) unknownAccount(acct *facts.AccountFacts, f Finding) {
	if a.in.Offline {
		return
	}
	device := acct.RootVirtual.Unknown
	if acct.Root.Known() && acct.Root.Value.MFA == 0 {
		device = "" // there is none
	}
	use := acct.RootUse.Unknown
	if a.rootKeyHere(acct.ID) {
		use = "" // it is not judged
	}
	var missing, reasons []string
	for _, u := range []struct{ fact, why string }{
		{"root user's keys and MFA", acct.Root.Unknown}, {"kind of the root user's MFA device", device},
		{"password policy", acct.Password.Unknown}, {"root user's last use", use},
	} {
		if u.why == "" {
			continue
		}
		missing = append(missing, u.fact)
		if !slices.Contains(reasons, u.why) {
			reasons = append(reasons, u.why)
		}
	}
	if len(missing) == 0 {
		return
	}
	says := "unknown " + strings.Join(missing, ", ")
	if len(missing) == 1 && use != "" {
		says = "when root was last used is unknown"
		switch {
		case use == facts.NoReport:
			f.Fix = "an administrator can have one made: aws iam generate-credential-report" + profileFlag(f, a)
		case strings.HasPrefix(use, needs):
			f.Severity = Info // who has no such right can do nothing about it
		}
	}
	f.What = fmt.Sprintf("account %s (%s): %s: %s", acct.ID, someNames(f.Profiles), says, together(reasons))
	a.add("unknown-account", f, acct.ID)
}
