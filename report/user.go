package report

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleKeyQuarantined = &Rule{
		ID: "key-quarantined", About: AboutUser, Severity: Critical, Because: "AWS found the key in public, so others have it",
		Title:   "User quarantined by AWS",
		Why:     "AWS found a key of this user in a public place and limits what the user can do; others have the key too",
		Sources: []string{"AWS managed policies AWSCompromisedKeyQuarantine, V2 and V3"},
		Repair:  Repair{Text: "follow the support case that AWS opened for the account: replace the key with an administrator's profile (keycare rotate PROFILE --compromised --auth-profile ADMIN), look at what was done with the old one; do not detach the policy"},
	}
	ruleConsoleNoMFA = &Rule{
		ID: "console-no-mfa", About: AboutUser, Severity: High, Because: "as in Prowler: a password alone gives access to the console",
		Title:   "Console user without MFA",
		Why:     "a guessed or stolen password is enough to sign in",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.10", "AWS Security Hub IAM.5", "Prowler iam_user_mfa_enabled_console_access"},
		Repair:  Repair{Text: "sign in as the user and assign an MFA device under Security credentials"},
	}
	ruleAdminAttached = &Rule{
		ID: "admin-attached", About: AboutUser, Severity: High, Because: "one copied key gives away the whole account; Prowler even says critical",
		Title:   "Administrator policy attached directly to a user",
		Why:     "permissions attached directly to a user are easily forgotten when someone changes jobs; a group shows who is an administrator",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.13 and 2.14", "AWS Security Hub IAM.2 and IAM.1", "Prowler iam_user_administrator_access_policy", "Prowler iam_customer_attached_policy_no_administrative_privileges"},
	}
	ruleAdminNoMFA = &Rule{
		ID: "admin-no-mfa", About: AboutUser, Severity: High, Because: "as in Prowler",
		Title:   "Administrator without MFA",
		Why:     "the key alone gives a thief the whole account, and no policy can ask for a second factor",
		Sources: []string{"Prowler iam_administrator_access_with_mfa", "AWS Security Hub IAM.19"},
		Repair:  Repair{Text: "sign in as the user and assign an MFA device under Security credentials"},
	}
	ruleConsoleUnused = &Rule{
		ID: "console-unused", About: AboutUser, Severity: Medium, Because: "as for unused-key",
		Title:   "Unused console password",
		Why:     "nobody would miss it, and nobody would notice if it were guessed",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.11", "AWS Security Hub IAM.22 (45 days) and IAM.8 (90 days)", "Prowler iam_user_console_access_unused; here a password that was never used counts from when it was set"},
	}
	ruleAdminPerhaps = &Rule{
		ID: "admin-perhaps", About: AboutUser, Severity: Medium, Because: "a person has to judge the conditions; without them this would be admin-attached",
		Title:   "Policy that may grant administrator access",
		Why:     "it allows all actions with conditions or exceptions, and those often leave more than intended",
		Sources: []string{"AWS Security Hub IAM.1", srcBest},
	}
	ruleUserNoMFA = &Rule{
		ID: "user-no-mfa", About: AboutUser, Severity: Low, Because: "without a console password, only a policy could ask for it",
		Title:   "User without MFA",
		Why:     "no policy can ask for a second factor before the key does something dangerous",
		Sources: []string{"AWS Security Hub IAM.19", srcBest},
		Repair:  Repair{Text: "assign an MFA device to the user in the console, under Security credentials"},
	}
	ruleSigningCertificate = &Rule{
		ID: "signing-certificate", About: AboutUser, Severity: Low, Because: "few AWS interfaces still accept it",
		Title:   "Signing certificate of a user",
		Why:     "it signs calls to older interfaces until someone deletes it, and key rotation does not change it",
		Sources: []string{srcBest, "IAM User Guide, X.509 signing certificates; for root: ScoutSuite iam-root-account-with-active-certs"},
	}
	ruleServiceCredential = &Rule{
		ID: "service-credential", About: AboutUser, Severity: Low, Because: "it gives access to one service; Bedrock keys have a rule of their own",
		Title:   "Password or API key for one service",
		Why:     "it works alongside the access keys for anyone who copies it, and key rotation does not change it",
		Sources: []string{"IAM User Guide, service-specific credentials"},
	}
	rulePolicyOnUser = &Rule{
		ID: "policy-on-user", About: AboutUser, Severity: Low, Because: "as in CIS level 1; untidy rather than dangerous",
		Title:   "Policies attached directly to a user",
		Why:     "permissions attached directly to a user are easily overlooked; groups show who may do what",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.13", "AWS Security Hub IAM.2"},
		Repair:  Repair{Text: "put the user into a group that has the policies, then detach them from the user"},
	}
	ruleAdminKey = &Rule{
		ID: "admin-key", About: AboutUser, Severity: Info, Because: "as it should be, if there has to be a key",
		Title:   "Administrator's key",
		Why:     "a key with full permissions is in a file; rotate it often, and use short-term keys where you can",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "use a key or role with fewer permissions for daily work"},
	}
	ruleUserVirtualMFA = &Rule{
		ID: "user-virtual-mfa", About: AboutUser, Severity: Info, Because: "an authenticator app is far better than nothing",
		Title:   "User with an authenticator app for MFA",
		Why:     "an authenticator app can be copied with the phone, and its codes can be phished; a security key cannot",
		Sources: []string{"Prowler iam_user_hardware_mfa_enabled"},
		Repair:  Repair{Text: "assign a security key to the user in the console, under Security credentials, then remove the authenticator app"},
	}
	ruleKeyAndPassword = &Rule{
		ID: "key-and-password", About: AboutUser, Severity: Info, Because: "nothing is wrong with it yet",
		Title:   "User with a console password and a key",
		Why:     "someone who can sign in to the console needs no long-term key: aws login creates short-term ones",
		Sources: []string{"ScoutSuite iam-user-with-password-and-key", "CIS AWS Foundations 7.0.0 2.19"},
		Repair:  Repair{Command: "aws login"},
	}
)

