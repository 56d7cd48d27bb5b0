package format

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/show"
	"keycare/report"
)

// mostCopies is how many copies of a key are shown, unless it is asked about alone.
const mostCopies = 8

// writeScan writes the report of a scan for people: what was found in a sentence, the
// copies by key, the worst first, and what was not looked at.
func writeScan(w io.Writer, r *report.Report, o Options) error {
	t := &tableWriter{Options: o}
	t.wrapped("", scanSummary(r), show.Bold)
	for _, n := range notes(r) {
		t.wrapped("", n, show.Faint)
	}
	var order []string
	byKey := map[string][]report.CopyOfKey{}
	for _, c := range r.Scan.Copies { // the worst first
		if byKey[c.Named()] == nil {
			order = append(order, c.Named())
		}
		byKey[c.Named()] = append(byKey[c.Named()], c)
	}
	for _, id := range order {
		t.copiesOf(r, id, byKey[id])
	}
	t.unlooked(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// scanSummary is what a scan found in one sentence.
func scanSummary(r *report.Report) string {
	keys, places := map[string]map[string]bool{}, map[string]int{}
	for _, c := range r.Scan.Copies {
		kind := strings.TrimSuffix(c.Whose, " past")
		if keys[kind] == nil {
			keys[kind] = map[string]bool{}
		}
		keys[kind][c.Named()] = true
		places[kind]++
	}
	var parts []string
	for _, k := range [][3]string{{"own", "of your keys is", "of your keys are"}, {"own account", "other key of your accounts is", "other keys of your accounts are"},
		{"other", "key of other accounts is", "keys of other accounts are"}, {"other ID", "ID of other keys is", "IDs of other keys are"}} {
		n := len(keys[k[0]])
		switch {
		case n == 1:
			parts = append(parts, fmt.Sprintf("1 %s in %s", k[1], show.Count(places[k[0]], "place")))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s in %s", n, k[2], show.Count(places[k[0]], "place")))
		}
	}
	says := strings.Join(parts, ", ")
	switch {
	case says == "" && r.Scan.Only != "":
		says = "No copy of key " + r.Scan.Only + " found"
	case says == "":
		says = "No copies of keys found"
	default:
		says += " beside the AWS files"
	}
	says += fmt.Sprintf(". Looked at %s", show.Count(int(r.Scan.Files), "file"))
	if r.Scan.Repositories > 0 {
		says += " and " + show.Count(r.Scan.Repositories, "Git repository")
	}
	return says
}

// copiesOf writes the copies of one key, and what to do.
func (t *tableWriter) copiesOf(r *report.Report, id string, all []report.CopyOfKey) {
	var who string
	var repairs []report.Repair
	for _, f := range r.All() {
		if (f.KeyID == id || f.KeyID == "" && all[0].KeyID == "" && f.Account == all[0].Account) && !slices.Contains(repairs, f.Repair) {
			repairs = append(repairs, f.Repair)
		}
	}
	i := slices.IndexFunc(r.Scan.Keys, func(k copies.Key) bool { return k.ID == id })
	facts := credfile.FactsOf(id)
	key := "Key " + id
	if all[0].KeyID == "" {
		key, facts.Kind, facts.Account = "API key for Amazon Bedrock "+show.Plain(id), credfile.LongTerm, all[0].Account
	}
	switch {
	case i >= 0 && r.Scan.Keys[i].State == copies.Current:
		who = show.Names(r.Scan.Keys[i].Profiles) + ", in use"
	case i >= 0:
		who = map[copies.State]string{copies.Grace: "replaced, still active in its grace period", copies.Inactive: "replaced, inactive", copies.Deleted: "replaced and deleted: these copies are dead", copies.Gone: "in no profile any more; it may still work"}[r.Scan.Keys[i].State]
	case facts.Kind != credfile.LongTerm:
		who = "temporary, ends by itself"
	case facts.Account == "":
		who = "account unknown"
	case all[0].Tier == copies.OwnAccount:
		who = "of your account " + facts.Account + ", in no profile"
	default:
		who = "of account " + facts.Account
	}
	fmt.Fprintf(&t.b, "\n%s  %s\n", t.color(fmt.Sprintf("%s (%s)", key, who), show.Bold), places(len(all)))
	shown := all
	if r.Scan.Only == "" {
		shown = all[:min(len(all), mostCopies)]
	}
	wide := 0
	for _, c := range shown {
		wide = max(wide, min(runewidth.StringWidth(t.copyPath(c)), 60))
	}
	for _, c := range shown {
		path := t.copyPath(c)
		level := fmt.Sprintf("%-8s", severityWord(c.Severity))
		t.b.WriteString("  " + t.color(level, severityStyles[c.Severity]) + "  " + path +
			strings.Repeat(" ", max(0, wide-runewidth.StringWidth(path))) + "  " + t.color(copyFacts(c), show.Faint) + "\n")
	}
	if n := len(all) - len(shown); n > 0 {
		more := ": keycare scan --key " + id
		if all[0].KeyID == "" {
			more = " (in JSON all are listed)"
		}
		fmt.Fprintf(&t.b, "  … %d more%s\n", n, more)
	}
	for _, re := range repairs[:min(len(repairs), 1)] {
		t.wrapped("  ", show.Sentence(show.Flow(re.Text))+map[bool]string{true: ":", false: "."}[re.Command != ""], show.Green)
		if re.Command != "" {
			t.b.WriteString("    " + t.color(show.Flow(re.Command), show.Green) + "\n")
		}
	}
}

func severityWord(s report.Severity) string {
	if s == report.Clean {
		return "-"
	}
	return s.String()
}

func places(n int) string {
	if n == 1 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", n)
}

// copyPath is where a copy is: path:line, path › member, path (git) file.
func (t *tableWriter) copyPath(c report.CopyOfKey) string {
	path := t.path(c.Path)
	line := ""
	if c.Line > 0 {
		line = fmt.Sprintf(":%d", c.Line)
	}
	switch {
	case c.Git:
		return path + " (git) " + show.Text(c.Inner) + line
	case c.Inner != "":
		return path + " › " + show.Text(c.Inner) + line
	}
	return path + line
}

// copyFacts are the words behind a copy.
func copyFacts(c report.CopyOfKey) string {
	says := []string{c.Parts}
	if c.Form != "" {
		says[0] += " (" + c.Form + ")"
	}
	if c.Count > 2 {
		says = append(says, fmt.Sprintf("%d times", c.Count))
	}
	if c.Place != "" && !c.Git {
		says = append(says, c.Place)
	}
	if c.Exposed {
		says = append(says, "readable by others")
	}
	if c.Git && !c.Pushed {
		says = append(says, "not pushed as far as this clone knows")
	}
	return strings.Join(says, "; ")
}

// unlooked says what was not looked at.
func (t *tableWriter) unlooked(r *report.Report) {
	s := r.Scan
	t.b.WriteByte('\n')
	if s.IDsAlone > 0 && s.Only == "" {
		t.wrapped("", fmt.Sprintf("Not listed: %s of other accounts without a secret beside the ID (--key ID shows where).", show.Count(s.IDsAlone, "key")), show.Faint)
	}
	if s.Canaries > 0 {
		t.wrapped("", fmt.Sprintf("Left alone: %s, bait that raises an alarm when it is used.", show.Count(s.Canaries, "canary key")), show.Faint)
	}
	var parts []string
	for _, u := range s.NotLookedAt {
		example := ""
		if len(u.Paths) > 0 {
			example = ", " + t.path(u.Paths[0])
			if u.Count > 1 {
				example += ", …"
			}
		}
		parts = append(parts, fmt.Sprintf("%s (%d%s)", u.Reason, u.Count, example))
	}
	if len(parts) > 0 {
		t.wrapped("", "Not looked at: "+strings.Join(parts, "; ")+".", show.Faint)
	}
	if len(r.Incomplete) > 0 {
		t.wrapped("", "Incomplete: "+show.Paths(strings.Join(r.Incomplete, "; "), t.Home)+".", show.Yellow)
	}
}
