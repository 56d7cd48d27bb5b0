package format

import (
	"fmt"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// ending is what stands last: the summary, what is left out, and what to do
// first.
func (t *tableWriter) ending(r *report.Report) string {
	e := &tableWriter{Options: t.Options, dirs: t.dirs}
	e.wrapped("", summary(r, t.path), show.Bold)
	for _, note := range notes(r) {
		e.wrapped("", note, show.Faint)
	}
	e.steps(r)
	if len(r.Incomplete) > 0 {
		e.b.WriteByte('\n')
		e.wrapped("", "Incomplete: "+show.Paths(strings.Join(r.Incomplete, "; "), t.Home)+".", show.Yellow)
	}
	return e.b.String()
}

// notes say what the counts do not have.
func notes(r *report.Report) (says []string) {
	if c := r.Changes; c != nil {
		says = append(says, fmt.Sprintf("Since the timer's audit of %s: %d new, %d worse, %d gone.", show.Time(c.Since), c.New, c.Worse, len(c.Gone)))
	}
	if r.Excepted > 0 {
		says = append(says, fmt.Sprintf("Not counted: %s accepted in keycare.ini%s; to see: keycare accept --list", show.Count(r.Excepted, "finding"), acceptedCritical(r)))
	}
	if r.Known > 0 {
		says = append(says, fmt.Sprintf("Not counted: %s in the baseline.", show.Count(r.Known, "finding")))
	}
	switch {
	case r.Unknown == 0:
	case r.Offline:
		says = append(says, fmt.Sprintf("Offline, the owner or age of %s is unknown, and it may be a root key. Run it without --offline to ask AWS.", show.Count(r.Unknown, "key")))
	default:
		says = append(says, fmt.Sprintf("The owner or age of %s is unknown, and it may be a root key.", show.Count(r.Unknown, "key")))
	}
	return says
}

// steps writes what to do first. A command stands alone on its line.
func (t *tableWriter) steps(r *report.Report) {
	const indent, under = "  ", "      "
	if len(r.Files)+len(r.Unread) == 0 && r.Counts.AtLeast(report.Low) == 0 {
		t.b.WriteByte('\n')
		for _, s := range report.StepsWithoutFiles {
			fmt.Fprintf(&t.b, "%s%s  %s\n", indent, t.color(fmt.Sprintf("%-17s", s.Command), show.Green), s.Why)
		}
		return
	}
	fixes := report.FirstFixes(r)
	if len(fixes) == 0 {
		return
	}
	t.b.WriteString("\n" + t.color("First steps", show.Bold) + "\n")
	before := ""
	for _, f := range fixes {
		says, command := show.Flow(f.Text), show.Flow(f.Command)
		verb := "fixes: "
		switch most := map[bool]int{true: 2, false: 1}[command == ""]; {
		case t.Details && len(command) > longCommand:
			says, command, before = "run the command above, under "+f.Ends[0].Rule, "", ""
		case !t.Details && (len(t.lines(indent, says)) > most || len(indent+command) > 2*t.Width):
			// It has more to say than a step has room for.
			says, command, verb = "", detailsOf(f.Ends), "shows how to fix: "
			if command == before {
				command, verb = "", "and: "
			} else {
				before = command
			}
		case says != "" && command != "":
			says, before = says+":", ""
		default:
			before = ""
		}
		if says != "" {
			t.wrapped(indent, show.Sentence(says), show.Green)
		}
		if command != "" {
			t.b.WriteString(indent + t.color(command, show.Green) + "\n")
		}
		t.wrapped(under, verb+t.ends(f.Ends), show.Faint)
		if f.Command == "" && command == "" && says != "" {
			more := "keycare explain " + f.Ends[0].Rule
			if f.Ends[0].Repair.Command != "" && !t.Details {
				more = detailsOf(f.Ends)
			}
			t.b.WriteString(under + t.color(more, show.Green) + "\n")
		}
	}
}

// ends names the finding that a step ends, and how many others.
func (t *tableWriter) ends(g report.Group) string {
	var same report.Group
	others := report.Counts{}
	for _, f := range g {
		if f.Rule == g[0].Rule && f.Severity == g[0].Severity {
			same = append(same, f)
		} else {
			others = others.With(report.Group{f})
		}
	}
	says := titleOf(g[0].Rule, false)
	if who := t.who(same, true); who != "" {
		says += " (" + who + ")"
	}
	if rest := counted(others, report.Critical); rest != "" {
		says += "; also fixes: " + rest
	}
	return says
}

// detailsOf is the command that shows all about findings.
func detailsOf(g report.Group) string {
	for _, name := range g.Profiles() {
		if show.Arg(name, "linux") == name {
			return "keycare audit --details --profile " + name
		}
	}
	return "keycare audit --details"
}

// summary is the report in one sentence.
func summary(r *report.Report, path func(string) string) string {
	list := func(paths []string, word string) string {
		shown := make([]string, len(paths))
		for i, f := range paths {
			shown[i] = path(f)
		}
		return strings.Join(shown, " "+word+" ")
	}
	found := counted(r.Counts, report.Critical)
	if len(r.Unread) == 0 && len(r.Files) == 0 {
		says := "No AWS files: nothing to audit"
		if len(r.Missing) > 0 {
			says = "No " + list(r.Missing, "or") + ": nothing to audit"
		}
		if found != "" {
			says += " there. Elsewhere: " + found
		}
		return says
	}
	seen := fmt.Sprintf("%s, %s in %s", show.Count(r.Profiles, "profile"), show.Count(r.Keys, "key"), list(r.Files, "and"))
	if len(r.Unread) > 0 {
		seen = show.Sentence(list(r.Unread, "and")) + " could not be read"
	}
	verdict := ""
	switch {
	case r.Worst() > report.Info:
	case r.Known > 0:
		verdict = "nothing new"
	case r.Excepted > 0:
		verdict = "nothing but accepted findings"
	case len(r.Unread) > 0:
		verdict = "the keys there were not checked"
	case r.Keys == 0:
		verdict = "no keys, nothing to fix"
	case r.Unknown > 0 || len(r.Incomplete) > 0:
		verdict = "nothing wrong found, but not everything could be checked"
	default:
		verdict = "all is well"
	}
	if verdict != "" && found != "" {
		verdict += ", "
	}
	if len(r.Incomplete) > 0 && r.Worst() > report.Info {
		found += "; incomplete"
	}
	return seen + ": " + verdict + found
}

// Summary is the report in one sentence.
func Summary(r *report.Report) string { return summary(r, show.Flow) }

// acceptedCritical says how many of the accepted findings are critical.
func acceptedCritical(r *report.Report) string {
	n := 0
	for i := range r.Accepted {
		if r.Accepted[i].Severity == report.Critical {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them critical", n)
}
