package report

import (
	"fmt"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleRootLogin = &Rule{
		ID: "root-login", About: AboutProfile, Severity: High, Because: "it is root, but its session keys expire within hours",
		Title:   "Profile that signs in as root",
		Why:     "every command with this profile runs with unlimited permissions",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Repair:  Repair{Text: "sign in as a user or role instead", Command: "aws login --profile {profile}"},
	}
	ruleTwoWaysToSign = &Rule{
		ID: "two-ways-to-sign", About: AboutProfile, Severity: Medium, Because: "in some tools a forgotten key wins over the safer way",
		Title:   "Static key beside another way to sign in",
		Why:     "tools differ in which of the two they use",
		Sources: []string{srcPrecedence},
		Repair:  Repair{Text: "if the key is no longer needed, delete its lines from the profile and the key from AWS"},
	}
	ruleStaticKeyWhereSSO = &Rule{
		ID: "static-key-where-sso", About: AboutKey, Severity: Low, Because: "the safer way is set up already, so the key may be there without need",
		Title:   "Long-term key where IAM Identity Center works",
		Why:     "you already have a short-term way into this account, and a key that never expires adds to what can be stolen",
		Sources: []string{srcBest, "CIS AWS Foundations 7.0.0 2.19"},
	}
)

// signingRules are about profiles and accounts with more than one way to sign.
var signingRules = []*Rule{ruleRootLogin, ruleTwoWaysToSign, ruleStaticKeyWhereSSO}

// otherWay is a way to sign that a profile may have beside a static key, and
// what the two tools make of the two. cli and sdk say what is used.
type otherWay struct {
	all      ways // settings that make up the way
	name     string
	cli, sdk string
	// cliConfig is cli for a static key of the config file; empty if the same.
	cliConfig string
}

// otherWays is in the order in which the AWS CLI tries them. Sources: botocore
// 1.43 create_credential_resolver; aws-sdk-go-v2/config 1.33.15
// resolveCredsFromProfile.
var otherWays = []otherWay{
	{all: hasRole | hasSourceProfile, name: "role_arn with source_profile", cli: theOther, sdk: theOther},
	{all: hasRole | hasCredentialSource, name: "role_arn with credential_source", cli: theOther, sdk: theKey},
	{all: hasWebIdentity, name: "web_identity_token_file", cli: theOther, sdk: theKey},
	{all: hasRole, name: "role_arn", cli: "neither of the two and stops", sdk: theKey},
	{all: hasSSO, name: "IAM Identity Center", cli: theOther, sdk: theKey},
	{all: hasLogin, name: "login_session", cli: theKey, sdk: theKey, cliConfig: theOther},
	{all: hasProcess, name: "credential_process", cli: theKey, sdk: theKey, cliConfig: theOther},
}

const (
	theKey   = "the key"
	theOther = "{other}" // shown as the name of the way
)

// lookAtSigning judges profiles that can sign in more than one way.
func lookAtSigning(a *auditor) {
	const asks = hasRole | hasWebIdentity | hasSSO | hasLogin | hasProcess
	for _, s := range a.inventory.profiles {
		if s.selected && s.ways&asks != 0 && s.name != "" {
			a.rootLogin(s)
			a.twoWays(s)
		}
	}
	a.keysWhereSSO()
}

// keysWhereSSO finds long-term keys of accounts that another profile signs in to with
// IAM Identity Center. Where it is the key's own profile, twoWays has told of it.
func (a *auditor) keysWhereSSO() {
	into := map[string][]string{} // profiles by account
	for _, s := range a.inventory.profiles {
		if s.ways&hasSSO == 0 || s.name == "" {
			continue
		}
		set := func(name string) bool { return a.set.Setting(s.name, name) != "" }
		if account := a.set.Setting(s.name, "sso_account_id"); account != "" && set("sso_role_name") && (set("sso_session") || set("sso_start_url")) {
			into[account] = append(into[account], s.name)
		}
	}
	for _, k := range a.inventory.keys {
		if len(into) == 0 {
			return
		}
		names := into[a.accountOf(k.ID)]
		if len(names) == 0 || !k.selected() || !a.staticAndWorks(k) || a.in.Online[k.ID].Identity.Value.Owner() == facts.OwnerRoot {
			continue
		}
		f := a.keyFinding(k)
		if slices.ContainsFunc(f.Profiles, func(name string) bool { return slices.Contains(names, name) }) {
			continue
		}
		verb := "signs"
		if len(names) > 1 {
			verb = "sign"
		}
		f.What = fmt.Sprintf("%s of %s is for account %s, which %s %s in to with IAM Identity Center", k.show(), show.Names(f.Profiles), f.Account, show.Names(names), verb)
		f.Repair = say("once nothing needs the key, delete it")
		if command := show.Command(a.goos, "aws", "sso", "login", "--profile", names[0]); command != "" && !show.SecretLike(names[0]) {
			f.Repair = Repair{"once nothing needs the key, delete it; to sign in without it", command}
		}
		a.add(ruleStaticKeyWhereSSO, f, k.subjectOf())
	}
}

// staticAndWorks reports whether k is a long-term key that opens something, as far
// as is known.
func (a *auditor) staticAndWorks(k *key) bool {
	o := a.in.Online[k.ID]
	return k.valid && k.keptAndWhole() && !k.oddDigits() && !k.Example && !k.Canary && !o.Rejected && o.Status.Value != "Inactive"
}

func (a *auditor) rootLogin(s *profile) {
	if s.ways&hasLogin == 0 {
		return
	}
	arn := a.set.Setting(s.name, "login_session")
	if strings.HasPrefix(arn, "arn:") && strings.HasSuffix(arn, ":root") {
		a.add(ruleRootLogin, a.atHeader(Finding{Profiles: []string{s.name},
			What: fmt.Sprintf("profile %s signs in as the root user (login_session)", show.Name(s.name))}, s), s.name)
	}
}

func (a *auditor) twoWays(s *profile) {
	kind, h := s.static()
	if h == nil {
		return
	}
	k := a.inventory.byID[h.id.value]
	if k == nil || k.Kind == credfile.Temporary || k.Canary {
		return
	}
	for _, w := range otherWays {
		if s.ways&w.all != w.all {
			continue
		}
		// A role that names its own profile as source is what the key is for.
		if w.all&hasSourceProfile != 0 && a.set.Setting(s.name, "source_profile") == s.name {
			return
		}
		cli := w.cli
		if kind == credfile.ConfigFile && w.cliConfig != "" {
			cli = w.cliConfig
		}
		f := a.at(Finding{Profiles: []string{s.name}}, kind, h.id.line, h.id.col)
		if k.valid {
			f.KeyID = k.ID
		}
		f.What = fmt.Sprintf("profile %s has %s and also %s: ", show.Name(s.name), k.show(), w.name)
		named := strings.NewReplacer(theOther, w.name)
		if cli == w.sdk {
			f.What += fmt.Sprintf("the AWS CLI and the Go SDK use %s", named.Replace(cli))
		} else {
			f.What += fmt.Sprintf("the AWS CLI uses %s, the Go SDK (terraform and others) uses %s", named.Replace(cli), named.Replace(w.sdk))
		}
		a.add(ruleTwoWaysToSign, f, s.name, w.name)
		return
	}
}

// static returns the static key of a profile, in the file that tools prefer.
func (s *profile) static() (credfile.FileKind, *fileEntry) {
	for kind, h := range s.in {
		if h != nil && h.id.isSet() && h.secret.isSet() {
			return credfile.FileKind(kind), h
		}
	}
	return 0, nil
}
