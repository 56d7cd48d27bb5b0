package report

import (
	"crypto/sha256"
	"encoding/hex"
	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"slices"
	"strings"
	"time"
)

// auditor collects findings.
type auditor struct {
	in        Input
	goos      string // of the machine that is audited
	set       *credfile.Set
	inventory *inventory
	found     []Finding
	unknown   int
	// incomplete says what could not be learned, undecided which severity a finding
	// may have that is missing for it.
	incomplete []string
	undecided  Severity
	accepted   []Accepted
	matched    []bool            // by exception: it covers a finding
	idleKeys   map[string]keyUse // the key that may be told to be deactivated, by the user's ARN
	noCLI      bool              // the AWS CLI rejects a file, so no command of it works
	// explained are entries whose missing half a mistake explains.
	explained map[*fileEntry]bool
	// misspelt are the key IDs that stand under misspelt names.
	misspelt map[string]bool
	swapped  []*key            // stand where the secret belongs
	noRegion map[*profile]bool // have a region that is none
	digest   []byte            // reused for fingerprints
	scan     *Scan             // nil where none was made
}

// keyUse is an active key of a user, and how long nobody has used it.
type keyUse struct {
	id   string
	here bool // a profile of this machine signs with it
	// unknown says why it is not known when the key was used last; empty if it is.
	unknown string
	use     facts.Use // a zero time: never
	idle    time.Duration
	// unused says that nobody has used the key for longer than the limit, or never
	// while its user has a password.
	unused bool
}

// add files a finding of a rule. The rule fills in what f leaves empty. subject
// is what the finding is about, without anything that moves: it makes the
// fingerprint. Never put a secret into it. It reports whether the finding is in
// the report.
func (a *auditor) add(r *Rule, f Finding, subject ...string) bool {
	f.Rule, f.Title, f.Why, f.Sources = r.ID, r.Title, r.Why, r.Sources
	if f.Severity == Clean {
		f.Severity = r.Severity
	}
	if set, ok := a.in.Policy.Severity[r.ID]; ok {
		f.Severity = set
	}
	if f.Repair == (Repair{}) {
		f.Repair = r.Repair.filled(&f, a.goos)
	}
	if strings.HasPrefix(f.Repair.Command, "keycare rotate ") && a.barred(&f) {
		f.Repair = say("your settings say never to call AWS with this key, so keycare does not rotate it: replace it by hand")
	}
	if a.noCLI {
		f.Repair = f.Repair.afterRejected()
	}
	shown := make([]string, len(f.Profiles))
	for i, name := range f.Profiles {
		shown[i] = show.Field(name)
	}
	f.Profiles = shown
	if f.Account == "" && f.KeyID != "" {
		f.Account = a.accountOf(f.KeyID)
	}
	if f.Subject == (Subject{}) {
		f.Subject = f.subject(r.About)
	}
	if slices.Contains(a.in.Policy.Off, r.ID) {
		return false
	}
	f.Fingerprint = a.fingerprint(r.ID, subject)
	covered := "" // what its fingerprint would be under the rule whose exceptions hold for it
	if r.CoveredBy != "" && len(a.in.Policy.Exceptions) > 0 {
		covered = a.fingerprint(r.CoveredBy, subject)
	}
	if e := a.exceptionFor(r, &f, covered); e != nil {
		f.State = StateAccepted
		a.accepted = append(a.accepted, Accepted{f, show.Field(e.Name), show.Plain(e.Reason), lastDay(e.Until)})
		return false
	}
	a.found = append(a.found, f)
	return true
}

// barred reports whether the settings say never to call AWS with the key of f.
func (a *auditor) barred(f *Finding) bool {
	return a.in.NeverCall != nil && slices.ContainsFunc(f.Profiles, func(name string) bool { return a.in.NeverCall(name, f.KeyID) })
}

// at fills in a place in one of the two files.
func (a *auditor) at(f Finding, kind credfile.FileKind, line, col int) Finding {
	f.File, f.Line, f.Col = a.set.Files()[kind].Path, line, col
	return f
}

// keyFinding starts a finding about k, at its first place.
func (a *auditor) keyFinding(k *key) Finding {
	f := Finding{Profiles: k.profiles()}
	if k.valid {
		f.KeyID = k.ID
	}
	f.Account = a.accountOf(k.ID)
	c := k.locations[0].entry.id
	return a.at(f, k.locations[0].file, c.line, c.col)
}

// accountOf is the account of a key as AWS says, or as its ID does.
func (a *auditor) accountOf(id string) string {
	if o, ok := a.in.Online[id]; ok && o.Identity.Known() && o.Identity.Value.Account != "" {
		return o.Identity.Value.Account
	}
	return credfile.FactsOf(id).Account
}

// subjectOf is what a finding about k is about: its ID, or where there is none
// that may be shown, its places.
func (k *key) subjectOf() string {
	if k.valid {
		return k.ID
	}
	return strings.Join(k.profiles(), "\x00")
}

// atHeader fills in the place of a profile's first header, in the config file if
// it has one there.
func (a *auditor) atHeader(f Finding, s *profile) Finding {
	for _, kind := range []credfile.FileKind{credfile.ConfigFile, credfile.CredentialsFile} {
		if h := s.in[kind]; h != nil {
			return a.at(f, kind, a.set.Files()[kind].Sections[h.sections[0]].First+1, 1)
		}
	}
	return f
}

// fingerprint is that of a finding of a rule about a subject.
func (a *auditor) fingerprint(rule string, subject []string) string {
	a.digest = append(a.digest[:0], rule...)
	for _, part := range subject {
		a.digest = append(append(a.digest, 0), part...)
	}
	sum := sha256.Sum256(a.digest)
	return hex.EncodeToString(sum[:16])
}

// exceptionFor is the first exception that still holds and covers f; nil for
// none. All that cover it are noted.
func (a *auditor) exceptionFor(r *Rule, f *Finding, covered string) (first *Exception) {
	for i := range a.in.Policy.Exceptions {
		e := &a.in.Policy.Exceptions[i]
		if !e.covers(r, f, covered) {
			continue
		}
		a.matched[i] = true
		if first == nil && a.in.Now.Before(e.Until) {
			first = e
		}
	}
	return first
}

// covers reports whether all that e names fits f. An exception that names
// nothing covers nothing. One for a profile covers a finding about several only
// where it is the only one. One for old-key goes on when the key gets older than
// a year (CoveredBy), covered being the finding's fingerprint under that rule. A
// critical finding has to be meant: by its rule or its fingerprint.
func (e *Exception) covers(r *Rule, f *Finding, covered string) bool {
	if !e.namesSomething() || f.Severity == Critical && e.Rule == "" && e.Fingerprint == "" {
		return false
	}
	return (e.Rule == "" || e.Rule == r.ID || e.Rule == r.CoveredBy) && (e.Key == "" || e.Key == f.KeyID) &&
		(e.Account == "" || e.Account == f.Account) && (e.File == "" || e.File == f.File) &&
		(e.Profile == "" || slices.Equal(f.Profiles, []string{e.Profile})) &&
		(e.Fingerprint == "" || e.Fingerprint == f.Fingerprint || e.Fingerprint == covered)
}

// Covers reports whether the exception, as long as it holds, covers a finding of a
// report.
func (e *Exception) Covers(f *Finding) bool {
	r := RuleByID(f.Rule)
	return r != nil && e.covers(r, f, "")
}

func (e *Exception) namesSomething() bool {
	return e.Rule != "" || e.Profile != "" || e.Account != "" || e.Key != "" || e.File != "" || e.Fingerprint != ""
}
