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
		Title:   "Root user of an account has an access key",
		Why:     "a key that can do anything in the account exists somewhere",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Repair:  Repair{Text: "sign in as root and delete the key under Security credentials"},
	}
	ruleRootNoMFA = &Rule{
		ID: "root-no-mfa", About: AboutAccount, Severity: Critical, Because: "only a password protects the whole account",
		Title:   "Root user without MFA",
		Why:     "whoever learns the password, or can read the mailbox, owns the account",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.5 and 2.6", "AWS Security Hub IAM.9 and IAM.6", "Prowler iam_root_mfa_enabled"},
		Repair:  Repair{Text: "sign in as root and assign an MFA device, preferably a security key, under Security credentials"},
	}
	ruleRootCertificate = &Rule{
		ID: "root-certificate", About: AboutAccount, Severity: High, Because: "it signs as root like a key does, but hardly anyone looks for it",
		Title:   "Signing certificate of the root user",
		Why:     "it can do anything in the account that older AWS interfaces allow",
		Sources: []string{"ScoutSuite iam-root-account-with-active-certs"},
		Repair:  Repair{Text: "sign in as root and delete the certificate under Security credentials"},
	}
	ruleRootUsed = &Rule{
		ID: "root-used", About: AboutAccount, Severity: Medium, Because: "it may have been needed; find out who it was",
		Title:   "Root user in daily use",
		Why:     "root is only for the few tasks that nothing else can do",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Repair:  Repair{Text: "find out in CloudTrail who it was, and use an IAM user or role instead"},
	}
	rulePasswordPolicy = &Rule{
		ID: "password-policy", About: AboutAccount, Severity: Medium, Because: "as in Prowler",
		Title:   "Weak password policy",
		Why:     "short and reused passwords get guessed; the policy applies to IAM users, not to root",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.8 and 2.9", "AWS Security Hub IAM.7 and IAM.11 to IAM.16", "Prowler iam_password_policy_minimum_length_14, _reuse_24 and others"},
	}
	ruleNoSecurityContact = &Rule{
		ID: "no-security-contact", About: AboutAccount, Deep: true, Severity: Medium, Because: "as in Prowler and Security Hub",
		Title:   "Account without a security contact",
		Why:     "AWS writes to that address when it finds a leaked key; without one, the mail goes to the root user's mailbox, which few people read",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.3", "AWS Security Hub Account.1", "Prowler account_security_contact_information_is_registered"},
	}
	ruleRootVirtualMFA = &Rule{
		ID: "root-virtual-mfa", About: AboutAccount, Severity: Low, Because: "as in CIS level 2: an authenticator app is far better than nothing",
		Title:   "Root user without hardware MFA",
		Why:     "an authenticator app can be copied with the phone, and its codes can be phished; a security key cannot",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.6", "AWS Security Hub IAM.6", "Prowler iam_root_hardware_mfa_enabled"},
		Repair:  Repair{Text: "sign in as root, assign a security key under Security credentials, then remove the authenticator app"},
	}
	rulePasswordExpiry = &Rule{
		ID: "password-expiry", About: AboutAccount, Severity: Info, Because: "CIS dropped it: forced changes make people choose worse passwords",
		Title:   "Passwords never expire",
		Why:     "Security Hub and Prowler flag it; ignore it if you do not follow them",
		Sources: []string{"AWS Security Hub IAM.17", "Prowler iam_password_policy_expires_passwords_within_90_days_or_less"},
	}
)

// accountRules are about an account and its root user.
var accountRules = []*Rule{ruleRootKeyInAccount, ruleRootNoMFA, ruleRootCertificate, ruleRootUsed, rulePasswordPolicy, ruleNoSecurityContact, ruleRootVirtualMFA, rulePasswordExpiry}

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
			add(ruleRootKeyInAccount, repair, "has a root access key, which is not in your files")
		}
		if r.MFA == 0 && !(r.NoPassword && r.Keys == 0) {
			add(ruleRootNoMFA, Repair{}, "has no MFA device for its root user")
		}
		if r.Certificates > 0 {
			add(ruleRootCertificate, Repair{}, "has a signing certificate of its root user")
		}
	}
	if acct.RootVirtual.Known() && acct.RootVirtual.Value {
		add(ruleRootVirtualMFA, Repair{}, "protects its root user with an authenticator app, not with a security key")
	}
	if acct.SecurityContact.Known() && !acct.SecurityContact.Value {
		add(ruleNoSecurityContact, securityContact(&f, a.goos), "has no security contact")
	}
	// A root key on this machine is a finding of its own, and asking is a use.
	if u := acct.RootUse.Value; acct.RootUse.Known() && !u.At.IsZero() && a.in.Now.Sub(u.At) <= day && !a.rootKeyHere(acct.ID) {
		add(ruleRootUsed, Repair{}, "was used as root %d hours ago, %s", int(a.in.Now.Sub(u.At)/time.Hour), usedBy(u))
	}
	if p := acct.Password.Value; acct.Password.Known() {
		if short := shortOf(p); len(short) > 0 {
			says := "allows weak passwords: " + strings.Join(short, ", ")
			if p.Default {
				says = "has no password policy, so AWS's default applies: " + strings.Join(short, ", ")
			}
			add(rulePasswordPolicy, iam("", &f, a.goos, passwordCommand(p)...), "%s", says)
		}
		if p.MaxAge == 0 || p.MaxAge > passwordMaxAge {
			says, strict := "lets passwords never expire", p
			if p.MaxAge > 0 {
				says = fmt.Sprintf("keeps passwords valid for %d days (should be %d)", p.MaxAge, passwordMaxAge)
			}
			strict.MaxAge = passwordMaxAge
			add(rulePasswordExpiry, iam("", &f, a.goos, passwordCommand(strict)...), "%s", says)
		}
	}
}

// securityContact is the command that sets one.
func securityContact(f *Finding, goos string) Repair {
	argv := []string{"aws", "account", "put-alternate-contact", "--alternate-contact-type", "SECURITY", "--name", "NAME", "--title", "TITLE", "--email-address", "EMAIL", "--phone-number", "PHONE"}
	if len(f.Profiles) > 0 {
		argv = append(argv, "--profile", f.Profiles[0])
	}
	command := show.Command(goos, argv...)
	if command == "" {
		return renameFirst
	}
	return Repair{"name a mailbox that a team reads", command}
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
		short = append(short, fmt.Sprintf("minimum length %d (should be %d)", p.MinLength, minPassword))
	}
	if p.Reuse < passwordReuse {
		has := "no reuse prevention"
		if p.Reuse > 0 {
			has = show.Count(p.Reuse, "password") + " remembered"
		}
		short = append(short, fmt.Sprintf("%s (should be %d)", has, passwordReuse))
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
		short = append(short, "not required: "+strings.Join(kinds, ", "))
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