// userRules are about the IAM user of a key.
var userRules = []*Rule{ruleKeyQuarantined, ruleConsoleNoMFA, ruleAdminAttached, ruleAdminNoMFA, ruleBedrockKey, ruleConsoleUnused, ruleAdminPerhaps, ruleUserNoMFA, ruleSigningCertificate, ruleServiceCredential, rulePolicyOnUser, ruleAdminKey, ruleUserVirtualMFA, ruleKeyAndPassword,
	ruleKeyCanEscalate, ruleUnusedServices, ruleKeyCanDo}

// userJudge judges the user of a key.
type userJudge struct {
	*auditor
	*facts.UserFacts
	f   Finding // at the key
	arn string
	// about names the user in sentences, report what else is to be said of a fact
	// that may be from the credential report.
	about, report string
}

// lookAtUsers judges the users of the keys, each once for all its keys.
func lookAtUsers(a *auditor) {
	told := make(map[string]bool)
	for _, k := range a.working() {
		if arn := k.Identity.Value.ARN; k.User != nil && !told[arn] {
			told[arn] = true
			a.judgeUser(k)
		}
	}
}

func (a *auditor) judgeUser(k answered) {
	u, arn, f := k.User, k.Identity.Value.ARN, a.keyFinding(k.key)
	p := userJudge{auditor: a, UserFacts: u, f: f, arn: arn,
		about: fmt.Sprintf("user %s of account %s (%s)", u.Name, k.Identity.Value.Account, show.Names(f.Profiles))}
	if u.FromReport {
		p.report = ", according to the credential report"
	}
	direct, group := p.policies(), p.groups()
	p.password()
	p.keyAndPassword(k.key)
	p.otherCredentials()
	p.powers(direct || group)
	if !u.MFA.Known() || len(u.MFA.Value) > 0 {
		p.virtualMFA()
		return
	}
	switch {
	case u.Password.Known() && u.Password.Value.Exists:
		p.add(ruleConsoleNoMFA, "", Repair{}, "has a console password and no MFA device"+p.report)
	case direct || group:
		p.add(ruleAdminNoMFA, "", Repair{}, "is an administrator and has no MFA device"+p.report)
	default:
		p.add(ruleUserNoMFA, "", Repair{}, "has no MFA device"+p.report)
	}
}

