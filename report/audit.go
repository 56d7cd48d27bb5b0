package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"keycare/credfile"
)

// Audit judges in and returns the findings in a stable order: the worst first,
// then by file, line, rule and profile. It takes time in proportion to the size
// of the files.
func Audit(in Input) *Report {
	a := &auditor{in: in, goos: in.Local.GOOS, set: in.Set, users: make(map[string]bool), accounts: make(map[string]bool), pairs: make(map[[2]string]bool), spare: make(map[string]standing)}
	if a.set == nil {
		a.set = credfile.NewSet(credfile.Paths{}, "", "")
	}
	a.noRegion, a.explained = make(map[*subject]bool), make(map[*holding]bool)
	a.survey = takeSurvey(a.set, in.Profiles)
	a.noCLI = a.set.CLI("default").Refused != nil
	a.judgeSpare()
	for _, look := range []func(*auditor){
		lookAtPlaces, lookAtModes, lookAtFiles, lookAtLinks, lookAtSiblings, lookAtLegacyFiles, lookAtEnvironment, lookAtHistory,
		lookAtRotations, lookAtReaders, lookAtMistakes, lookAtStrays, lookAtPairs, lookAtKeys, lookAtSigning, lookOnline, lookAtExceptions,
	} {
		look(a)
	}
	return a.report()
}

// auditor collects findings.
type auditor struct {
	in       Input
	goos     string // of the machine that is audited
	set      *credfile.Set
	survey   *survey
	found    []Finding
	unknown  int
	excepted int
	users    map[string]bool     // told about, by ARN
	accounts map[string]bool     // told about, by ID
	pairs    map[[2]string]bool  // keys of one user told about, by ID
	spare    map[string]standing // the key that may be told to be deactivated, by the user's ARN
	noCLI    bool                // the AWS CLI rejects a file, so no command of it works
	// explained are holdings whose missing half a mistake explains.
	explained map[*holding]bool
	swapped   []*key            // stand where the secret belongs
	noRegion  map[*subject]bool // have a region that is none
	digest    []byte            // reused for fingerprints
}

// add files a finding of a rule. The rule fills in what f leaves empty. subject
// is what the finding is about, without anything that moves: it makes the
// fingerprint. Never put a secret into it. It reports whether the finding is in
// the report.
func (a *auditor) add(r *Rule, f Finding, subject ...string) bool {
	f.Rule, f.Why, f.Sources = r.ID, r.Why, r.Sources
	if f.Severity == Clean {
		f.Severity = r.Severity
	}
	if f.Repair == (Repair{}) {
		f.Repair = r.Repair.filled(&f, a.goos)
	}
	if a.noCLI {
		f.Repair = f.Repair.afterRejected()
	}
	if f.Profiles == nil {
		f.Profiles = []string{}
	}
	a.digest = append(a.digest[:0], r.ID...)
	for _, part := range subject {
		a.digest = append(append(a.digest, 0), part...)
	}
	if f.Account == "" && f.KeyID != "" {
		f.Account = a.accountOf(f.KeyID)
	}
	if f.Subject == (Subject{}) {
		f.Subject = f.subject(r.About)
	}
	if slices.Contains(a.in.Policy.Off, r.ID) {
		return false
	}
	if a.accepted(&f) {
		a.excepted++
		return false
	}
	sum := sha256.Sum256(a.digest)
	f.Fingerprint = hex.EncodeToString(sum[:16])
	a.found = append(a.found, f)
	return true
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
	c := k.places[0].at().id
	return a.at(f, k.places[0].file, c.line, c.col)
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

func (a *auditor) report() *Report {
	r := &Report{
		Version: Version, Time: a.in.Now.UTC(), Offline: a.in.Offline, Unknown: a.unknown, Excepted: a.excepted,
		Files: []string{}, Findings: a.found,
	}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	if a.in.Set == nil {
		r.Unread = a.unread()
	}
	if a.in.Set != nil {
		for _, f := range a.set.Files() {
			if f.Path != "" && !slices.Contains(a.set.Missing, f.Path) {
				r.Files = append(r.Files, f.Path)
			}
		}
	}
	for _, s := range a.survey.subjects {
		if s.selected && s.name != "" {
			r.Profiles++
		}
	}
	for _, k := range a.survey.keys {
		if k.selected() {
			r.Keys++
		}
	}
	for i := range r.Findings {
		*r.Counts.at(r.Findings[i].Severity)++
	}
	slices.SortStableFunc(r.Findings, compare)
	return r
}

func compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity),
		strings.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line),
		strings.Compare(a.Rule, b.Rule),
		slices.Compare(a.Profiles, b.Profiles),
		strings.Compare(a.KeyID, b.KeyID),
		strings.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// atHeader fills in the place of a subject's first header, in the config file if
// it has one there.
func (a *auditor) atHeader(f Finding, s *subject) Finding {
	for _, kind := range []credfile.FileKind{credfile.ConfigFile, credfile.CredentialsFile} {
		if h := s.in[kind]; h != nil {
			return a.at(f, kind, a.set.Files()[kind].Sections[h.sections[0]].First+1, 1)
		}
	}
	return f
}
