package format

import (
	"encoding/json"
	"io"

	"keycare/credfile/show"
	"keycare/report"
)

// jsonReport is a report as a program gets it: with an empty list where there is
// none, never null.
type jsonReport struct {
	report.Report
	Findings []jsonFinding `json:"findings"`
}

// jsonFinding has beside the repair the field that was there before it: its two
// parts in one line.
type jsonFinding struct {
	report.Finding
	Fix string `json:"fix"`
}

// writeJSON writes the report for programs. docs/report.schema.json describes it.
func writeJSON(w io.Writer, r *report.Report, _ Options) error {
	all := r.All()
	out := jsonReport{Report: *r, Findings: make([]jsonFinding, len(all))}
	out.Files, out.Unread, out.RulesOff = notNil(r.Files), notNil(r.Unread), notNil(r.RulesOff)
	for i, f := range all {
		f.Profiles, f.Sources = notNil(f.Profiles), notNil(f.Sources)
		out.Findings[i] = jsonFinding{f, f.Repair.String()}
	}
	out.Accepted = make([]report.Accepted, len(r.Accepted))
	for i, a := range r.Accepted {
		a.Profiles, a.Sources = notNil(a.Profiles), notNil(a.Sources)
		out.Accepted[i] = a
	}
	if out.SeveritySet == nil {
		out.SeveritySet = map[string]report.Severity{}
	}
	safe := show.NewWriter(w, false) // no name in a file steers a terminal
	e := json.NewEncoder(safe)
	e.SetEscapeHTML(false) // commands are meant to be read and copied
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	return safe.Flush()
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
