package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"keycare/credfile/facts"
)

// Read reads a report that was written in JSON, by this version or an earlier
// one. Anybody may have written the file: what has a form is held to it, and
// counts are made anew.
func Read(b []byte) (*Report, error) {
	b, err := plainText(b)
	if err != nil {
		return nil, err
	}
	r := &Report{Complete: true} // as earlier versions meant it, which do not say so
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("not a keycare JSON report: %w", plainJSON(err))
	}
	if r.Version > Version {
		return nil, fmt.Errorf("a keycare JSON report of version %d, and this keycare reads version %d: update it", r.Version, Version)
	}
	if r.Version != Version || r.Findings == nil || r.Time.IsZero() {
		return nil, fmt.Errorf("not a keycare JSON report of version %d: write one with keycare audit --format json", Version)
	}
	r.hold()
	all := r.Findings
	r.Time, r.Counts, r.Known, r.Findings = facts.Whole(r.Time), Counts{}, 0, []Finding{}
	for i := range all {
		f := &all[i]
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("finding %d: %w", i+1, err)
		}
		f.FirstSeen = seenSince(f.FirstSeen, r.Time)
		switch f.State {
		case StateNew, StateOpen, StateKnown:
		default:
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
		r.Accepted[i].FirstSeen = seenSince(r.Accepted[i].FirstSeen, r.Time)
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
	b, err := plainText(b)
	if err != nil {
		return nil, err
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
	if !isRuleID(f.Rule) || !isFingerprint(f.Fingerprint) {
		return errors.New("it has no rule or no fingerprint")
	}
	if f.Account != accountID(f.Account) {
		return errors.New("it has no account that is one")
	}
	if r := RuleByID(f.Rule); f.Title == "" && r != nil {
		f.Title = r.Title
	}
	if f.Title == "" {
		f.Title = f.Rule
	}
	f.KeyID = shownID(f.KeyID)
	switch f.Subject.Type {
	case AboutKey:
		f.Subject.ID = shownID(f.Subject.ID)
	case AboutAccount:
		f.Subject.ID = accountID(f.Subject.ID)
	}
	return nil
}

// plainJSON leaves out of an error what the file says: it may be anything.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return errors.New("it ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is damaged at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return errors.New("it is no object of fields")
	case errors.As(err, &kind):
		return fmt.Errorf("%q is not what belongs there", kind.Field)
	}
	return errors.New("a value in it is not what belongs there")
}
