package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

var (
	ruleKeyProbed = &Rule{
		ID: "key-probed", About: AboutKey, Deep: true, Severity: High, Because: "a program that looks for leaked keys has found it; medium where many refused calls alone speak for it",
		Title:   "Signs that someone tried what the key can do",
		Why:     "whoever finds a key tries it: with a program that looks for leaked keys, or with many different calls that AWS refuses",
		Sources: []string{"Amazon GuardDuty IAM finding types, Discovery and PenTest", srcTrail},
		Repair:  Repair{Text: "find out in CloudTrail who it was; if nobody can explain it, treat the key as leaked", Command: "keycare rotate --compromised {arg}"},
	}
	ruleKeyUsedElsewhere = &Rule{
		ID: "key-used-elsewhere", About: AboutKey, Deep: true, Severity: Medium, Because: "often your own server or another place that you work from; low where keycare ran in all of them",
		Title:   "Key used from other places",
		Why:     "every place is one more from which the key can leak, and a rotation on this machine stops the others; an address that you cannot explain may be a thief's",
		Sources: []string{srcTrail},
		Repair:  Repair{Text: "find out whose these are, and give each machine its own key or role; if you cannot explain one of them, treat the key as leaked: rotate it with --compromised"},
	}
	ruleKeyUsedBy = &Rule{
		ID: "key-used-by", About: AboutKey, Deep: true, Severity: Info, Because: "good to know before a rotation",
		Title:   "Who uses the key",
		Why:     "these are the programs that need the new key after a rotation; look for one that you do not recognize",
		Sources: []string{srcTrail},
		Repair:  Repair{Text: "nothing, if you recognize all of these"},
	}
)

const srcTrail = "AWS CloudTrail User Guide, event history"

// usageRules are about who uses a key, as CloudTrail recorded it: asked only in a
// deep audit.
var usageRules = []*Rule{ruleKeyProbed, ruleKeyUsedElsewhere, ruleKeyUsedBy}

func lookAtUsage(a *auditor) {
	for _, k := range a.working() {
		if k.Activity.Known() && k.Activity.Value.Events > 0 {
			a.judgeUsage(k, &k.Activity.Value)
		}
	}
}

// mostNamedUses is how many addresses, programs and so on a sentence names.
const mostNamedUses = 3

func (a *auditor) judgeUsage(k answered, act *facts.Activity) {
	f := a.keyFinding(k.key)
	of := fmt.Sprintf("%s of %s ", k.show(), show.Names(f.Profiles))
	a.judgeProbes(k, act, f, of)
	says := fmt.Sprintf("%s: with %s, for %s", show.Calls(*act, atTime), show.Seen(act.Agents, mostNamedUses), show.Seen(act.Services, mostNamedUses))
	networks := facts.Networks(act.Addresses)
	where, from := "from ", act.Addresses
	switch strange := withoutKeycare(act); {
	case len(networks) < 2:
		f.What = of + "was used from " + show.SeenAt(act.Addresses, mostNamedUses, onDay) + "; " + says
		a.add(ruleKeyUsedBy, f, k.ID)
		return
	case len(strange) == 0:
		f.Severity = Low
		where += show.Count(len(networks), "network") + ", and keycare ran in each of them: "
	case len(act.Keycare) > 0:
		where += fmt.Sprintf("%s, and keycare never ran in %d of them: ", show.Count(len(networks), "network"), len(facts.Networks(strange)))
		from = strange
	default:
		where += show.Count(len(networks), "network") + ": "
	}
	f.What = of + "was used " + where + show.SeenAt(from, mostNamedUses, onDay) + "; " + says
	// What a person accepts are these places, not those that come later.
	a.add(ruleKeyUsedElsewhere, f, append([]string{k.ID}, networks...)...)
}

// onDay and atTime are times in a report, which is read later and elsewhere.
func onDay(t time.Time) string  { return t.UTC().Format(time.DateOnly) }
func atTime(t time.Time) string { return "on " + t.UTC().Format("2006-01-02 15:04 MST") }

// withoutKeycare are the addresses in whose networks keycare did not run: most likely
// those of other machines.
func withoutKeycare(act *facts.Activity) (strange []facts.Seen) {
	ran := map[string]bool{}
	for _, address := range act.Keycare {
		ran[facts.NetworkOf(address)] = true
	}
	for _, s := range act.Addresses {
		if n := facts.NetworkOf(s.Name); n != "" && !ran[n] {
			strange = append(strange, s)
		}
	}
	return strange
}

// probes is from how many different calls that AWS refuses on somebody tries things.
const probes = 10

// judgeProbes judges calls as of somebody who tries what a key opens. Those that
// keycare itself asks are no sign: it asks all, and says what it may not.
func (a *auditor) judgeProbes(k answered, act *facts.Activity, f Finding, of string) {
	var finders []string
	for _, s := range act.Agents {
		if facts.FindsKeys(s.Name) {
			finders = append(finders, show.Plain(s.Name))
		}
	}
	refused := 0
	var services []facts.Seen
	for _, s := range act.Calls {
		if service, _, _ := strings.Cut(s.Name, ":"); s.Failed > 0 && s.Name != facts.Rest && !slices.Contains(askedByKeycare, service) {
			refused++
			services = append(services, facts.Seen{Name: s.Name, Count: s.Failed})
		}
	}
	switch {
	case len(finders) > 0:
		f.What = of + fmt.Sprintf("was tried by %s: %s; from %s", strings.Join(finders, ", "), show.Calls(*act, atTime), show.SeenAt(act.Addresses, mostNamedUses, onDay))
	case refused >= probes:
		sorting.By(services, func(x, y facts.Seen) int { return y.Count - x.Count })
		f.Severity = Medium
		f.What = of + fmt.Sprintf("was used for %s that AWS refused, such as %s; from %s", show.Count(refused, "different call"), show.Seen(services, mostNamedUses+1), show.SeenAt(act.Addresses, mostNamedUses, onDay))
	default:
		return
	}
	a.add(ruleKeyProbed, f, k.ID)
}

// askedByKeycare are the services of AWS that an audit asks.
var askedByKeycare = []string{"iam", "sts", "cloudtrail", "account"}
