package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
)

// use judges when a key was used last.
func (a *auditor) use(k *key, o credfile.Online, f Finding) {
	if !o.LastUsed.Known() || o.OwnUse || !o.Created.Known() || o.Created.Value.IsZero() || o.Status.Value != "Active" {
		return
	}
	limit := a.in.Policy.maxUnusedDays()
	since, says := o.LastUsed.Value.At, "was not used for %d days (then: "+usedBy(o.LastUsed.Value)+"), the limit is %d"
	if since.IsZero() {
		since, says = o.Created.Value, "was never used in the %d days since it was made, the limit is %d"
	}
	if days := int(a.in.Now.Sub(since) / day); days > limit {
		f.What = fmt.Sprintf("%s of %s ", k.show(), someNames(f.Profiles)) + fmt.Sprintf(says, days, limit)
		a.add("unused-key", f, k.ID)
	}
	if o.LastUsed.Value.At.IsZero() && o.User != nil && o.User.Console.Known() && o.User.Console.Value {
		f := f
		f.What = fmt.Sprintf("%s of %s was never used, and its user has a console password", k.show(), someNames(f.Profiles))
		a.add("setup-key", f, k.ID)
	}
}

// usedBy is a use for people. The names are AWS's, but checked: they go into a
// format.
func usedBy(u credfile.Use) string {
	says := "for an unknown service"
	if u.Service != "" && u.Service != "N/A" {
		says = "for " + u.Service
	}
	if u.Region != "" && u.Region != "N/A" {
		says += " in " + u.Region
	}
	return strings.ReplaceAll(says, "%", "%%")
}

// others judges the second key of k's user.
func (a *auditor) others(k *key, o credfile.Online, f Finding) {
	if !o.Others.Known() {
		return
	}
	for _, other := range o.Others.Value {
		if !isKeyID(credfile.FactsOf(other.ID)) {
			continue
		}
		pair := []string{k.ID, other.ID}
		slices.Sort(pair)
		if a.users[pair[0]+pair[1]] {
			continue
		}
		a.users[pair[0]+pair[1]] = true
		about := a.otherKey(other)
		f := f
		switch {
		case other.Active && o.Status.Value == "Active":
			f.What = fmt.Sprintf("the user of %s of %s has a second active key, %s", k.show(), someNames(f.Profiles), about)
			f.Fix = "delete the one that nothing uses: aws iam delete-access-key --access-key-id " + other.ID + profileFlag(f, a)
			a.add("two-active-keys", f, pair...)
		case !other.Active && int(a.in.Now.Sub(other.Created)/day) > a.in.Policy.maxDays():
			f.What = fmt.Sprintf("the user of %s of %s still has the inactive key %s", k.show(), someNames(f.Profiles), about)
			f.Fix = "aws iam delete-access-key --access-key-id " + other.ID + profileFlag(f, a)
			a.add("inactive-key-kept", f, pair...)
		}
	}
}

// otherKey describes a key that need not be on this machine.
func (a *auditor) otherKey(o credfile.OtherKey) string {
	says := fmt.Sprintf("%s, %d days old, ", o.ID, int(a.in.Now.Sub(o.Created)/day))
	switch u := o.LastUsed.Value; {
	case !o.LastUsed.Known():
		says += "last use unknown"
	case u.At.IsZero():
		says += "never used"
	default:
		says += "last used " + u.At.UTC().Format(time.DateOnly) + " " + strings.ReplaceAll(usedBy(u), "%%", "%")
	}
	if here := a.survey.byID[o.ID]; here != nil {
		return says + ", of " + someNames(here.profiles())
	}
	return says + ", not in these files"
}

// profileFlag makes an AWS CLI command use the profile of f.
func profileFlag(f Finding, a *auditor) string {
	if len(f.Profiles) == 0 {
		return ""
	}
	name := quoteName(f.Profiles[0], a.in.Local.GOOS)
	if name == "" {
		return ""
	}
	return " --profile " + name
}

// user judges the user that k belongs to, once for all its keys.
func (a *auditor) user(k *key, o credfile.Online, f Finding) {
	u, arn := o.User, o.Identity.Value.ARN
	if u == nil || a.users[arn] {
		return
	}
	a.users[arn] = true
	about := fmt.Sprintf("user %s of account %s (%s)", u.Name, o.Identity.Value.Account, someNames(f.Profiles))
	add := func(rule, fix, format string, args ...any) {
		f := f
		f.Fix, f.What = fix, about+" "+fmt.Sprintf(format, args...)
		a.add(rule, f, arn)
	}
	var plain []string
	adminDirect := false
	for _, policy := range u.Attached.Value {
		switch name := policyName(policy); {
		case strings.HasPrefix(name, "AWSCompromisedKeyQuarantine"):
			add("key-quarantined", "", "has the policy %s: AWS found a key of this user in public", name)
		case isAdmin(policy):
			adminDirect = true
			add("admin-attached", "put the user into a group that has the policy, then: aws iam detach-user-policy --user-name "+
				quoteName(u.Name, a.in.Local.GOOS)+" --policy-arn "+policy+profileFlag(f, a),
				"has AdministratorAccess attached to itself")
		default:
			plain = append(plain, name)
		}
	}
	for _, name := range u.Inline.Value {
		plain = append(plain, name+" (inline)")
	}
	if len(plain) > 0 {
		add("policy-on-user", "", "has policies of its own: %s", strings.Join(plain, ", "))
	}
	adminGroup := ""
	for _, g := range u.Groups.Value {
		if slices.ContainsFunc(g.Attached.Value, isAdmin) {
			adminGroup = g.Name
		}
	}
	if adminGroup != "" {
		add("admin-key", "", "is an administrator through group %s, and so is whoever copies the key", adminGroup)
	}
	if !u.MFA.Known() || len(u.MFA.Value) > 0 {
		return
	}
	switch {
	case u.Console.Known() && u.Console.Value:
		add("console-no-mfa", "", "has a console password and no MFA device")
	case adminDirect || adminGroup != "":
		add("admin-no-mfa", "", "is an administrator and has no MFA device")
	default:
		add("user-no-mfa", "", "has no MFA device")
	}
}

