package report

import (
	"cmp"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

// Audit judges in and returns the findings in a stable order: the worst first,
// then by file, line, rule and profile. It takes time in proportion to the size
// of the files.
func Audit(in Input) *Report {
	a := newAuditor(in)
	for _, t := range topics {
		t.look(a)
	}
	return a.result()
}

func newAuditor(in Input) *auditor {
	a := &auditor{in: in, goos: in.AWSFiles.GOOS, set: in.Set, idleKeys: make(map[string]keyUse),
		noRegion: make(map[*profile]bool), explained: make(map[*fileEntry]bool), misspelt: make(map[string]bool)}
	if a.set == nil {
		a.set = credfile.NewSet(credfile.Paths{}, "", "")
	}
	a.matched = make([]bool, len(in.Policy.Exceptions))
	a.inventory = takeInventory(a.set, in.Profiles)
	a.noCLI = a.set.CLI("default").Refused != nil
	a.chooseIdleKeys()
	return a
}

func (a *auditor) result() *Report {
	r := &Report{
		Version: Version, Origin: a.in.Origin, Time: facts.Whole(a.in.Now), Policy: a.in.Policy.limits(), Offline: a.in.Offline, Deep: a.in.Deep, Unknown: a.unknown,
		Inventory: a.keyList(), Rotations: a.flights(), Timer: a.in.Timer, Partial: a.in.Partial,
		Excepted: len(a.accepted), Files: []string{}, Findings: a.found, Accepted: a.accepted, RulesOff: a.in.Policy.Off, SeveritySet: a.in.Policy.Severity,
		Complete: len(a.incomplete) == 0, Incomplete: a.incomplete, undecided: a.undecided,
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
		if len(r.Files) == 0 {
			r.Missing = a.set.Missing
		}
	}
	for _, s := range a.inventory.profiles {
		if s.selected && s.name != "" {
			r.Profiles++
		}
	}
	for _, k := range a.inventory.keys {
		if k.selected() {
			r.Keys++
		}
	}
	r.Sort()
	r.Follow(nil, nil)
	return r
}

// Sort puts the findings in order and counts them.
func (r *Report) Sort() {
	r.Counts = Counts{}
	for i := range r.Findings {
		*r.Counts.at(r.Findings[i].Severity)++
	}
	sorting.By(r.Findings, compare)
	sorting.By(r.Accepted, func(a, b Accepted) int { return compare(a.Finding, b.Finding) })
}

// flights are the rotations that are not closed.
func (a *auditor) flights() []Flight {
	all := []Flight{}
	for _, r := range a.in.Rotations {
		f := Flight{Profile: show.Field(r.Profile), Old: shownID(r.Old), New: shownID(r.New), Stage: r.Stage, Since: facts.Whole(r.Since), Until: facts.Whole(r.Until)}
		all = append(all, f)
	}
	return all
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
