package format

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// csvColumns are the columns of CSV, which only grow at the end.
var csvColumns = []string{"rule", "severity", "profiles", "key_id", "account", "file", "line", "what", "fix", "fingerprint", "title", "state", "first_seen", "host", "user"}

// writeCSV writes one line for each finding, the worst first, for spreadsheets.
func writeCSV(w io.Writer, rs []*report.Report, _ Options) error {
	c := csv.NewWriter(w)
	if err := c.Write(csvColumns); err != nil {
		return err
	}
	for _, r := range rs {
		for i := range r.Findings {
			if err := c.Write(csvRow(r, &r.Findings[i])); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

func csvRow(r *report.Report, f *report.Finding) []string {
	line := ""
	if f.Line > 0 {
		line = strconv.Itoa(f.Line)
	}
	cells := []string{f.Rule, f.Severity.String(), strings.Join(f.Profiles, " "), f.KeyID, f.Account, f.File, line, f.What, f.Repair.String(), f.Fingerprint,
		f.Title, string(f.State), stamp(f.FirstSeen), r.Host.Name, r.User.Name}
	for i := range cells {
		cells[i] = cellText(show.Flow(cells[i]))
	}
	return cells
}

// cellText keeps a spreadsheet from taking a text of the file for a formula: at its
// beginning, and behind what some take for the end of a cell.
func cellText(s string) string {
	var b strings.Builder
	begins := true
	for _, r := range s {
		if begins && strings.ContainsRune("=+-@＝＋－＠", r) {
			b.WriteByte('\'')
		}
		begins = r == ';' || begins && r == ' '
		b.WriteRune(r)
	}
	return b.String()
}
