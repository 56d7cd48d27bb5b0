package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
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
			const reason = "it was not asked"
			o = credfile.Online{
				Identity: credfile.Answer[credfile.Identity]{Unknown: reason},
			}
			o.Created.Unknown, o.Status.Unknown = reason, reason
		}
		a.online(k, o)
	}
}

func (a *auditor) online(k *key, o credfile.Online) {
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
	root := o.Identity.Known() && o.Identity.Value.Owner() == credfile.OwnerRoot
	if root {
		add("root-key", "is the key of the root user of account %s", o.Identity.Value.Account)
	}
	if o.Status.Known() && o.Status.Value == "Inactive" {
		add("key-inactive", "is inactive")
	}
	// A root key has to go at any age, and it is not rotated.
	if o.Created.Known() && !o.Created.Value.IsZero() && !root {
		days, limit := int(a.in.Now.Sub(o.Created.Value)/day), a.in.Policy.maxDays()
		if days > limit {
			add(ageRule(days), "is %d days old, the limit is %d", days, limit)
		}
	}
	if !root {
		a.use(k, o, f)
		a.others(k, o, f)
	}
	a.user(k, o, f)
	a.account(k, o, f, root)
	a.unknownFacts(k, o, f)
}

// ageRule is the rule that a key of so many days breaks, if it breaks one.
func ageRule(days int) string {
	if days > 365 {
		return "year-old-key"
	}
	return "old-key"
}

// unknownFacts makes one finding of all that AWS did not tell about a key. In an
// offline audit that is so for every key and the summary says it once.
func (a *auditor) unknownFacts(k *key, o credfile.Online, f Finding) {
	if k.Kind != credfile.LongTerm {
		return // the file does not keep other keys for long
	}
	var facts, reasons []string
	note := func(fact, reason string) {
		facts = append(facts, fact)
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
		if days := int(a.in.Now.Sub(o.FirstSeen) / day); !o.FirstSeen.IsZero() && days > 0 {
			age = fmt.Sprintf("age (at least %d days: first seen %s)", days, o.FirstSeen.UTC().Format(time.DateOnly))
			if limit := a.in.Policy.maxDays(); days > limit {
				f := f
				f.What = fmt.Sprintf("%s of %s is at least %d days old, the limit is %d", k.show(), someNames(f.Profiles), days, limit)
				a.add(ageRule(days), f, k.ID)
			}
		}
		note(age, o.Created.Unknown)
	case o.Created.Value.IsZero():
		note("age", "AWS gave no date")
	}
	if len(facts) > 0 {
		a.unknown++
	}
	switch {
	case !o.Status.Known():
		note("status", o.Status.Unknown)
	case o.Status.Value == "":
		note("status", "AWS gave none")
	}
	if !a.in.Offline {
		noteDetails(o, note)
	}
	if len(facts) > 0 && !a.in.Offline {
		why := strings.Join(reasons, "; ")
		f.What = fmt.Sprintf("%s of %s: unknown %s: %s", k.show(), someNames(f.Profiles), strings.Join(facts, ", "), why)
		if !strings.Contains(why, "needs iam:") {
			f.Fix = "keycare audit"
		}
		a.add("unknown-facts", f, k.ID)
	}
}
