package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

var (
	ruleKeyInHistory = &Rule{
		ID: "key-in-history", About: AboutKey, Severity: Critical, Because: "everyone with a clone of the repository has the key, and a commit that removes it changes nothing",
		Title:   "Your key in the history of a Git repository",
		Why:     "every clone has it, and deleting the file does not remove it from the history",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "replace the key, then the copies are worthless", Command: "keycare rotate {arg}"},
	}
	ruleOwnKeyCopy = &Rule{
		ID: "own-key-copy", About: AboutKey, Severity: High, Because: "the key works, and this file is protected, backed up and shared differently from the credentials file",
		Title:   "Your key outside the AWS files",
		Why:     "a rotation does not change it there, and whoever gets the file gets the key",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "let what reads the file use the profile instead, delete the key there, then replace it", Command: "keycare rotate {arg} --grace 24h"},
	}
	ruleOwnAccountKey = &Rule{
		ID: "own-account-key", About: AboutKey, Severity: High, Because: "as for own-key-copy; no profile has the key, so nobody here looks after it",
		Title:   "Another key of one of your accounts",
		Why:     "no profile has it, so no audit looks at it and no rotation replaces it",
		Sources: []string{srcBest, srcKeyIDs},
		Repair:  Repair{Text: "find out who uses it; then put it into a profile, or delete it in AWS and here"},
	}
	ruleOtherKey = &Rule{
		ID: "other-aws-key", About: AboutKey, Severity: Medium, Because: "it opens an account that is not one of yours",
		Title:   "Key of another account, with its secret",
		Why:     "whoever gets the file gets the key",
		Sources: []string{srcBest, srcKeyIDs},
		Repair:  Repair{Text: "tell the owner of the account, and delete the key here"},
	}
)

// scanRules are about keys in other places than the AWS files.
var scanRules = []*Rule{ruleKeyInHistory, ruleOwnKeyCopy, ruleOwnAccountKey, ruleOtherKey}

// Found is what a scan for copies of keys found.
type Found struct {
	copies.Result
	Keys  []copies.Key // the user's own
	Repos int          // that were looked into
	Only  string       // the one key that is asked about; empty for all
}

// Scan is what a report of a scan has beside its findings.
type Scan struct {
	Files        int64        `json:"files"`
	Repositories int          `json:"repositories"`
	Objects      int64        `json:"objects"` // of repositories
	Bytes        int64        `json:"bytes"`
	Copies       []CopyOfKey  `json:"copies"`
	IDsAlone     int          `json:"ids_alone"` // IDs of others' keys without a secret
	Canaries     int          `json:"canaries"`  // planted keys, which are left alone
	NotLookedAt  []Unlooked   `json:"not_looked_at"`
	Only         string       `json:"-"`
	Keys         []copies.Key `json:"-"`
}

// CopyOfKey is a key in one place.
type CopyOfKey struct {
	KeyID string `json:"key_id"` // empty for an API key
	// APIKey is the name of an API key for Amazon Bedrock.
	APIKey string `json:"api_key"`
	// Whose is "own", "own past", "own account", "other", or "other ID" for an ID
	// without a secret.
	Whose    string      `json:"whose"`
	State    string      `json:"state"` // of an own key
	Path     string      `json:"path"`
	Inner    string      `json:"inner"` // the file in an archive or a repository
	Git      bool        `json:"git"`
	Pushed   bool        `json:"pushed"` // as far as the clone knows
	Line     int         `json:"line"`
	Parts    string      `json:"parts"` // "ID", "secret" or "ID and secret"
	Form     string      `json:"form"`  // empty for plain text
	Place    string      `json:"place"` // the kind of place; empty if the path does not tell
	Exposed  bool        `json:"exposed"`
	Count    int         `json:"count"`
	Severity Severity    `json:"severity"` // Clean where the copy is no finding
	Tier     copies.Tier `json:"-"`
	Account  string      `json:"-"` // of an API key
}

// Named is the key's ID, or the name of an API key.
func (c *CopyOfKey) Named() string { return cmp.Or(c.KeyID, c.APIKey) }

// Unlooked is what was not looked at for one reason.
type Unlooked struct {
	Reason string   `json:"reason"`
	Count  int      `json:"count"`
	Paths  []string `json:"paths"` // some of them
}

// ScanReport judges what a scan found (in.Found), and nothing else.
func ScanReport(in Input) *Report {
	a := newAuditor(in)
	lookAtScan(a)
	r := a.result()
	r.Scan = a.scan
	return r
}

var whose = map[copies.Tier]string{
	copies.OwnCurrent: "own", copies.OwnPast: "own past", copies.OwnAccount: "own account", copies.WithSecret: "other", copies.IDOnly: "other ID", copies.Bait: "canary",
}

// lookAtScan judges the copies that a scan found.
func lookAtScan(a *auditor) {
	if a.in.Found == nil {
		return
	}
	s := &Scan{Files: a.in.Found.Files, Repositories: a.in.Found.Repos, Objects: a.in.Found.Objects, Bytes: a.in.Found.Bytes,
		Copies: []CopyOfKey{}, NotLookedAt: []Unlooked{}, Only: a.in.Found.Only, Keys: a.in.Found.Keys}
	a.scan = s
	alone, bait := map[string]bool{}, map[string]bool{}
	for i := range a.in.Found.Copies {
		c := &a.in.Found.Copies[i]
		if s.Only != "" && c.KeyID != s.Only {
			continue
		}
		switch c.Tier {
		case copies.Bait:
			bait[c.KeyID] = true
			continue
		case copies.IDOnly:
			alone[c.KeyID] = true
			if s.Only == "" {
				continue
			}
		}
		one := copyOf(c, a.in.Found.Keys)
		if c.Tier != copies.IDOnly {
			one.Severity = a.judgeCopy(c, &one)
		}
		s.Copies = append(s.Copies, one)
	}
	s.IDsAlone, s.Canaries = len(alone), len(bait)
	for _, u := range a.in.Found.Skipped {
		s.NotLookedAt = append(s.NotLookedAt, Unlooked{string(u.Reason), u.Count, append([]string{}, u.Paths...)})
	}
	sorting.By(s.Copies, func(a, b CopyOfKey) int { return cmp.Compare(b.Severity, a.Severity) })
}

