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
	Findings []jsonFinding  `json:"findings"`
	Accepted []jsonAccepted `json:"accepted"`
}

// jsonFinding has beside the severity its number, for comparisons, and beside the
// repair the field that was there before it: its two parts in one line.
type jsonFinding struct {
	report.Finding
	Number int    `json:"severity_number"`
	Fix    string `json:"fix"`
}

type jsonAccepted struct {
	jsonFinding
	Exception string `json:"exception"`
	Reason    string `json:"reason"`
	Until     string `json:"until"`
}

func jsonFindingOf(f report.Finding) jsonFinding {
	f.Profiles, f.Sources = notNil(f.Profiles), notNil(f.Sources)
	return jsonFinding{f, severityNumber(f.Severity), f.Repair.String()}
}

// severityNumber is 5 for critical down to 1 for info.
func severityNumber(s report.Severity) int { return int(s - report.Clean) }

// writeJSON writes the report for programs. docs/report.schema.json describes it.
// Several are a list.
func writeJSON(w io.Writer, rs []*report.Report, _ Options) error {
	if len(rs) == 1 {
		return encodeJSON(w, jsonOf(rs[0]), "  ")
	}
	all := make([]jsonReport, len(rs))
	for i, r := range rs {
		all[i] = jsonOf(r)
	}
	return encodeJSON(w, map[string]any{"version": report.Version, "reports": all}, "  ")
}

func jsonOf(r *report.Report) jsonReport {
	out := jsonReport{Report: *r, Findings: []jsonFinding{}, Accepted: []jsonAccepted{}}
	out.Files, out.Unread, out.RulesOff = notNil(r.Files), notNil(r.Unread), notNil(r.RulesOff)
	out.Inventory, out.Rotations, out.Incomplete = notNil(r.Inventory), notNil(r.Rotations), notNil(r.Incomplete)
	for _, f := range r.All() {
		out.Findings = append(out.Findings, jsonFindingOf(f))
	}
	for _, a := range r.Accepted {
		out.Accepted = append(out.Accepted, jsonAccepted{jsonFindingOf(a.Finding), a.Exception, a.Reason, a.Until})
	}
	if out.SeveritySet == nil {
		out.SeveritySet = map[string]report.Severity{}
	}
	return out
}

// encodeJSON writes a document, in one line where there is no indentation.
func encodeJSON(w io.Writer, doc any, indent string) error {
	safe := show.NewWriter(w, false) // no name in a file steers a terminal
	e := json.NewEncoder(safe)
	e.SetEscapeHTML(false) // commands are meant to be read and copied
	e.SetIndent("", indent)
	if err := e.Encode(doc); err != nil {
		return err
	}
	return safe.Flush()
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
