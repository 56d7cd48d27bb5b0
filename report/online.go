package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
)

// lookOnline judges what AWS said about each key. Canary and example keys are
// never asked about, so nothing is missed about them.
func lookOnline(a *auditor) {
	for _, k := range a.survey.keys {
		if !k.selected() || k.Canary || k.Example || !k.valid {
			continue
		}
		o, asked := a.in.Online[k.ID]
		if !asked {
			if k.Kind != credfile.LongTerm || k.oddDigits() {
				continue // nobody needs to ask about it
			}
			o.Identity.Unknown, o.Created.Unknown = facts.NotAsked, facts.NotAsked
			o.Status.Unknown = facts.NotAsked
		}
		a.online(k, o)
	}
}

func (a *auditor) online(k *key, o facts.Online) {
	f := a.keyFinding(k)
	of := someNames(f.Profiles)
	if allowed := a.in.Policy.Accounts; len(allowed) > 0 && k.Kind == credfile.LongTerm && !slices.Contains(allowed, f.Account) {
		f := f
		f.What = fmt.Sprintf("%s of %s belongs to account %s, which is not in the list", k.show(), of, f.Account)
		if f.Account == "" {
			f.What = fmt.Sprintf("%s of %s belongs to an account that is not known, so it may not be in the list", k.show(), of)
		}
		a.add("account-not-allowed", f, k.ID)
	}
	add := func(rule, format string, args ...any) {
		f := f
		f.What = fmt.Sprintf("%s of %s ", k.show(), of) + fmt.Sprintf(format, args...)
		a.add(rule, f, k.ID)
	}
	if o.Rejected {
		add("key-rejected", "is not accepted by AWS")
		return
	}
	a.wrongSecrets(k, o)
	root := o.Identity.Known() && o.Identity.Value.Owner() == facts.OwnerRoot
	if root {
		if a.flightOf(k.ID) != nil {
			f.Fix = "keycare resume"
		}
		add("root-key", "is the key of the root user of account %s", o.Identity.Value.Account)
	}
	f.Fix = ""
	if o.Status.Known() && o.Status.Value == "Inactive" {
		add("key-inactive", "is inactive")
	}
	// A root key has to go at any age, and it is not rotated.
	if !root {
		unused := a.use(k, o, f)
		if age, limit := a.in.Now.Sub(o.Created.Value), a.in.Policy.maxAge(); o.Created.Known() && !o.Created.Value.IsZero() && beyond(age, limit) {
			f := f
			f.What = fmt.Sprintf("%s of %s is %s days old, the limit is %s", k.show(), of, days(age, limit), days(limit, limit))
			if unused {
				f.Fix = fix("see unused-key; if it is needed: keycare rotate {arg}", &f, a.in.Local.GOOS)
			}
			a.add(ageRule(age), f, k.ID)
		}
		a.others(k, o, f)
	}
	a.user(k, o, f)
	a.account(k, o, f, root)
	a.unknownFacts(k, o, f)
}

// wrongSecrets judges the profiles that hold a key that works with a secret that
// does not.
func (a *auditor) wrongSecrets(k *key, o facts.Online) {
	if len(o.WrongSecret) == 0 {
		return
	}
	f := a.keyFinding(k)
	f.Profiles = o.WrongSecret
	for _, p := range k.places {
		if slices.Contains(o.WrongSecret, p.s.name) {
			f = a.at(f, p.file, p.at().secret.line, p.at().secret.col)
			break
		}
	}
	f.What = fmt.Sprintf("%s of %s is not accepted by AWS: its secret is wrong", k.show(), someNames(f.Profiles))
	a.add("key-rejected", f, k.ID, "secret", strings.Join(f.Profiles, "\x00"))
}

// ageRule is the rule that a key of such an age breaks, if it breaks one.
func ageRule(age time.Duration) string {
	if age/day > 365 {
		return "year-old-key"
	}
	return "old-key"
}

// needs begins a reason for not knowing that names a missing permission.
const needs = "needs "

// together joins reasons; missing permissions become one of them.
func together(reasons []string) string {
	var denied, rest []string
	for _, why := range reasons {
		if action, ok := strings.CutPrefix(why, needs); ok {
			denied = append(denied, action)
		} else {
			rest = append(rest, why)
		}
	}
	if len(denied) > 0 {
		rest = append([]string{"AWS denies " + strings.Join(denied, ", ")}, rest...)
	}
	return strings.Join(rest, "; ")
}

// never reports whether k is not asked about on purpose: a key that is barred in
// one profile is barred in all.
func (a *auditor) never(k *key) bool {
	return a.in.Never != nil && slices.ContainsFunc(k.places, func(p place) bool { return a.in.Never(p.s.name, k.ID) })
}

// hasSecret reports whether a secret stands with the key anywhere.
func (k *key) hasSecret() bool {
	return slices.ContainsFunc(k.places, func(p place) bool { return p.at().secret.there() })
}

// unknownFacts makes one finding of all that AWS did not tell about a key. In an
// offline audit that is so for every key and the summary says it once.
func (a *auditor) unknownFacts(k *key, o facts.Online, f Finding) {
	if k.Kind != credfile.LongTerm || !k.hasSecret() {
		return // the file does not keep other keys for long, and an ID alone opens nothing
	}
	var missing, reasons []string
	note := func(fact, reason string) {
		missing = append(missing, fact)
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	switch {
	case !o.Identity.Known():
		note("owner", o.Identity.Unknown)
	case o.Identity.Value.UserID == "":
		note("owner", "AWS gave no user ID")
	}
	switch {
	case !o.Created.Known():
		age := "age"
		if seen := a.in.Now.Sub(o.FirstSeen); !o.FirstSeen.IsZero() && seen >= day {
			age = fmt.Sprintf("age (at least %d days: first seen %s)", int(seen/day), o.FirstSeen.UTC().Format(time.DateOnly))
			if limit := a.in.Policy.maxAge(); beyond(seen, limit) {
				f := f
				f.What = fmt.Sprintf("%s of %s is at least %s days old, the limit is %s", k.show(), someNames(f.Profiles), days(seen, limit), days(limit, limit))
				a.add(ageRule(seen), f, k.ID)
			}
		}
		note(age, o.Created.Unknown)
	case o.Created.Value.IsZero():
		note("age", "AWS gave no date")
	}
	if len(missing) > 0 {
		a.unknown++
	}
	switch {
	case !o.Status.Known():
		note("status", o.Status.Unknown)
	case o.Status.Value == "":
		note("status", "AWS gave none")
	}
	if a.in.Offline {
		return
	}
	asked := o.Status.Unknown != facts.NotAsked
	if asked {
		noteDetails(o, note)
	}
	if len(missing) == 0 {
		return
	}
	why := together(reasons)
	switch {
	case !asked && a.never(k):
		why = "the settings say never to ask AWS about it"
		f.Severity, f.Fix = Info, "nothing, if that is still meant: keycare settings"
	case !asked:
		f.Fix = "mend what the other findings say about it, then: keycare audit"
	case strings.Contains(why, "AWS denies iam:"):
		// The rule's own repair.
	case strings.Contains(why, "--profile"):
		f.Fix = fix("keycare audit --profile {profile}", &f, a.in.Local.GOOS)
	default:
		f.Fix = "keycare audit"
	}
	f.What = fmt.Sprintf("%s of %s: unknown %s: %s", k.show(), someNames(f.Profiles), strings.Join(missing, ", "), why)
	a.add("unknown-facts", f, k.ID)
}
