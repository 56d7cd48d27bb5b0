package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
)

// judged is the user of a key, while it is judged.
type judged struct {
	*auditor
	*facts.UserFacts
	f   Finding // at the key
	arn string
	// about names the user in sentences, report what else is to be said of a fact
	// that may be from the credential report.
	about, report string
}

// user judges the user that k belongs to, once for all its keys.
func (a *auditor) user(k *key, o facts.Online, f Finding) {
	u, arn := o.User, o.Identity.Value.ARN
	if u == nil || a.users[arn] {
		return
	}
	a.users[arn] = true
	p := judged{auditor: a, UserFacts: u, f: f, arn: arn,
		about: fmt.Sprintf("user %s of account %s (%s)", u.Name, o.Identity.Value.Account, someNames(f.Profiles))}
	if u.FromReport {
		p.report = ", as the credential report says"
	}
	direct, group := p.policies(), p.groups()
	p.password()
	p.keyAndPassword(k)
	p.otherCredentials()
	if !u.MFA.Known() || len(u.MFA.Value) > 0 {
		return
	}
	switch {
	case u.Password.Known() && u.Password.Value.Exists:
		p.add("console-no-mfa", "", "", "has a console password and no MFA device"+p.report)
	case direct || group:
		p.add("admin-no-mfa", "", "", "is an administrator and has no MFA device"+p.report)
	default:
		p.add("user-no-mfa", "", "", "has no MFA device"+p.report)
	}
}

// add files a finding about the user. part is what of the user it is about, where
// there may be several.
func (p *judged) add(rule, part, fix, what string) {
	f := p.f
	f.Fix, f.What = fix, p.about+" "+what
	subject := []string{p.arn}
	if part != "" {
		subject = append(subject, part)
	}
	p.auditor.add(rule, f, subject...)
}

// command is a command of the AWS CLI about the user.
func (p *judged) command(action string, args ...string) string {
	cmd := "aws iam " + action + " --user-name " + p.quoted(p.Name)
	for i := 0; i+1 < len(args); i += 2 {
		cmd += " --" + args[i] + " " + p.quoted(args[i+1])
	}
	return cmd + profileFlag(p.f, p.auditor)
}

func (p *judged) quoted(name string) string { return quoteName(name, p.in.Local.GOOS) }

// policies judges the policies of the user's own, and reports whether one of them
// makes an administrator.
func (p *judged) policies() (admin bool) {
	var plain []string
	for _, arn := range p.Attached.Value {
		switch name := policyName(arn); {
		case strings.HasPrefix(name, "AWSCompromisedKeyQuarantine"):
			p.add("key-quarantined", name, "", "has the policy "+name+": AWS found a key of this user in public")
		case isAdmin(arn):
			admin = true
			p.add("admin-attached", arn, "put the user into a group that has the policy, then: "+p.command("detach-user-policy", "policy-arn", arn),
				"has AdministratorAccess attached to itself")
		default:
			plain = append(plain, name)
		}
	}
	for _, policy := range p.Inline.Value {
		switch policy.Grants.Value {
		case facts.GrantsAll:
			admin = true
			p.add("admin-attached", policy.Name, "put the user into a group with AdministratorAccess, then: "+p.command("delete-user-policy", "policy-name", policy.Name),
				"may do everything by its inline policy "+policy.Name)
			continue
		case facts.GrantsPerhapsAll:
			p.add("admin-perhaps", policy.Name, "see what it allows: "+p.command("get-user-policy", "policy-name", policy.Name),
				"may be an administrator by its inline policy "+policy.Name+": it allows all actions, with conditions or exceptions")
		}
		plain = append(plain, policy.Name+" (inline)")
	}
	if len(plain) > 0 {
		p.add("policy-on-user", "", "", "has policies of its own: "+strings.Join(plain, ", "))
	}
	return admin
}

// groups judges the policies of the user's groups, and reports whether one of
// them makes an administrator.
func (p *judged) groups() bool {
	admin := ""
	for _, g := range p.Groups.Value {
		if slices.ContainsFunc(g.Attached.Value, isAdmin) {
			admin = g.Name
		}
		for _, policy := range g.Inline.Value {
			switch policy.Grants.Value {
			case facts.GrantsAll:
				admin = g.Name
			case facts.GrantsPerhapsAll:
				p.add("admin-perhaps", g.Name+"\x00"+policy.Name,
					"see what it allows: aws iam get-group-policy --group-name "+p.quoted(g.Name)+" --policy-name "+p.quoted(policy.Name)+profileFlag(p.f, p.auditor),
					fmt.Sprintf("may be an administrator by the inline policy %s of group %s: it allows all actions, with conditions or exceptions", policy.Name, g.Name))
			}
		}
	}
	if admin != "" {
		p.add("admin-key", "", "", fmt.Sprintf("is an administrator through group %s, and so is whoever copies the key", admin))
	}
	return admin != ""
}

