package report

import (
	"fmt"
	"strings"

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
			add("old-key", "is %d days old, the limit is %d", days, limit)
		}
	}
	a.unknownFacts(k, o, f)
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
		if len(reasons) == 0 || reasons[len(reasons)-1] != reason {
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
		note("age", o.Created.Unknown)
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
	if len(facts) > 0 && !a.in.Offline {
		why := strings.Join(reasons, "; ")
		f.What = fmt.Sprintf("%s of %s: unknown %s: %s", k.show(), someNames(f.Profiles), strings.Join(facts, ", "), why)
		if !strings.Contains(why, "needs iam:") {
			f.Fix = "keycare audit"
		}
		a.add("unknown-facts", f, k.ID)
	}
}
