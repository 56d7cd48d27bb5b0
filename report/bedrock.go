package report

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleBedrockKey = &Rule{
		ID: "bedrock-key", About: AboutUser, Severity: High, Because: "as in Prowler, which says critical where the key never expires",
		Title:   "Long-term API key for Amazon Bedrock",
		Why:     "anyone who copies it can run models at your expense until it expires; without an expiry date, until someone deletes it",
		Sources: []string{srcBedrock, "Prowler bedrock_api_key_no_long_term_credentials"},
	}
	ruleEnvironmentBedrockKey = &Rule{
		ID: "environment-bedrock-key", About: AboutMachine, Severity: Medium, Because: "as for environment-key; it gives access to one service",
		Title:   "Amazon Bedrock API key in the environment",
		Why:     "every program you start can read it, and key rotation does not change it; short-term Bedrock keys expire within 12 hours",
		Sources: []string{srcBedrock},
	}
	ruleBedrockKeyInFile = &Rule{
		ID: "bedrock-key-in-file", About: AboutFile, Severity: Medium, Because: "as for stray-key",
		Title:   "Amazon Bedrock API key in an AWS file",
		Why:     "no tool reads it there, so it is forgotten, and anyone who reads the file can use it",
		Sources: []string{srcBedrock, "gitleaks pattern for long-term Bedrock keys"},
		Repair:  Repair{Text: "delete the line; if nothing needs the key, delete it in AWS too: IAM, the user's security credentials, API keys for Amazon Bedrock"},
	}
)

const srcBedrock = "Amazon Bedrock User Guide, API keys"

// bedrockRules are about API keys for Amazon Bedrock on this machine.
var bedrockRules = []*Rule{ruleEnvironmentBedrockKey, ruleBedrockKeyInFile}

func lookAtBedrock(a *auditor) {
	if names := a.in.AWSFiles.EnvBedrock; len(names) > 0 {
		verb := " holds an API key for Amazon Bedrock"
		if len(names) > 1 {
			verb = " hold API keys for Amazon Bedrock"
		}
		a.add(ruleEnvironmentBedrockKey, Finding{What: strings.Join(names, ", ") + verb, Repair: unset(a.goos, names)}, names...)
	}
	for kind, f := range a.set.Files() {
		if strings.Contains(f.Text, "ABSK") {
			a.bedrockIn(credfile.FileKind(kind), f)
		}
	}
}

// bedrockIn finds keys in the lines of a file, but for those of which the rule
// about misplaced secrets tells.
func (a *auditor) bedrockIn(kind credfile.FileKind, f *credfile.File) {
	told := map[string]bool{}
	misplaced := map[int]bool{}
	for _, m := range a.set.Misplaced() {
		misplaced[m.Line] = misplaced[m.Line] || m.Kind == kind
	}
	for n, l := range f.Lines {
		account, ok := credfile.BedrockKeyIn(f.Text[l.Start:l.End])
		if !ok || misplaced[n+1] {
			continue
		}
		found := Finding{Account: account}
		of, name := "", f.Sections[sectionAt(f, n+1)].Profile
		if name != "" {
			s := a.inventory.byName[name]
			if s == nil || !s.selected {
				continue
			}
			found.Profiles, of = []string{name}, fmt.Sprintf(" of profile %s", show.Name(name))
		}
		where := "a line"
		switch setting := l.Name.In(f.Text); {
		case l.Kind == credfile.Comment:
			where = "a comment"
		case l.Kind == credfile.Property && plainName().MatchString(setting):
			where = "setting " + setting
		case l.Kind == credfile.Property:
			where = "a setting"
		}
		if told[name+"\x00"+where] {
			continue
		}
		told[name+"\x00"+where] = true
		if account != "" {
			of += fmt.Sprintf(" (the key is for account %s)", account)
		}
		found.What = fmt.Sprintf("%s%s holds an API key for Amazon Bedrock", where, of)
		a.add(ruleBedrockKeyInFile, a.at(found, kind, n+1, 1), kind.String(), name, where)
	}
}

// bedrockService is what IAM calls the service of an API key for Bedrock.
const bedrockService = "bedrock.amazonaws.com"

// asGoodAsNever is how far away an expiry date is where the console was told that
// there should be none.
const asGoodAsNever = 10_000 * day

// bedrock judges an API key of the user for Bedrock that has not expired.
func (p *userJudge) bedrock(c facts.ServiceCredential, delete Repair) {
	until := "; worse, it never expires"
	if !c.Expires.IsZero() && c.Expires.Sub(p.in.Now) <= asGoodAsNever {
		until = ", which expires on " + c.Expires.UTC().Format(time.DateOnly)
	}
	p.add(ruleBedrockKey, c.ID, delete, fmt.Sprintf("has the Bedrock API key %s, %s old%s",
		c.ID, show.Count(int(p.in.Now.Sub(c.Created)/day), "day"), until))
}