func copyOf(c *copies.Copy, keys []copies.Key) CopyOfKey {
	one := CopyOfKey{KeyID: c.KeyID, APIKey: c.API, Account: c.Account, Whose: whose[c.Tier], Path: c.Path, Inner: c.Inner, Git: c.Git, Pushed: c.Pushed, Line: c.Line,
		Parts: c.Parts.String(), Place: string(c.Place), Exposed: c.Exposed, Count: c.Count, Tier: c.Tier}
	if c.Key < 0 && c.Near || c.Key >= 0 && c.Near && c.Parts == copies.ID {
		one.Parts = "ID, and a secret beside it"
	}
	if i := slices.IndexFunc(keys, func(k copies.Key) bool { return k.ID == c.KeyID }); i >= 0 {
		one.State = string(keys[i].State)
	}
	forms := make([]string, len(c.Forms))
	for i, f := range c.Forms {
		forms[i] = string(f)
	}
	one.Form = strings.Join(forms, ", ")
	return one
}

// judgeCopy files the finding about a copy and returns its severity; Clean where the
// settings leave it out.
func (a *auditor) judgeCopy(c *copies.Copy, one *CopyOfKey) Severity {
	rule, severity := ruleOtherKey, Medium
	var profiles []string
	state := copies.Gone
	if i := slices.IndexFunc(a.in.Found.Keys, func(k copies.Key) bool { return k.ID == c.KeyID }); i >= 0 {
		state, profiles = a.in.Found.Keys[i].State, a.in.Found.Keys[i].Profiles
	}
	temporary := c.API == "" && credfile.FactsOf(c.KeyID).Kind != credfile.LongTerm
	f := Finding{KeyID: c.KeyID, Profiles: profiles, File: c.Path, Account: c.Account}
	if !c.Git && c.Inner == "" {
		f.Line = c.Line
	}
	switch c.Tier {
	case copies.OwnCurrent:
		rule, severity = ruleOwnKeyCopy, High
		if c.Git || c.Exposed {
			severity = Critical
		}
		if !c.Whole() {
			severity = Low
			f.Repair = say("nothing has to be done: an ID opens nothing by itself")
		}
	case copies.OwnPast:
		rule, severity = ruleOwnKeyCopy, Medium
		f.Repair = say("delete the key here, and in AWS once nobody uses it")
		if !c.Whole() {
			severity = Low
		}
		if state == copies.Deleted {
			severity, f.Repair = Info, say("nothing has to be done: the key opens nothing any more")
		}
	case copies.OwnAccount:
		rule, severity = ruleOwnAccountKey, High
		if !c.Whole() {
			severity = Low
		}
		if c.API != "" {
			f.Repair = say("delete the key in IAM (the user's security credentials, API keys for Amazon Bedrock), then here")
		}
	}
	if c.Git && (c.Tier == copies.OwnCurrent || c.Tier == copies.OwnPast) {
		rule = ruleKeyInHistory
	}
	if temporary {
		severity = Info
		f.Repair = say("nothing has to be done: it ends by itself, after 36 hours at most")
	}
	f.Severity = severity
	f.What = a.copyWhat(c, one, state, temporary)
	if !a.add(rule, f, one.Named(), c.Path, c.Inner) {
		return Clean
	}
	return a.found[len(a.found)-1].Severity
}

// copyWhat is one sentence on what stands where.
func (a *auditor) copyWhat(c *copies.Copy, one *CopyOfKey, state copies.State, temporary bool) string {
	verb := "is"
	if one.Parts != "ID" && one.Parts != "secret" {
		verb = "are"
	}
	what := fmt.Sprintf("%s of key %s %s in %s", one.Parts, c.KeyID, verb, filepath.Base(c.Path))
	if one.Parts == "ID, and a secret beside it" {
		what = fmt.Sprintf("the ID of key %s, and what may be its secret, are in %s", c.KeyID, filepath.Base(c.Path))
	}
	if c.API != "" {
		what = fmt.Sprintf("API key for Amazon Bedrock %s is in %s", show.Plain(c.API), filepath.Base(c.Path))
	}
	switch {
	case c.Git:
		what += fmt.Sprintf(" (Git history, %s)", show.Flow(c.Inner))
	case c.Inner != "":
		what += fmt.Sprintf(" (%s)", show.Flow(c.Inner))
	}
	if one.Form != "" {
		what += ", as " + one.Form
	}
	if one.Place != "" && !c.Git {
		what += "; " + one.Place
	}
	switch {
	case temporary:
		what += "; a temporary key"
	case c.Tier == copies.OwnPast && state == copies.Deleted:
		what += "; the key is deleted"
	case c.Tier == copies.OwnPast && state == copies.Grace:
		what += "; the key is in its grace period, and still active"
	case c.Tier == copies.OwnPast:
		what += "; the key is " + string(state)
	}
	if c.Exposed && c.Whole() {
		what += "; other users of this machine can read the file"
	}
	if c.Git && !c.Pushed {
		what += "; not pushed as far as this clone knows"
	}
	return what
}