// add files a finding about the user. part is what of the user it is about, where
// there may be several.
func (p *userJudge) add(rule *Rule, part string, repair Repair, what string) {
	f := p.f
	f.Repair, f.What = repair, p.about+" "+what
	f.Subject = Subject{AboutUser, p.arn}
	subject := []string{p.arn}
	if part != "" {
		subject = append(subject, part)
	}
	p.auditor.add(rule, f, subject...)
}

// iamRepair is a repair by a command of the AWS CLI about the user.
func (p *userJudge) iamRepair(text, action string, args ...string) Repair {
	argv := []string{action, "--user-name", p.Name}
	for i := 0; i+1 < len(args); i += 2 {
		argv = append(argv, "--"+args[i], args[i+1])
	}
	return iam(text, &p.f, p.goos, argv...)
}

// policies judges the policies of the user's own, and reports whether one of them
// makes an administrator.
func (p *userJudge) policies() (admin bool) {
	var plain []string
	for _, arn := range p.Attached.Value {
		name := policyName(arn)
		if strings.HasPrefix(name, "AWSCompromisedKeyQuarantine") {
			p.add(ruleKeyQuarantined, name, Repair{}, "has the policy "+name+": AWS found a key of this user in public")
			continue
		}
		switch grantsOf(p.UserFacts, arn) {
		case facts.GrantsAll:
			admin = true
			says := "may do everything through the policy " + name + ", attached directly"
			if isAdmin(arn) {
				says = "has AdministratorAccess attached directly"
			}
			p.add(ruleAdminAttached, arn, p.iamRepair("put the user into a group that has the policy, then", "detach-user-policy", "policy-arn", arn), says)
			continue
		case facts.GrantsPerhapsAll:
			p.add(ruleAdminPerhaps, arn, p.managedRepair(arn), "may be an administrator through the policy "+name+p.exceptions())
		}
		plain = append(plain, name)
	}
	for _, policy := range p.Inline.Value {
		switch p.Limit(policy.Grants.Value) {
		case facts.GrantsAll:
			admin = true
			p.add(ruleAdminAttached, policy.Name, p.iamRepair("put the user into a group with AdministratorAccess, then", "delete-user-policy", "policy-name", policy.Name),
				"may do everything through its inline policy "+policy.Name)
			continue
		case facts.GrantsPerhapsAll:
			p.add(ruleAdminPerhaps, policy.Name, p.iamRepair("check what it allows", "get-user-policy", "policy-name", policy.Name),
				"may be an administrator through its inline policy "+policy.Name+p.exceptions())
		}
		plain = append(plain, policy.Name+" (inline)")
	}
	if len(plain) > 0 {
		p.add(rulePolicyOnUser, "", Repair{}, "has policies attached directly: "+strings.Join(plain, ", "))
	}
	return admin
}

// groups judges the policies of the user's groups, and reports whether one of
// them makes an administrator.
func (p *userJudge) groups() bool {
	admin := ""
	for _, g := range p.Groups.Value {
		for _, arn := range g.Attached.Value {
			switch grantsOf(p.UserFacts, arn) {
			case facts.GrantsAll:
				admin = g.Name
			case facts.GrantsPerhapsAll:
				p.add(ruleAdminPerhaps, g.Name+"\x00"+arn, p.managedRepair(arn),
					fmt.Sprintf("may be an administrator through policy %s of group %s%s", policyName(arn), g.Name, p.exceptions()))
			}
		}
		for _, policy := range g.Inline.Value {
			switch p.Limit(policy.Grants.Value) {
			case facts.GrantsAll:
				admin = g.Name
			case facts.GrantsPerhapsAll:
				p.add(ruleAdminPerhaps, g.Name+"\x00"+policy.Name,
					iam("check what it allows", &p.f, p.goos, "get-group-policy", "--group-name", g.Name, "--policy-name", policy.Name),
					fmt.Sprintf("may be an administrator through inline policy %s of group %s%s", policy.Name, g.Name, p.exceptions()))
			}
		}
	}
	if admin != "" {
		p.add(ruleAdminKey, "", Repair{}, fmt.Sprintf("is an administrator through group %s, and so is whoever copies the key", admin))
	}
	return admin != ""
}

