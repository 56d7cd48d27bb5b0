package report

import (
	"fmt"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"maps"
	"slices"
	"strings"
	"time"
)

var (
	ruleUnknownFacts = &Rule{
		ID: "unknown-facts", About: AboutKey, Severity: Low, Because: "unknown is not OK, and not proven wrong either",
		Title:   "Could not check this key",
		Why:     "until that is known, it may be a root key, too old or inactive",
		Sources: []string{srcCIS212, "CIS AWS Foundations 7.0.0 2.4"},
		Repair:  Repair{Text: "ask an administrator to allow them; the policy", Command: "keycare policy"},
	}
	ruleUnknownAccount = &Rule{
		ID: "unknown-account", About: AboutAccount, Severity: Low, Because: "unknown is not OK, and not proven wrong either",
		Title:   "Could not check this account",
		Why:     "until that is known, the root user may have a key or no MFA, and passwords may be weak",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4, 2.5 and 2.8"},
		Repair:  Repair{Text: "if you manage the account, run the audit with a key that may read this; otherwise ask whoever does"},
	}
)

// unknownRules are about what AWS did not tell.
var unknownRules = []*Rule{ruleUnknownFacts, ruleUnknownAccount}

// neverCalled reports whether k is not asked about on purpose: a key that is barred in
// one profile is barred in all.
func (a *auditor) neverCalled(k *key) bool {
	return a.in.NeverCall != nil && slices.ContainsFunc(k.locations, func(p location) bool { return a.in.NeverCall(p.profile.name, k.ID) })
}

// lookAtUnknown makes one finding of all that AWS did not tell about a key, and
// one of an account. In an offline audit that is so for every key and the summary
// says it once.
func lookAtUnknown(a *auditor) {
	for _, k := range a.working() {
		if k.keptAndWhole() {
			a.unknownFacts(k)
		}
	}
	if a.in.Offline {
		return
	}
	for _, acct := range a.accounts() {
		a.unknownAccount(acct)
	}
}