// policyName is the last part of a policy's ARN.
func policyName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// isAdmin reports whether a policy is AWS's own AdministratorAccess, in any
// partition.
func isAdmin(arn string) bool { return strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess") }

// account judges the account that k belongs to, once for all its keys.
func (a *auditor) account(k *key, o credfile.Online, f Finding, root bool) {
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
			add("root-key-in-account", "", "has a root access key, which is not in these files")
		}
		if r.MFA == 0 && !(r.NoPassword && r.Keys == 0) {
			add("root-no-mfa", "", "has no MFA device for its root user")
		}
		if r.Certificates > 0 {
			add("root-certificate", "", "has a signing certificate of its root user")
		}
	}
	// A root key on this machine is a finding of its own, and asking is a use.
	if u := acct.RootUse.Value; acct.RootUse.Known() && !u.At.IsZero() && a.in.Now.Sub(u.At) <= day && !a.rootKeyHere(acct.ID) {
		add("root-used", "", "was used as root %d hours ago, %s", int(a.in.Now.Sub(u.At)/time.Hour), strings.ReplaceAll(usedBy(u), "%%", "%"))
	}
	if p := acct.Password.Value; acct.Password.Known() {
		if short := shortOf(p); len(short) > 0 {
			says := "allows weak passwords: " + strings.Join(short, ", ")
			if p.Default {
				says = "has no password policy, so AWS's default holds: " + strings.Join(short, ", ")
			}
			add("password-policy", passwordCommand(p)+profileFlag(f, a), "%s", says)
		}
	}
	a.unknownAccount(acct, f)
}

// rootKeyHere reports whether a root key of the account is in the files.
func (a *auditor) rootKeyHere(account string) bool {
	for _, o := range a.in.Online {
		if id := o.Identity.Value; o.Identity.Known() && id.Account == account && id.Owner() == credfile.OwnerRoot {
			return true
		}
	}
	return false
}

// What CIS asks of passwords.
const (
	minPassword   = 14
	passwordReuse = 24
)

// shortOf says in what a policy falls short.
func shortOf(p credfile.PasswordPolicy) (short []string) {
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
func passwordCommand(p credfile.PasswordPolicy) string {
	cmd := fmt.Sprintf("aws iam update-account-password-policy --minimum-password-length %d --password-reuse-prevention %d"+
		" --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters"+
		" --allow-users-to-change-password", max(p.MinLength, minPassword), max(p.Reuse, passwordReuse))
	if p.MaxAge > 0 {
		cmd += fmt.Sprintf(" --max-password-age %d", p.MaxAge)
	}
	return cmd
}

func (a *auditor) unknownAccount(acct *credfile.AccountFacts, f Finding) {
	if a.in.Offline {
		return
	}
	var facts, reasons []string
	for _, u := range []struct{ fact, why string }{
		{"root user's keys and MFA", acct.Root.Unknown}, {"password policy", acct.Password.Unknown},
		{"root user's last use", acct.RootUse.Unknown},
	} {
		if u.why == "" {
			continue
		}
		facts = append(facts, u.fact)
		if !slices.Contains(reasons, u.why) {
			reasons = append(reasons, u.why)
		}
	}
	if len(facts) > 0 {
		f.What = fmt.Sprintf("account %s (%s): unknown %s: %s", acct.ID, someNames(f.Profiles), strings.Join(facts, ", "), strings.Join(reasons, "; "))
		a.add("unknown-account", f, acct.ID)
	}
}

// noteDetails names what is not known about a key's use and its user.
func noteDetails(o credfile.Online, note func(fact, reason string)) {
	if !o.LastUsed.Known() && o.Identity.Known() && o.Created.Known() {
		note("last use", o.LastUsed.Unknown)
	}
	u := o.User
	if u == nil {
		return
	}
	for _, d := range []struct{ fact, why string }{
		{"MFA devices", u.MFA.Unknown}, {"console password", u.Console.Unknown},
		{"policies", u.Attached.Unknown}, {"inline policies", u.Inline.Unknown}, {"groups", u.Groups.Unknown},
	} {
		if d.why != "" {
			note(d.fact, d.why)
		}
	}
	for _, g := range u.Groups.Value {
		if !g.Attached.Known() {
			note("policies of group "+g.Name, g.Attached.Unknown)
		}
	}
}
