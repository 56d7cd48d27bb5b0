package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"keycare/credfile"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

var (
	ruleOldGenerationKey = &Rule{
		ID: "old-generation-key", About: AboutKey, Severity: High, Because: "the key is certainly years past every limit",
		Title:   "Key from before about 2019",
		Why:     "AWS stopped issuing this kind of ID around 2019, so the key is years old",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "WithSecure on the generation bit of key IDs"},
		Repair:  Repair{Command: "keycare rotate {arg}"},
	}
	ruleKeyWithToken = &Rule{
		ID: "key-with-token", About: AboutKey, Severity: Medium, Because: "the key cannot work this way",
		Title:   "Long-term key with a session token",
		Why:     "AWS rejects a long-term key that is sent with a session token",
		Sources: []string{srcKeyIDs},
		Repair:  Repair{Text: "delete the session token line, or replace the key with the session's own key ID and secret"},
	}
	ruleKeyInConfig = &Rule{
		ID: "key-in-config", About: AboutKey, Severity: Low, Because: "allowed, but unexpected",
		Title:   "Key in the config file",
		Why:     "the config file is often shared and copied; keys belong in the credentials file",
		Sources: []string{srcShared},
		Repair:  Repair{Text: "move the key's lines from here to the profile's section in the credentials file"},
	}
	ruleSessionKey = &Rule{
		ID: "session-key", About: AboutKey, Severity: Low, Because: "it expires by itself",
		Title:   "Session key left in a file",
		Why:     "it is useless once it expires, and until then it works for anyone who copies it",
		Sources: []string{srcKeyIDs},
		Repair:  Repair{Text: "if none of your tools renews it, delete its lines from the profile"},
	}
	ruleSessionKeyNoToken = &Rule{
		ID: "session-key-no-token", About: AboutKey, Severity: Low, Because: "it does not work",
		Title:   "Session key without its token",
		Why:     "a session key does not work without aws_session_token",
		Sources: []string{srcKeyIDs},
		Repair:  Repair{Text: "delete its lines from the profile"},
	}
	ruleNotAnAccessKey = &Rule{
		ID: "not-an-access-key", About: AboutKey, Severity: Low, Because: "AWS rejects it, though another service may accept it",
		Title:   "Not an AWS key ID",
		Why:     "AWS rejects it; if it is for another service, set endpoint_url in the profile",
		Sources: []string{srcKeyIDs},
		Repair:  Repair{Text: "delete its lines, or enter the right key ID", Command: "aws configure --profile {profile}"},
	}
	ruleExampleKey = &Rule{
		ID: "example-key", About: AboutKey, Severity: Low, Because: "it does not work",
		Title:   "Example key from AWS's documentation",
		Why:     "it does not work, so every tool fails with this profile",
		Sources: []string{"AWS documentation, AKIAIOSFODNN7EXAMPLE"},
		Repair:  Repair{Text: "enter a working key, or delete its lines", Command: "aws configure --profile {profile}"},
	}
	ruleStaticKey = &Rule{
		ID: "static-key", About: AboutKey, Severity: Info, Because: "it works as intended; there are safer ways",
		Title:   "Long-term key on this machine",
		Why:     "it never expires: anyone who copies it can use it; short-term keys (aws login, IAM Identity Center) expire",
		Sources: []string{srcBest, "CIS AWS Foundations 7.0.0 2.19"},
		Repair:  Repair{Text: "if you can sign in to the console, use short-term keys instead", Command: "aws login"},
	}
	ruleSharedKey = &Rule{
		ID: "shared-key", About: AboutKey, Severity: Info, Because: "keycare rotates all of them at once",
		Title:   "Same key in several profiles",
		Why:     "a rotation has to change every one; keycare does",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "keep the key in one profile, and name that as source_profile in the others"},
	}
	ruleCanaryKey = &Rule{
		ID: "canary-key", About: AboutKey, Severity: Info, Because: "it is there on purpose",
		Title:   "Canary key",
		Why:     "it was put there as bait: any use raises an alarm. keycare never calls AWS with it and never rotates it",
		Sources: []string{"Thinkst canary tokens; trufflehog's list of canary accounts"},
		Repair:  Repair{Text: "leave it as it is"},
	}
)

