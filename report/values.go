package report

import (
	"fmt"

	"keycare/credfile"
	"keycare/credfile/show"
)

var (
	ruleMisplacedSecret = &Rule{
		ID: "misplaced-secret", About: AboutFile, Severity: High, Because: "tools send and show it in the clear",
		Title:   "Secret in the wrong setting",
		Why:     "AWS tools send regions, endpoints and ARNs in the clear, look them up in DNS and print them",
		Sources: []string{srcShared},
		Repair:  Repair{Text: "enter the right value; if a working secret was there, rotate its key"},
	}
	rulePlainEndpoint = &Rule{
		ID: "plain-endpoint", About: AboutProfile, Severity: Medium, Because: "it takes someone on the network path",
		Title:   "Unencrypted endpoint",
		Why:     "anyone on the network path can read the replies, and the reply to a key creation contains its secret",
		Sources: []string{"AWS SDKs and Tools Reference Guide, service-specific endpoints"},
		Repair:  Repair{Text: "use https:// if the endpoint supports it, or delete the setting"},
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
		file := a.set.Files()[m.Kind]
		if account, ok := credfile.BedrockKeyIn(file.Lines[m.Line-1].In(file.Text)); ok {
			f.Account, f.What = account, m.What+" holds an API key for Amazon Bedrock"
			f.Repair = say("enter the right value, then replace the API key")
		}
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
				What: fmt.Sprintf("profile %s sends its calls to %s unencrypted", show.Name(s.name), e.Host)}, e.Kind, e.Line, 0), s.name)
		}
	}
	for _, v := range a.in.AWSFiles.PlainEndpoints {
		if len(all) > 0 {
			a.add(rulePlainEndpoint, Finding{Subject: Subject{Type: AboutMachine}, Profiles: all, Repair: say("unset " + v.Name + ", or use https:// if the endpoint supports it"),
				What: fmt.Sprintf("%s sends all calls to %s unencrypted", v.Name, v.Host)}, v.Name)
		}
	}
}
