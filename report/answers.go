package report

import (
	"fmt"
	"keycare/credfile"
	"keycare/credfile/show"
	"slices"
	"strings"
)

var (
	ruleRootKey = &Rule{
		ID: "root-key", About: AboutKey, Severity: Critical, Because: "nothing limits what a root key can do",
		Title:   "Key of the root user",
		Why:     "this key can do anything in the account, no policy limits it, and a thief can close the account with it",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Repair:  Repair{Command: "keycare replace-root --profile {profile}"},
	}
	ruleAccountNotAllowed = &Rule{
		ID: "account-not-allowed", About: AboutKey, Severity: High, Because: "the settings list which accounts belong on this machine",
		Title:   "Key from an account that is not allowed",
		Why:     "your settings list the accounts whose keys may be on this machine, and this account is not among them",
		Sources: []string{"keycare settings, accounts"},
		Repair:  Repair{Text: "remove the key from the file, or add its account to accounts in keycare.ini"},
	}
	ruleKeyRejected = &Rule{
		ID: "key-rejected", About: AboutKey, Severity: High, Because: "tools fail with this profile, and a dead key hides what happened to it",
		Title:   "Key that AWS rejects",
		Why:     "it was deleted or deactivated, its secret is wrong, or it belongs to another partition (GovCloud, China); no tool can use this profile",
		Sources: []string{"AWS STS GetCallerIdentity"},
		Repair:  Repair{Text: "enter a working key, or set the region if this is a GovCloud or China key", Command: "aws configure --profile {profile}"},
	}
	ruleKeyInactive = &Rule{
		ID: "key-inactive", About: AboutKey, Severity: Low, Because: "it does nothing until someone reactivates it",
		Title:   "Inactive key in your files",
		Why:     "it does not work now, but anyone who may manage keys can reactivate it",
		Sources: []string{"ScoutSuite iam-user-no-key-rotation"},
		Repair:  Repair{Text: "if nothing needs it, delete it from AWS and its lines from the profile"},
	}
)

// answerRules are about whose a key is and whether it works.
var answerRules = []*Rule{ruleRootKey, ruleAccountNotAllowed, ruleKeyRejected, ruleKeyInactive}

// lookAtAnswers judges whose keys they are, and whether AWS accepts them.
func lookAtAnswers(a *auditor) {
	for _, k := range a.answers() {
		a.allowedAccount(k)
		f := a.keyFinding(k.key)
		add := func(rule *Rule, format string, args ...any) {
			f.What = fmt.Sprintf("%s of %s ", k.show(), show.Names(f.Profiles)) + fmt.Sprintf(format, args...)
			a.add(rule, f, k.ID)
		}
		if k.Rejected {
			if k.Partitions {
				f.Repair = Repair{"enter a working key, or delete the profile's key lines", "aws configure --profile {profile}"}.filled(&f, a.goos)
			}
			add(ruleKeyRejected, "is not accepted by AWS")
			continue
		}
		if k.Region != "" {
			f := f
			f.Severity = Medium
			f.Repair = Repair{"write the region into the profile", "aws configure set region " + k.Region + " --profile {profile}"}.filled(&f, a.goos)
			f.What = fmt.Sprintf("%s of %s works only in partition %s, and the profile's region is in another one", k.show(), show.Names(f.Profiles), show.Plain(k.Identity.Value.Partition()))
			a.add(ruleKeyRejected, f, k.ID, "region")
		}
		a.wrongSecrets(k)
		if k.Status.Known() && k.Status.Value == "Inactive" {
			add(ruleKeyInactive, "is inactive")
		}
		if k.isRoot() {
			if a.flightOf(k.ID) != nil {
				f.Repair = do("keycare resume")
			}
			add(ruleRootKey, "is the key of the root user of account %s", k.Identity.Value.Account)
		}
	}
}

// allowedAccount judges whether a key is of an account that the settings allow.
func (a *auditor) allowedAccount(k answered) {
	f := a.keyFinding(k.key)
	allowed := a.in.Policy.Accounts
	if len(allowed) == 0 || k.Kind != credfile.LongTerm || slices.Contains(allowed, f.Account) {
		return
	}
	f.What = fmt.Sprintf("%s of %s belongs to account %s, which is not in your list", k.show(), show.Names(f.Profiles), f.Account)
	if f.Account == "" {
		f.What = fmt.Sprintf("%s of %s belongs to an unknown account, which may not be in your list", k.show(), show.Names(f.Profiles))
	}
	a.add(ruleAccountNotAllowed, f, k.ID)
}

// wrongSecrets judges the profiles that hold a key that works with a secret that
// does not.
func (a *auditor) wrongSecrets(k answered) {
	if len(k.WrongSecret) == 0 {
		return
	}
	f := a.keyFinding(k.key)
	f.Profiles = k.WrongSecret
	for _, p := range k.locations {
		if slices.Contains(k.WrongSecret, p.profile.name) {
			f = a.at(f, p.file, p.entry.secret.line, p.entry.secret.col)
			break
		}
	}
	f.What = fmt.Sprintf("%s of %s is not accepted by AWS: its secret is wrong", k.show(), show.Names(f.Profiles))
	a.add(ruleKeyRejected, f, k.ID, "secret", strings.Join(f.Profiles, "\x00"))
}