// keyRules are about what key IDs say by themselves, and where they stand.
var keyRules = []*Rule{ruleOldGenerationKey, ruleKeyWithToken, ruleKeyInConfig, ruleSessionKey, ruleSessionKeyNoToken, ruleNotAnAccessKey, ruleExampleKey, ruleStaticKey, ruleSharedKey, ruleCanaryKey}

// lookAtKeys judges what key IDs say by themselves, and where they stand.
func lookAtKeys(a *auditor) {
	for _, k := range a.inventory.keys {
		if k.selected() {
			a.judgeKey(k)
		}
	}
}

func (a *auditor) judgeKey(k *key) {
	f := a.keyFinding(k)
	of := show.Names(f.Profiles)
	add := func(rule *Rule, what string) {
		f := f
		f.What = what
		a.add(rule, f, k.subjectOf())
	}
	a.keyPlaces(k, f)
	switch {
	case k.Canary:
		add(ruleCanaryKey, fmt.Sprintf("%s of %s belongs to a known canary account", k.show(), of))
	case k.Example:
		add(ruleExampleKey, fmt.Sprintf("%s %s the example %s", of, verbHas(f.Profiles), k.show()))
	case slices.Contains(a.swapped, k):
	case !k.valid || k.oddDigits():
		if k.Kind != credfile.Unknown || k.forAWS() {
			why, repair := k.notAKey()
			f := f
			f.What, f.Repair = fmt.Sprintf("%s %s a key ID that AWS never gave out (%s)", of, verbHas(f.Profiles), why), repair
			a.add(ruleNotAnAccessKey, f, k.subjectOf())
		}
	case k.Kind == credfile.Temporary:
		a.judgeSession(k, f)
	case k.Kind == credfile.LongTerm:
		if o := a.in.Online[k.ID]; o.Rejected || o.Status.Value == "Inactive" {
			return // it does not work
		}
		add(ruleStaticKey, fmt.Sprintf("%s of %s works until someone deletes it%s", k.show(), of, a.knownAge(k)))
		if k.OldGen {
			add(ruleOldGenerationKey, fmt.Sprintf("%s of %s was created before about 2019", k.show(), of))
		}
	}
}

// knownAge says how old a key is at least, where its age is not known.
func (a *auditor) knownAge(k *key) string {
	o, ok := a.in.Online[k.ID]
	days := int(a.in.Now.Sub(o.FirstSeen) / day)
	if !ok || o.Created.Known() || o.FirstSeen.IsZero() || days < 1 {
		return ""
	}
	return fmt.Sprintf("; its age is unknown, at least %s (first seen %s)", show.Count(days, "day"), o.FirstSeen.UTC().Format(time.DateOnly))
}

// forAWS reports whether a place of k is without an endpoint of its own, so that
// the key is meant for AWS.
func (k *key) forAWS() bool {
	for _, p := range k.locations {
		if p.profile.ways&hasEndpoint == 0 {
			return true
		}
	}
	return false
}

// keyPlaces judges the places of a key of any kind.
func (a *auditor) keyPlaces(k *key, f Finding) {
	if len(f.Profiles) > 1 && k.valid && !k.Canary && !k.Example {
		f := f
		f.What = fmt.Sprintf("%s is shared by %s", k.show(), show.Names(f.Profiles))
		a.add(ruleSharedKey, f, k.subjectOf())
	}
	for _, p := range k.locations {
		h := p.entry
		names := f.Profiles[:0:0]
		if p.profile.name != "" {
			names = []string{p.profile.name}
		}
		here := a.at(Finding{Profiles: names, KeyID: f.KeyID}, p.file, h.id.line, h.id.col)
		if p.file == credfile.ConfigFile && !a.set.One {
			here := here
			here.What = fmt.Sprintf("%s has %s in the config file", show.Names(names), k.show())
			a.add(ruleKeyInConfig, here, p.profile.name, k.subjectOf())
		}
		if k.Kind == credfile.LongTerm && k.valid && h.token.isSet() {
			here.What = fmt.Sprintf("%s has a session token beside the long-term %s", show.Names(names), k.show())
			here.Line, here.Col = h.token.line, h.token.col
			a.add(ruleKeyWithToken, here, p.profile.name, k.subjectOf())
		}
	}
}

