package report

import (
	"fmt"
	"strings"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/show"
)

var (
	ruleStrayKey = &Rule{
		ID: "stray-key", About: AboutKey, Severity: Medium, Because: "as for backup-copy",
		Title:   "Key in a comment or stray line",
		Why:     "no tool reads it there, so nobody rotates or deletes it",
		Sources: []string{srcBest, "git-secrets and trufflehog patterns for key IDs and secrets"},
		Repair:  Repair{Text: "delete the lines; if the key is not used anywhere else, delete it in AWS too"},
	}
)

// looseKeyRules are about keys that no tool reads.
var looseKeyRules = []*Rule{ruleStrayKey}

// lookAtLooseKeys finds keys in lines that no tool reads as a profile's key:
// comments, and lines such as "export AWS_ACCESS_KEY_ID=...". Nobody rotates
// them.
func lookAtLooseKeys(a *auditor) {
	for kind, f := range a.set.Files() {
		if !strings.Contains(f.Text, "AKIA") {
			continue
		}
		for _, c := range copies.InText(looseLines(f)) {
			id, n := c.KeyID, c.Line-1
			if !c.Near || c.Tier == copies.Bait || credfile.FactsOf(id).Kind != credfile.LongTerm || a.used(id) || a.misspelt[id] {
				continue
			}
			var names []string
			of := ""
			if name := f.Sections[sectionAt(f, n+1)].Profile; name != "" {
				s := a.inventory.byName[name]
				if s == nil || !s.selected {
					continue
				}
				names, of = []string{name}, fmt.Sprintf(" of profile %s", show.Name(name))
			}
			where := "a line that no tool reads as a key"
			if f.Lines[n].Kind == credfile.Comment {
				where = "a comment"
			}
			a.add(ruleStrayKey, a.at(Finding{Profiles: names, KeyID: id,
				What: fmt.Sprintf("key %s and its secret are in %s%s", id, where, of)},
				credfile.FileKind(kind), n+1, 1), credfile.FileKind(kind).String(), id)
		}
	}
}

// used reports whether a tool reads id as a key, or a profile means to have it:
// nobody is to be told to delete that.
func (a *auditor) used(id string) bool {
	return a.inventory.byID[id] != nil || len(a.set.Holds(id)) > 0
}

// looseText is the text of line n if no tool takes it for a part of a key.
func looseText(f *credfile.File, n int) string {
	l := f.Lines[n]
	switch l.Kind {
	case credfile.Property:
		if name := l.Name.In(f.Text); prompt().MatchString(name) || strings.HasPrefix(strings.ToLower(name), "aws_") && f.Sections[sectionAt(f, n+1)].Raw != "" {
			return ""
		}
	case credfile.Comment, credfile.Junk:
	default:
		return ""
	}
	return f.Text[l.Start : l.End-int(l.EOL)]
}

// looseLines is the text of a file with nothing in the lines that a tool reads.
func looseLines(f *credfile.File) string {
	var b strings.Builder
	for n := range f.Lines {
		b.WriteString(looseText(f, n))
		b.WriteByte('\n')
	}
	return b.String()
}
