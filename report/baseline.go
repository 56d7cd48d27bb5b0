package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"keycare/credfile/sorting"
)

// Baseline is the fingerprints of an earlier report.
type Baseline map[string]bool

// ReadBaseline reads a report that JSON wrote.
func ReadBaseline(b []byte) (Baseline, error) {
	var r struct {
		Version  int `json:"version"`
		Findings *[]struct {
			Fingerprint string `json:"fingerprint"`
		} `json:"findings"`
	}
	b, err := plainText(b)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("not a keycare JSON report (version 1): %w", plainJSON(err))
	}
	if r.Version != Version || r.Findings == nil {
		return nil, fmt.Errorf("not a keycare JSON report (version %d); create one with: keycare audit --format json", Version)
	}
	known := make(Baseline, len(*r.Findings))
	for _, f := range *r.Findings {
		known[f.Fingerprint] = true
	}
	return known, nil
}

// Since leaves only the findings that the baseline does not have, and sets the
// others aside.
func (r *Report) Since(known Baseline) {
	left := make([]Finding, 0, len(r.Findings))
	r.Counts = Counts{}
	for _, f := range r.Findings {
		if f.State = StateNew; known[f.Fingerprint] {
			f.State = StateKnown
			r.Known++
			r.KnownFindings = append(r.KnownFindings, f)
			continue
		}
		left = append(left, f)
		*r.Counts.at(f.Severity)++
	}
	r.Findings = left
	r.countChanges()
}

// All are the findings with those that a baseline had, in their order.
func (r *Report) All() []Finding {
	if len(r.KnownFindings) == 0 {
		return r.Findings
	}
	all := append(slices.Clone(r.Findings), r.KnownFindings...)
	sorting.By(all, compare)
	return all
}
