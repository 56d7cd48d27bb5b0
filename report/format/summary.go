package format

import (
	"fmt"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// Summary is the report in one sentence.
func Summary(r *report.Report) string { return summary(r, show.Flow) }

func summary(r *report.Report, path func(string) string) string {
	list := func(paths []string) string {
		shown := make([]string, len(paths))
		for i, f := range paths {
			shown[i] = path(f)
		}
		return strings.Join(shown, " and ")
	}
	seen := fmt.Sprintf("%s, %s in %s", show.Count(r.Profiles, "profile"), show.Count(r.Keys, "key"), list(r.Files))
	switch {
	case len(r.Unread) > 0:
		seen = show.Sentence(list(r.Unread)) + " could not be read"
	case len(r.Files) == 0:
		seen = "No AWS files here"
	}
	var parts []string
	for _, s := range report.Severities {
		if n := r.Counts.Of(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	found := strings.Join(parts, ", ")
	verdict := ""
	switch {
	case r.Worst() > report.Info:
	case r.Known > 0:
		verdict = "nothing new"
	case r.Excepted > 0:
		verdict = "nothing that is not accepted"
	case len(r.Unread) > 0:
		verdict = "nothing is known about the keys there"
	case len(r.Files) == 0:
		verdict = "nothing to audit"
	case r.Keys == 0:
		verdict = "no keys, nothing to mend"
	case r.Unknown > 0:
		verdict = "nothing wrong in what can be seen"
	default:
		verdict = "all is well"
	}
	if verdict != "" && found != "" {
		verdict += ", "
	}
	return seen + ": " + verdict + found
}