// managedRepair shows what a managed policy allows.
func (p *userJudge) managedRepair(arn string) Repair {
	return iam("check what it allows: aws iam get-policy-version shows the version that this names", &p.f, p.goos, "get-policy", "--policy-arn", arn)
}

// exceptions says why a policy that allows all may not make an administrator.
func (p *userJudge) exceptions() string {
	if b := p.Boundary.Value; p.Boundary.Known() && b.Grants.Value == facts.GrantsPerhapsAll {
		return ": it allows all actions inside the permissions boundary " + policyName(b.ARN) + ", with conditions or exceptions"
	}
	return ": it allows all actions, with conditions or exceptions"
}

// keyAndPassword tells of a user who needs no key of its own.
func (p *userJudge) keyAndPassword(k *key) {
	if p.Password.Known() && p.Password.Value.Exists {
		p.add(ruleKeyAndPassword, "", Repair{}, "has a console password beside "+k.show())
	}
}

// password judges when the password for the console was used last. One that never
// was counts from when it was set.
func (p *userJudge) password() {
	pw := p.Password.Value
	if !p.Password.Known() || !pw.Exists || !pw.Used.Known() {
		return
	}
	limit := p.in.Policy.maxUnused()
	since, says := pw.Used.Value, "has a console password that has not been used for %s days; the limit is %s"
	if since.IsZero() {
		since, says = pw.Set, "has a console password that was never used in the %s days since it was set; the limit is %s"
	}
	if idle := p.in.Now.Sub(since); !since.IsZero() && beyond(idle, limit) {
		p.add(ruleConsoleUnused, "", p.iamRepair("if the user does not need the console", "delete-login-profile"),
			fmt.Sprintf(says, days(idle, limit), days(limit, limit))+p.report)
	}
}

// virtualMFA tells of an MFA device that is no piece of hardware. The ARN of a
// device says its kind; hardware without one has a serial number of its own.
func (p *userJudge) virtualMFA() {
	var virtual []string
	for _, serial := range p.MFA.Value {
		if parts := strings.SplitN(serial, ":", 6); len(parts) == 6 && (strings.HasPrefix(parts[5], "mfa/") || strings.HasPrefix(parts[5], "sms-mfa/")) {
			virtual = append(virtual, parts[5])
		}
	}
	switch {
	case !p.MFA.Known() || len(virtual) == 0:
	case len(virtual) < len(p.MFA.Value):
		p.add(ruleUserVirtualMFA, "", Repair{}, "may use an authenticator app ("+strings.Join(virtual, ", ")+") instead of the security key")
	default:
		p.add(ruleUserVirtualMFA, "", Repair{}, "has an authenticator app for MFA ("+strings.Join(virtual, ", ")+"), not a security key")
	}
}

// otherCredentials judges what else of the user lives until someone deletes it.
func (p *userJudge) otherCredentials() {
	for i, id := range p.Certificates.Value {
		what, repair := "has the active signing certificate "+id, p.iamRepair("if nothing needs it", "delete-signing-certificate", "certificate-id", id)
		if id == "" {
			what, repair = "has an active signing certificate"+p.report, p.iamRepair("if nothing needs it, delete it; to see its ID", "list-signing-certificates")
			id = fmt.Sprint(i)
		}
		p.add(ruleSigningCertificate, id, repair, what)
	}
	for _, c := range p.Services.Value {
		if !c.Expires.IsZero() && !c.Expires.After(p.in.Now) {
			continue
		}
		remove := p.iamRepair("if nothing needs it", "delete-service-specific-credential", "service-specific-credential-id", c.ID)
		if c.Service == bedrockService {
			p.bedrock(c, remove)
			continue
		}
		until := "until someone deletes it"
		if !c.Expires.IsZero() {
			until = "until " + c.Expires.UTC().Format(time.DateOnly)
		}
		p.add(ruleServiceCredential, c.ID, remove,
			fmt.Sprintf("has a credential for %s, %s, %d days old, which works %s", c.Service, c.ID, int(p.in.Now.Sub(c.Created)/day), until))
	}
}
