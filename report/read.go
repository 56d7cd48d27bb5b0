package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// Read reads a report that was written in JSON, by this version or an earlier
// one. Anybody may have written the file: what has a form is held to it, and
// counts are made anew.
func Read(b []byte) (*Report, error) {
	r := &Report{Complete: true} // as earlier versions meant it, which do not say so
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("not a keycare JSON report: %w", plainJSON(err))
	}
	if r.Version != Version || r.Findings == nil || r.Time.IsZero() {
		return nil, fmt.Errorf("not a keycare JSON report of version %d: write one with keycare audit --format json", Version)
	}
	all := r.Findings
	r.Time, r.Counts, r.Known, r.Findings = facts.Whole(r.Time), Counts{}, 0, []Finding{}
	for i := range all {
		f := &all[i]
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("finding %d: %w", i+1, err)
		}
		if f.FirstSeen.IsZero() {
			f.FirstSeen = r.Time
		}
		if f.State == "" {
			f.State = StateNew
		}
		if f.State == StateKnown {
			r.Known++
			r.KnownFindings = append(r.KnownFindings, *f)
			continue
		}
		*r.Counts.at(f.Severity)++
		r.Findings = append(r.Findings, *f)
	}
	r.Excepted = len(r.Accepted)
	for i := range r.Accepted {
		if err := r.Accepted[i].check(); err != nil {
			return nil, fmt.Errorf("accepted finding %d: %w", i+1, err)
		}
		r.Accepted[i].State = StateAccepted
		if r.Accepted[i].FirstSeen.IsZero() {
			r.Accepted[i].FirstSeen = r.Time
		}
	}
	for i := range r.Inventory {
		k := &r.Inventory[i]
		k.ID = shownID(k.ID)
		for j := range k.Others {
			k.Others[j].ID = shownID(k.Others[j].ID)
		}
		if k.Replaces != nil {
			k.Replaces.ID = shownID(k.Replaces.ID)
		}
	}
	for i := range r.Rotations {
		r.Rotations[i].Old, r.Rotations[i].New = shownID(r.Rotations[i].Old), shownID(r.Rotations[i].New)
	}
	return r, nil
}

// ReadAll reads a report, or a document that holds several: those that keycare
// report wrote together, or those of all users of a machine.
func ReadAll(b []byte) ([]*Report, error) {
	var several struct {
		Version int
		Reports []json.RawMessage
		Users   []struct{ Report json.RawMessage }
	}
	if json.Unmarshal(b, &several) != nil || several.Version != Version || several.Reports == nil && several.Users == nil {
		r, err := Read(b)
		return []*Report{r}, err
	}
	for _, u := range several.Users {
		if u.Report != nil { // it has none where the home could not be audited
			several.Reports = append(several.Reports, u.Report)
		}
	}
	all := make([]*Report, len(several.Reports))
	for i, text := range several.Reports {
		var err error
		if all[i], err = Read(text); err != nil {
			return nil, fmt.Errorf("report %d: %w", i+1, err)
		}
	}
	return all, nil
}

// check holds what was read to its form, and fills in what earlier versions did
// not write.
func (f *Finding) check() error {
	if f.Severity < Info || f.Severity > Critical || f.Was > Critical {
		return errors.New("it has no severity that findings have")
	}
	if f.Rule == "" || len(f.Fingerprint) != 32 || strings.Trim(f.Fingerprint, "0123456789abcdef") != "" {
		return errors.New("it has no rule or no fingerprint")
	}
	if r := RuleByID(f.Rule); f.Title == "" && r != nil {
		f.Title = r.Title
	}
	if f.Title == "" {
		f.Title = f.Rule
	}
	f.KeyID = shownID(f.KeyID)
	f.Line, f.Col = max(f.Line, 0), max(f.Col, 0)
	return nil
}

// shownID is an ID that may be shown; empty for what is none.
func shownID(id string) string {
	if show.IsKeyID(id) {
		return id
	}
	return ""
}

// plainJSON leaves out of an error what the file says: it may be anything.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is damaged at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%q is not what belongs there", kind.Field)
	}
	return errors.New("a value in it is not what belongs there")
}