// judgeSession judges a key from STS.
func (a *auditor) judgeSession(k *key, f Finding) {
	rule, what := ruleSessionKeyNoToken, "%s of %s has no session token beside it"
	for _, p := range k.locations {
		if !p.entry.token.isSet() {
			continue
		}
		rule, what = ruleSessionKey, "%s of %s is a session key: it expires by itself"
		end, ok := expiry(p.entry.expires.value)
		if !ok {
			continue
		}
		tense := "expires"
		if !end.After(a.in.Now) {
			tense = "expired"
			f.Repair = say("sign in again with the tool that created it, or delete its lines from the profile")
		}
		what = "%s of %s is a session key that " + tense + " " + end.UTC().Format("2006-01-02 15:04 MST") + " (" + p.entry.expiresBy + ")"
		break
	}
	f.What = fmt.Sprintf(what, k.show(), show.Names(f.Profiles))
	a.add(rule, f, k.subjectOf())
}

// expiry reads a time as the tools write it.
func expiry(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST",
		"2006-01-02 15:04:05 MST", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1_000_000_000 && n < 100_000_000_000 {
		return time.Unix(n, 0), true
	}
	return time.Time{}, false
}

// verbHas agrees with show.Names.
func verbHas(names []string) string {
	if len(names) > 1 {
		return "have"
	}
	return "has"
}

// idAndMore is a key ID with something behind it.
var idAndMore = pattern.Of(`^(AKIA|ASIA)[A-Z2-7]{16}[^A-Z0-9]`)

// glued reports whether the secret's line stands behind an ID.
func glued(id string) bool {
	return idAndMore().MatchString(id) && strings.Contains(strings.ToLower(id), "aws_secret_access_key")
}

// notAKey says what is wrong with an ID, and how to mend it where that is known;
// it shows nothing of it.
func (k *key) notAKey() (why string, repair Repair) {
	why = show.Count(utf8.RuneCountInString(k.ID), "character")
	switch {
	case hidden(k.ID):
		return why + ", some of them invisible, as of a pasted escape sequence", say("delete the characters that do not show, or write the line anew")
	case strings.HasSuffix(k.ID, "[None]") && idAndMore().MatchString(k.ID):
		return why + `, because [None] follows the ID, a question of "aws configure"`, say("delete what follows the ID")
	case glued(k.ID):
		return why + ", because the secret's line follows the ID", say("put what follows the ID on a line of its own")
	case idAndMore().MatchString(k.ID):
		return why + ", because something follows the ID", say("delete what follows the ID")
	case idWithin().MatchString(k.ID):
		return why + ", because something stands around the ID", say("write the ID alone, without quotes or signs around it")
	case strings.ContainsFunc(k.ID, unicode.IsSpace):
		return why + ", a space among them", say("write the ID without spaces")
	case almostID().MatchString(k.ID):
		return why + ", among them 0, 1, 8 or 9, which no ID has", say("compare it with what AWS gave out: O for 0, I or L for 1, B for 8")
	case almostID().MatchString(strings.ToUpper(k.ID)):
		return why + ", small letters among them", say("write the ID in capitals")
	case strings.HasPrefix(k.ID, "AKIA") && lettersAndDigits().MatchString(k.ID):
		return why + "; an ID has 20", Repair{}
	case placeholder().MatchString(k.ID):
		return why + ", a placeholder for one", Repair{}
	}
	return why, Repair{}
}

var (
	// idWithin is a key ID with signs around it, such as a pasted quote mark or a second =.
	idWithin = pattern.Of(`^[^A-Za-z0-9]+(AKIA|ASIA)[A-Z2-7]{16}([^A-Za-z0-9]|$)`)
	// almostID has digits that no ID has: it was typed from a picture or from paper.
	almostID         = pattern.Of(`^(AKIA|ASIA)[A-Z0-9]{16}$`)
	lettersAndDigits = pattern.Of(`^[A-Z0-9]+$`)
	// placeholder is what a template has in an ID's place.
	placeholder = pattern.Of(`(?i)^(\$\{?[A-Z_]+\}?|<.*>|\{\{.*\}\}|%.*%|ENC\[.*\]|op://.*|.*\b(your|example|changeme|placeholder|redacted)\b.*|[x*.]+|your[_-].*)$`)
)
