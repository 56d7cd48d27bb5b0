package format

import (
	"fmt"
	"io"
	"strings"

	"keycare/report"
)

// Options says how a report is shown to people. Formats for programs pass over
// them.
type Options struct {
	Width int // columns; 0 means 80
	Color bool
	Home  string // shown as ~; empty to show whole paths
}

// formats are all formats of a report; the first is the one for a terminal.
// Flags, completion and documentation take the names from here.
var formats = []struct {
	name  string
	write func(io.Writer, *report.Report, Options) error
}{
	{"table", writeTable},
	{"json", writeJSON},
	{"csv", writeCSV},
	{"markdown", writeMarkdown},
}

// Names lists the formats, as Write takes them.
func Names() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Write writes r in the format of that name. An unknown name is an error, and so
// is a failure to write.
func Write(w io.Writer, name string, r *report.Report, o Options) error {
	for _, f := range formats {
		if f.name == name {
			return f.write(w, r, o)
		}
	}
	return fmt.Errorf("unknown format %q: use %s", name, strings.Join(Names(), ", "))
}
