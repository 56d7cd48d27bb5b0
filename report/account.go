package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleRootKeyInAccount = &Rule{
		ID: "root-key-in-account", About: AboutAccount, Severity: Critical, Because: "as for root-key",
		Title:   "Account whose root user has a key",
		Why:     "somewhere there is a key that can do anything in the account",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Repair:  Repair{Text: "sign in as root and delete the key under Security credentials"},
	}
	ruleRootNoMFA = &Rule{
		ID: "root-no-mfa", About: AboutAccount, Severity: Critical, Because: "a password alone stands before all of the account",
		Title:   "Root user without MFA",
		Why:     "whoever learns the password, or can read the mailbox, owns the account",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.5 and 2.6", "AWS Security Hub IAM.9 and IAM.6", "Prowler iam_root_mfa_enabled"},
		Repair:  Repair{Text: "sign in as root and assign an MFA device, best a security key, under Security credentials"},
	}
	ruleRootCertificate = &Rule{
		ID: "root-certificate", About: AboutAccount, Severity: High, Because: "it signs as root like a key, but hardly anybody looks for it",
		Title:   "Signing certificate of the root user",
		Why:     "it can do anything in the account that old interfaces allow",
		Sources: []string{"ScoutSuite iam-root-account-with-active-certs"},
		Repair:  Repair{Text: "sign in as root and delete the certificate under Security credentials"},
	}
	ruleRootUsed = &Rule{
		ID: "root-used", About: AboutAccount, Severity: Medium, Because: "it may have been needed; look who it was",
		Title:   "Root user in daily use",
		Why:     "root is for the few tasks that only root can do",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Repair:  Repair{Text: "find out who it was in CloudTrail, and use an IAM user or role instead"},
	}
	rulePasswordPolicy = &Rule{
		ID: "password-policy", About: AboutAccount, Severity: Medium, Because: "as in Prowler",
		Title:   "Weak rules for passwords",
		Why:     "short and reused passwords are guessed; the rules bind IAM users, not root",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.8 and 2.9", "AWS Security Hub IAM.7 and IAM.11 to IAM.16", "Prowler iam_password_policy_minimum_length_14, _reuse_24 and others"},
	}
	ruleRootVirtualMFA = &Rule{
		ID: "root-virtual-mfa", About: AboutAccount, Severity: Low, Because: "as CIS L2: a program is far better than nothing",
		Title:   "Root user without hardware MFA",
		Why:     "a program on a phone can be copied with the phone, and its codes can be typed into a false page; a security key cannot",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.6", "AWS Security Hub IAM.6", "Prowler iam_root_hardware_mfa_enabled"},
		Repair:  Repair{Text: "sign in as root, assign a security key under Security credentials, then take the program away"},
	}
	rulePasswordExpiry = &Rule{
		ID: "password-expiry", About: AboutAccount, Severity: Info, Because: "CIS dropped it: passwords that end make people choose worse ones",
		Title:   "Passwords that do not end",
		Why:     "Security Hub and Prowler count it, if your company goes by them",
		Sources: []string{"AWS Security Hub IAM.17", "Prowler iam_password_policy_expires_passwords_within_90_days_or_less"},
	}
)

// accountRules are about an account and its root user.
var accountRules = []*Rule{ruleRootKeyInAccount, ruleRootNoMFA, ruleRootCertificate, ruleRootUsed, rulePasswordPolicy, ruleRootVirtualMFA, rulePasswordExpiry}

// lookAtAccounts judges the accounts of the keys.
func lookAtAccounts(a *auditor) {
	for _, acct := range a.accounts() {
		a.judgeAccount(acct)
	}
}

func (a *auditor) judgeAccount(acct keyAccount) {
	f := acct.f
	add := func(rule *Rule, repair Repair, format string, args ...any) {
		f := f
		f.Repair, f.What = repair, fmt.Sprintf("account %s (%s) ", acct.ID, show.Names(f.Profiles))+fmt.Sprintf(format, args...)
		a.add(rule, f, acct.ID)
	}
	if r := acct.Root.Value; acct.Root.Known() {
		if r.Keys > 0 && !a.rootKeyHere(acct.ID) {
			var repair Repair
			if a.replacesRoot(acct.ID) {
				repair = do("keycare resume")
			}
			add(ruleRootKeyInAccount, repair, "has a root access key, which is not in these files")
		}
		if r.MFA == 0 && !(r.NoPassword && r.Keys == 0) {
			add(ruleRootNoMFA, Repair{}, "has no MFA device for its root user")
		}
		if r.Certificates > 0 {
			add(ruleRootCertificate, Repair{}, "has a signing certificate of its root user")
		}
	}
	if acct.RootVirtual.Known() && acct.RootVirtual.Value {
		add(ruleRootVirtualMFA, Repair{}, "has a program as an MFA device of its root user, not a piece of hardware")
	}
	// A root key on this machine is a finding of its own, and asking is a use.
	if u := acct.RootUse.Value; acct.RootUse.Known() && !u.At.IsZero() && a.in.Now.Sub(u.At) <= day && !a.rootKeyHere(acct.ID) {
		add(ruleRootUsed, Repair{}, "was used as root %d hours ago, %s", int(a.in.Now.Sub(u.At)/time.Hour), usedBy(u))
	}
	if p := acct.Password.Value; acct.Password.Known() {
		if short := shortOf(p); len(short) > 0 {
			says := "allows weak passwords: " + strings.Join(short, ", ")
			if p.Default {
				says = "has no password policy, so AWS's default holds: " + strings.Join(short, ", ")
			}
			add(rulePasswordPolicy, iam("", &f, a.goos, passwordCommand(p)...), "%s", says)
		}
		if p.MaxAge == 0 || p.MaxAge > passwordMaxAge {
			says, strict := "lets passwords live for ever", p
			if p.MaxAge > 0 {
				says = fmt.Sprintf("lets passwords live for %d days, not %d", p.MaxAge, passwordMaxAge)
			}
			strict.MaxAge = passwordMaxAge
			add(rulePasswordExpiry, iam("", &f, a.goos, passwordCommand(strict)...), "%s", says)
		}
	}
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
func passwordCommand(p facts.PasswordPolicy) []string {
	argv := []string{"update-account-password-policy",
		"--minimum-password-length", strconv.Itoa(max(p.MinLength, minPassword)),
		"--password-reuse-prevention", strconv.Itoa(max(p.Reuse, passwordReuse)),
		"--require-symbols", "--require-numbers", "--require-uppercase-characters", "--require-lowercase-characters"}
	if !p.NoChange {
		argv = append(argv, "--allow-users-to-change-password")
	}
	if p.MaxAge > 0 {
		argv = append(argv, "--max-password-age", strconv.Itoa(p.MaxAge))
	}
	if p.HardExpiry {
		argv = append(argv, "--hard-expiry")
	}
	return argv
}
