package report

import (
	"fmt"

	"keycare/credfile"
	"keycare/credfile/show"
)

var (
	ruleMisplacedSecret = &Rule{
		ID: "misplaced-secret", About: AboutFile, Severity: High, Because: "it is sent and shown in clear, where a secret never is",
		Title:   "Secret in the place of something else",
		Why:     "AWS's tools send a region, an endpoint or an ARN in clear, look it up in DNS and print it",
		Sources: []string{srcShared},
		Repair:  Repair{Text: "write there what belongs there; if it is a secret that works, replace that key"},
	}
	rulePlainEndpoint = &Rule{
		ID: "plain-endpoint", About: AboutProfile, Severity: Medium, Because: "it takes somebody on the way between",
		Title:   "Endpoint without encryption",
		Why:     "whoever is on the way to it can read the replies, and the reply to a new key carries its secret",
		Sources: []string{"AWS SDKs and Tools Reference Guide, service-specific endpoints"},
		Repair:  Repair{Text: "write https:// if the endpoint takes it, or delete the setting"},
	}
)

// valueRules are about what stands in settings that are no keys.
var valueRules = []*Rule{ruleMisplacedSecret, rulePlainEndpoint}

// lookAtValues judges settings that are no keys.
func lookAtValues(a *auditor) {
	for _, m := range a.set.Misplaced() {
		f := Finding{}
		if m.Profile != "" {
			if s := a.inventory.byName[m.Profile]; s == nil || !s.selected {
				continue
			}
			f.Profiles = []string{m.Profile}
		}
		f.What = m.What + " may hold a secret"
		a.add(ruleMisplacedSecret, a.at(f, m.Kind, m.Line, 0), m.Kind.String(), m.Profile, m.What)
	}
	var all []string // profiles with a long-term key
	for _, s := range a.inventory.profiles {
		_, h := s.static()
		if !s.selected || s.name == "" || h == nil || credfile.FactsOf(h.id.value).Kind != credfile.LongTerm {
			continue
		}
		all = append(all, s.name)
		if s.ways&hasEndpoint == 0 {
			continue
		}
		if e, ok := a.set.PlainEndpoint(s.name); ok {
			a.add(rulePlainEndpoint, a.at(Finding{Profiles: []string{s.name},
				What: fmt.Sprintf("profile %s sends its calls to %s without encryption", show.Name(s.name), e.Host)}, e.Kind, e.Line, 0), s.name)
		}
	}
	for _, v := range a.in.AWSFiles.PlainEndpoints {
		if len(all) > 0 {
			a.add(rulePlainEndpoint, Finding{Subject: Subject{Type: AboutMachine}, Profiles: all, Repair: say("unset " + v.Name + ", or write https:// if the endpoint takes it"),
				What: fmt.Sprintf("%s sends all calls to %s without encryption", v.Name, v.Host)}, v.Name)
		}
	}
}