func (a *auditor) unknownFacts(k answered) {
	o, f := k.Online, a.keyFinding(k.key)
	var missing, reasons []string
	deep := false // AWS denied what only a deep audit asks
	note := func(fact, reason string) {
		missing = append(missing, fact)
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	switch {
	case !o.Identity.Known():
		note("owner", o.Identity.Why())
	case o.Identity.Value.UserID == "":
		note("owner", "AWS gave no user ID")
	}
	switch {
	case !o.Created.Known():
		age := "age"
		if seen := a.in.Now.Sub(o.FirstSeen); !o.FirstSeen.IsZero() && seen >= day {
			age = fmt.Sprintf("age (at least %d days: first seen %s)", int(seen/day), o.FirstSeen.UTC().Format(time.DateOnly))
		}
		note(age, o.Created.Why())
	case o.Created.Value.IsZero():
		note("age", "AWS gave no date")
	}
	if len(missing) > 0 {
		a.unknown++
	}
	switch {
	case !o.Status.Known():
		note("status", o.Status.Why())
	case o.Status.Value == "":
		note("status", "AWS gave none")
	}
	if a.in.Offline {
		return
	}
	asked := o.Status.Why() != facts.NotAsked
	if asked {
		noteDetails(o, note)
		noteDeep(o, func(fact, reason string) {
			note(fact, reason)
			_, denied := facts.Needed(reason)
			deep = deep || denied
		})
	}
	if len(missing) == 0 {
		return
	}
	why := together(reasons)
	switch {
	case !asked && a.neverCalled(k.key):
		why = "your settings say never to ask AWS about it"
		f.Severity, f.Repair = Info, Repair{"nothing, if that is still intended", "keycare settings"}
	case !asked:
		f.Repair = Repair{"fix the other findings about it, then", "keycare audit"}
	case strings.Contains(why, facts.NeedsMFA):
		f.Repair = withCode(&f, a.goos)
	case deep:
		f.Repair = Repair{ruleUnknownFacts.Repair.Text, ruleUnknownFacts.Repair.Command + " --deep"}
	case strings.Contains(why, "AWS denies iam:"):
		// The rule's own repair.
	case strings.Contains(why, "--profile"):
		f.Repair = do("keycare audit --profile {profile}").filled(&f, a.goos)
	case slices.ContainsFunc(k.locations, func(p location) bool { return a.noRegion[p.profile] }):
		f.Repair = Repair{"fix the region first (region-name), then", "keycare audit"}
	default:
		f.Repair = do("keycare audit")
	}
	f.What = fmt.Sprintf("%s of %s: unknown %s: %s", k.show(), show.Names(f.Profiles), strings.Join(missing, ", "), why)
	a.add(ruleUnknownFacts, f, k.ID)
}

// noteDetails names what is not known about a key's use and its user.
func noteDetails(o facts.Online, note func(fact, reason string)) {
	if !o.LastUsed.Known() && o.Identity.Known() && o.Created.Known() {
		note("last use", o.LastUsed.Why())
	}
	u := o.User
	if u == nil {
		return
	}
	inline := func(all []facts.InlinePolicy, of string) {
		for _, p := range all {
			if !p.Grants.Known() {
				note("inline policy "+p.Name+of, p.Grants.Why())
			}
		}
	}
	signIn := u.Password.Value.Used.Why()
	if !u.Password.Value.Exists {
		signIn = ""
	}
	for _, d := range []struct{ fact, why string }{
		{"MFA devices", u.MFA.Why()}, {"console password", u.Password.Why()}, {"last sign-in", signIn},
		{"signing certificates", u.Certificates.Why()}, {"credentials for services", u.Services.Why()},
		{"policies", u.Attached.Why()}, {"inline policies", u.Inline.Why()}, {"groups", u.Groups.Why()},
	} {
		if d.why != "" {
			note(d.fact, d.why)
		}
	}
	inline(u.Inline.Value, "")
	for _, g := range u.Groups.Value {
		if !g.Attached.Known() {
			note("policies of group "+g.Name, g.Attached.Why())
		}
		if !g.Inline.Known() {
			note("inline policies of group "+g.Name, g.Inline.Why())
		}
		inline(g.Inline.Value, " of group "+g.Name)
	}
}

// noteDeep names what is not known of that which only a deep audit asks.
func noteDeep(o facts.Online, note func(fact, reason string)) {
	noteActivity(o.Activity, note)
	u := o.User
	if u == nil {
		return
	}
	for _, arn := range slices.Sorted(maps.Keys(u.Managed)) {
		if why := u.Managed[arn].Why(); why != "" {
			note("text of policy "+policyName(arn), why)
		}
	}
	if b := u.Boundary.Value; u.Boundary.Known() && b.ARN != "" && !b.Grants.Known() {
		note("text of permissions boundary "+policyName(b.ARN), b.Grants.Why())
	}
	for _, d := range []struct{ fact, why string }{
		{"permissions boundary", u.Boundary.Why()}, {"what its user may do", u.Powers.Why()}, {"services its user uses", u.Access.Why()},
	} {
		if why := ifAsked(d.why); why != "" {
			note(d.fact, why)
		}
	}
}

// ifAsked is why something is not known that only a deep audit asks; empty where nobody
// asked.
func ifAsked(why string) string {
	if why == facts.NotAsked {
		return ""
	}
	return why
}

// noteActivity names what is not known of who uses a key: all of it, or some regions.
func noteActivity(act facts.Answer[facts.Activity], note func(fact, reason string)) {
	if why := ifAsked(act.Why()); why != "" {
		note("who uses it", why)
	}
	regions := map[string][]string{}
	for _, u := range act.Value.Unread {
		regions[u.Why] = append(regions[u.Why], u.Region)
	}
	for _, why := range slices.Sorted(maps.Keys(regions)) {
		note("who uses it in "+strings.Join(regions[why], ", "), why)
	}
}

// withCode is an audit that signs in with MFA. A code is for one user.
func withCode(f *Finding, goos string) Repair {
	return do("keycare audit --profile {profile} --mfa-code CODE").filled(f, goos)
}

func (a *auditor) unknownAccount(acct keyAccount) {
	f := acct.f
	device := acct.RootVirtual.Why()
	if acct.Root.Known() && acct.Root.Value.MFA == 0 {
		device = "" // there is none
	}
	use := acct.RootUse.Why()
	if a.rootKeyHere(acct.ID) {
		use = "" // it is not judged
	}
	var missing, reasons []string
	for _, u := range []struct{ fact, why string }{
		{"root user's keys and MFA", acct.Root.Why()}, {"kind of the root user's MFA device", device},
		{"password policy", acct.Password.Why()}, {"security contact", ifAsked(acct.SecurityContact.Why())}, {"root user's last use", use},
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
	if strings.Contains(together(reasons), facts.NeedsMFA) {
		f.Repair = withCode(&f, a.goos)
	}
	if len(missing) == 1 && use != "" {
		says = "when root was last used is unknown"
		switch _, denied := facts.Needed(use); {
		case use == facts.NoReport:
			f.Repair = iam("an administrator can generate one", &f, a.goos, "generate-credential-report")
		case denied:
			f.Severity = Info // who has no such right can do nothing about it
		}
	}
	f.What = fmt.Sprintf("account %s (%s): %s: %s", acct.ID, show.Names(f.Profiles), says, together(reasons))
	a.add(ruleUnknownAccount, f, acct.ID)
}