// policyName is the last part of a policy's ARN.
func policyName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// isAdmin reports whether a policy is AWS's own AdministratorAccess, in any
// partition.
func isAdmin(arn string) bool { return strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess") }

// keyAndPassword tells of a user who needs no key of its own.
func (p *judged) keyAndPassword(k *key) {
	if p.Password.Known() && p.Password.Value.Exists {
		p.add("key-and-password", "", "", "has a console password beside "+k.show())
	}
}

// password judges when the password for the console was used last. One that never
// was counts from when it was set.
func (p *judged) password() {
	pw := p.Password.Value
	if !p.Password.Known() || !pw.Exists || !pw.Used.Known() {
		return
	}
	limit := p.in.Policy.maxUnused()
	since, says := pw.Used.Value, "has a console password that was not used for %s days, the limit is %s"
	if since.IsZero() {
		since, says = pw.Set, "has a console password that was never used in the %s days since it was set, the limit is %s"
	}
	if idle := p.in.Now.Sub(since); !since.IsZero() && beyond(idle, limit) {
		p.add("console-unused", "", "if the user does not need the console: "+p.command("delete-login-profile"),
			fmt.Sprintf(says, days(idle, limit), days(limit, limit))+p.report)
	}
}

// otherCredentials judges what else of the user lives until somebody deletes it.
func (p *judged) otherCredentials() {
	for i, id := range p.Certificates.Value {
		what, fix := "has the active signing certificate "+id, "if nothing needs it: "+p.command("delete-signing-certificate", "certificate-id", id)
		if id == "" {
			what, fix = "has an active signing certificate"+p.report, "if nothing needs it, delete it; to see its ID: "+p.command("list-signing-certificates")
			id = fmt.Sprint(i)
		}
		p.add("signing-certificate", id, fix, what)
	}
	for _, c := range p.Services.Value {
		if !c.Expires.IsZero() && !c.Expires.After(p.in.Now) {
			continue
		}
		until := "until somebody deletes it"
		if !c.Expires.IsZero() {
			until = "until " + c.Expires.UTC().Format(time.DateOnly)
		}
		p.add("service-credential", c.ID, "if nothing needs it: "+p.command("delete-service-specific-credential", "service-specific-credential-id", c.ID),
			fmt.Sprintf("has a credential for %s, %s, %d days old, which works %s", c.Service, c.ID, int(p.in.Now.Sub(c.Created)/day), until))
	}
}

// noteDetails names what is not known about a key's use and its user.
func noteDetails(o facts.Online, note func(fact, reason string)) {
	if !o.LastUsed.Known() && o.Identity.Known() && o.Created.Known() {
		note("last use", o.LastUsed.Unknown)
	}
	u := o.User
	if u == nil {
		return
	}
	inline := func(all []facts.InlinePolicy, of string) {
		for _, p := range all {
			if !p.Grants.Known() {
				note("inline policy "+p.Name+of, p.Grants.Unknown)
			}
		}
	}
	signIn := u.Password.Value.Used.Unknown
	if !u.Password.Value.Exists {
		signIn = ""
	}
	for _, d := range []struct{ fact, why string }{
		{"MFA devices", u.MFA.Unknown}, {"console password", u.Password.Unknown}, {"last sign-in", signIn},
		{"signing certificates", u.Certificates.Unknown}, {"credentials for services", u.Services.Unknown},
		{"policies", u.Attached.Unknown}, {"inline policies", u.Inline.Unknown}, {"groups", u.Groups.Unknown},
	} {
		if d.why != "" {
			note(d.fact, d.why)
		}
	}
	inline(u.Inline.Value, "")
	for _, g := range u.Groups.Value {
		if !g.Attached.Known() {
			note("policies of group "+g.Name, g.Attached.Unknown)
		}
		if !g.Inline.Known() {
			note("inline policies of group "+g.Name, g.Inline.Unknown)
		}
		inline(g.Inline.Value, " of group "+g.Name)
	}
}
