package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// mostOfUser is how many findings of a home are shown one by one.
const mostOfUser = 10

// writeTable writes what came of all homes for people: a line for each home, below
// it what is medium or worse. It shows no commands of the reports: what stands in
// them comes from the users' processes, and a person might run it as root.
func (m *merged) writeTable(e *env, folder string) {
	audited := 0
	for _, u := range m.all {
		if u.Report != nil {
			audited++
		}
	}
	if audited == 0 {
		fmt.Fprintln(e.Out, "no home with AWS files was audited")
	} else {
		fmt.Fprintf(e.Out, "%s with AWS files audited: %s\n", show.Count(audited, "home"), countsText(m.Counts))
	}
	if m.Without > 0 {
		fmt.Fprintf(e.Out, "%s without AWS files\n", show.Count(m.Without, "home"))
	}
	closed := map[string][]string{} // by what keeps from the audit
	for _, u := range m.all {
		if u.Report != nil {
			m.writeUser(e, u)
			continue
		}
		closed[u.Why] = append(closed[u.Why], show.Plain(u.Name))
	}
	for _, why := range slices.Sorted(maps.Keys(closed)) {
		fmt.Fprintf(e.Out, "\nNot audited: %s\n  %s\n", strings.Join(closed[why], ", "), show.Flow(why))
	}
	if folder != "" && audited > 0 {
		fmt.Fprintf(e.Out, "\nReports: %s\n", show.Text(filepath.Join(folder, "USER.json")))
	}
	if audited > 0 {
		fmt.Fprintln(e.Out, "\nFixes, for one user: sudo -u USER -H keycare audit")
	}
}

func (m *merged) writeUser(e *env, u *userAudit) {
	fmt.Fprintf(e.Out, "\n%s (%s): %s\n", show.Plain(u.Name), show.Text(u.Home), countsText(u.Report.Counts))
	if u.Why != "" {
		fmt.Fprintf(e.Out, "  not complete: %s\n", show.Flow(u.Why))
	}
	for _, why := range u.Report.Incomplete {
		if u.Why == "" {
			fmt.Fprintf(e.Out, "  not complete: %s\n", show.Flow(why))
		}
	}
	shown := 0
	for _, f := range u.Report.Findings {
		if f.Severity < report.Medium || shown == mostOfUser {
			continue
		}
		shown++
		fmt.Fprintf(e.Out, "  %-8s  %s\n", strings.ToUpper(f.Severity.String()), show.Flow(f.What))
	}
	if more := u.Report.Counts.AtLeast(report.Medium) - shown; more > 0 {
		fmt.Fprintf(e.Out, "  and %d more at medium or above\n", more)
	}
	for _, f := range u.Report.Accepted {
		if f.Severity == report.Critical {
			fmt.Fprintf(e.Out, "  critical, accepted by this user until %s: %s\n", f.Until, show.Flow(f.What))
		}
	}
	if n := len(u.Report.Accepted); n > 0 {
		fmt.Fprintf(e.Out, "  %s accepted by this user's settings\n", show.Count(n, "finding"))
	}
	if off, set := len(u.Report.RulesOff), len(u.Report.SeveritySet); off+set > 0 {
		fmt.Fprintf(e.Out, "  this user's settings switch off %s and set the severity of %d\n", show.Count(off, "rule"), set)
	}
}

// countsText is "1 critical, 2 low".
func countsText(c report.Counts) string {
	var parts []string
	for _, s := range report.Severities {
		if n := c.Of(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if len(parts) == 0 {
		return "nothing found"
	}
	return strings.Join(parts, ", ")
}
