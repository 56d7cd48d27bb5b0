package format

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/report"
)

// Options says how a report is shown to people. Formats for programs pass over
// them.
type Options struct {
	Width int // columns; 0 means 80
	Color bool
	Home  string // shown as ~; empty to show whole paths
	// Region is the one that findings for AWS Security Hub are sent to; empty means
	// us-east-1.
	Region string
	// Zone is the reader's time zone; nil means UTC.
	Zone *time.Location
	// Now is when the page is made; zero where that does not matter.
	Now time.Time
	// LeftOut are files that could not be read as reports.
	LeftOut []string

	// What the table shows. Details is everything about each finding; All adds the
	// low and info ones to the list, and those of a rule that Details leaves out;
	// Quiet is the summary alone; ByProfile has a list for each profile.
	Details, All, Quiet, ByProfile bool
}

// formats are all formats of reports; the first is the one for a terminal. Flags,
// completion and documentation take the names from here.
var formats = []struct {
	name  string
	write func(io.Writer, []*report.Report, Options) error
}{
	{"table", writeTables},
	{"json", writeJSON},
	{"jsonl", writeJSONLines},
	{"csv", writeCSV},
	{"markdown", each(writeMarkdown)},
	{"html", writeHTML},
	{"prometheus", writePrometheus},
	{"sarif", writeSARIF},
	{"ocsf", writeOCSF},
	{"asff", writeASFF},
	{"summary", each(writeNumbers)},
	{"jamf", each(writeJamf)},
}

// each makes a format of several reports of one for a report.
func each(write func(io.Writer, *report.Report, Options) error) func(io.Writer, []*report.Report, Options) error {
	return func(w io.Writer, rs []*report.Report, o Options) error {
		for _, r := range rs {
			if err := write(w, r, o); err != nil {
				return err
			}
		}
		return nil
	}
}

// writeTables writes a table for each report; of several each says whose it is.
func writeTables(w io.Writer, rs []*report.Report, o Options) error {
	for i, r := range rs {
		if len(rs) > 1 {
			if _, err := fmt.Fprintf(w, "%s== %s, %s\n\n", strings.Repeat("\n", min(i, 1)), show.Flow(view{r, o}.title()), show.Time(r.Time)); err != nil {
				return err
			}
		}
		if err := writeTable(w, r, o); err != nil {
			return err
		}
	}
	return nil
}

// Names lists the formats, as Write takes them.
func Names() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Mode is that of a file in a format. Reports name keys and weaknesses, so their
// files are for their owner alone; numbers are for other programs too.
func Mode(name string) fs.FileMode {
	if name == "prometheus" {
		return 0o644
	}
	return 0o600
}

// Events reports whether a format is an event a line, so that a report can stand
// behind another one.
func Events(name string) bool { return name == "jsonl" || name == "ocsf" }

// Write writes r in the format of that name. An unknown name is an error, and so
// is a failure to write.
func Write(w io.Writer, name string, r *report.Report, o Options) error {
	return WriteAll(w, name, []*report.Report{r}, o)
}

// WriteAll writes reports of several machines, or users, as one.
func WriteAll(w io.Writer, name string, rs []*report.Report, o Options) error {
	for _, f := range formats {
		if f.name == name {
			return f.write(w, rs, o)
		}
	}
	return fmt.Errorf("unknown format %q: use %s", name, strings.Join(Names(), ", "))
}
