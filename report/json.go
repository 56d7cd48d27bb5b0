package report

import (
	"encoding/json"
	"io"
)

// JSON writes the report for programs. docs/report.schema.json describes it.
func JSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // commands are meant to be read and copied
	e.SetIndent("", "  ")
	return e.Encode(withoutNulls(r))
}

// withoutNulls returns r with empty lists for those that are nil, which JSON
// would write as null.
func withoutNulls(r *Report) *Report {
	out := *r
	out.Files = notNil(r.Files)
	out.Findings = make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Profiles, f.Sources = notNil(f.Profiles), notNil(f.Sources)
		out.Findings[i] = f
	}
	return &out
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
