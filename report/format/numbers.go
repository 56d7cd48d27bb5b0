package format

import (
	"fmt"
	"io"
	"strings"
	"time"

	"keycare/report"
)

// numbers is a report as one flat object, for inventories of machines. Truth values
// are 1 and 0: not every such tool knows others.
type numbers struct {
	Time       int64 `json:"audit_time"` // seconds since 1970
	Complete   int   `json:"complete"`
	Profiles   int   `json:"profile_count"`
	Keys       int   `json:"key_count"`
	Unknown    int   `json:"keys_unknown"`
	RootKeys   int   `json:"root_keys"`
	OldestDays int   `json:"oldest_key_days"`
	Critical   int   `json:"critical"`
	High       int   `json:"high"`
	Medium     int   `json:"medium"`
	Low        int   `json:"low"`
	Info       int   `json:"info"`
	Accepted   int   `json:"accepted"`
	Known      int   `json:"known"`
	New        int   `json:"new"`
	Worse      int   `json:"worse"`
	Gone       int   `json:"gone"`
	Rotations  int   `json:"rotations_in_flight"`
	// Of a deep audit; 0 of others.
	Asked     int `json:"keys_calls_known"`
	Elsewhere int `json:"keys_used_elsewhere"`
	Refused   int `json:"key_calls_refused"`
}

func numbersOf(r *report.Report) numbers {
	n := numbers{Time: r.Time.Unix(), Complete: oneIf(r.Complete), Profiles: r.Profiles, Keys: r.Keys, Unknown: r.Unknown, OldestDays: int(oldest(r) / (24 * time.Hour)),
		Critical: r.Counts.Critical, High: r.Counts.High, Medium: r.Counts.Medium, Low: r.Counts.Low, Info: r.Counts.Info,
		Accepted: r.Excepted, Known: r.Known, Rotations: len(r.Rotations), Asked: callsKnown(r), Elsewhere: usedElsewhere(r), Refused: refused(r)}
	for _, k := range r.Inventory {
		n.RootKeys += oneIf(k.Kind == report.KindRoot)
	}
	if r.Changes != nil {
		n.New, n.Worse, n.Gone = r.Changes.New, r.Changes.Worse, len(r.Changes.Gone)
	}
	return n
}

// callsKnown counts the keys of which a deep audit knows who uses them.
func callsKnown(r *report.Report) (n int) {
	for _, k := range r.Inventory {
		n += oneIf(k.Calls != nil)
	}
	return n
}

// usedElsewhere counts those that signed calls from more than one network.
func usedElsewhere(r *report.Report) (n int) {
	for _, k := range r.Inventory {
		n += oneIf(k.Calls != nil && k.Calls.Networks > 1)
	}
	return n
}

// refused counts the calls that AWS refused.
func refused(r *report.Report) (n int) {
	for _, k := range r.Inventory {
		if k.Calls != nil {
			n += k.Calls.Refused
		}
	}
	return n
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// oldest is the age of the oldest key of those whose age is known.
func oldest(r *report.Report) (most time.Duration) {
	for _, k := range r.Inventory {
		if !k.Created.IsZero() {
			most = max(most, r.Time.Sub(k.Created))
		}
	}
	return most
}

// writeNumbers writes a report as one flat object in one line.
func writeNumbers(w io.Writer, r *report.Report, _ Options) error {
	return encodeJSON(w, numbersOf(r), "")
}

// writeJamf writes the same as the value of an extension attribute of Jamf Pro.
func writeJamf(w io.Writer, r *report.Report, _ Options) error {
	var b strings.Builder
	if err := encodeJSON(&b, numbersOf(r), ""); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "<result>%s</result>\n", strings.TrimSpace(b.String()))
	return err
}
