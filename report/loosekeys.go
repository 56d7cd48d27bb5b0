package report

import (
	"fmt"
	"regexp"
	"strings"

	"keycare/credfile"
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

var (
	secretText = regexp.MustCompile(`(?:^|[^A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`)
	hashText   = regexp.MustCompile(`^[0-9a-f]{40}$`) // of git, not a secret
)

// secretReach is how many lines a secret may stand from its key ID.
const secretReach = 2

// lookAtLooseKeys finds keys in lines that no tool reads as a profile's key:
// comments, and lines such as "export AWS_ACCESS_KEY_ID=...". Nobody rotates
// them.
func lookAtLooseKeys(a *auditor) {
	for kind, f := range a.set.Files() {
		if !strings.Contains(f.Text, "AKIA") {
			continue
		}
		told := make(map[string]bool)
		for n := range f.Lines {
			id := looseKeyID(f, n)
			if id == "" || told[id] || !secretNear(f, n) || a.used(id) || a.misspelt[id] {
				continue
			}
			told[id] = true
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
		if name := l.Name.In(f.Text); prompt.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "aws_") && f.Sections[sectionAt(f, n+1)].Raw != "" {
			return ""
		}
	case credfile.Comment, credfile.Junk:
	default:
		return ""
	}
	return f.Text[l.Start : l.End-int(l.EOL)]
}

func looseKeyID(f *credfile.File, n int) string {
	text := looseText(f, n)
	if !strings.Contains(text, "AKIA") {
		return ""
	}
	for _, id := range show.KeyIDsIn(text) {
		if f := credfile.FactsOf(id); f.Kind == credfile.LongTerm && !f.Example && !f.Canary {
			return id
		}
	}
	return ""
}

// secretNear reports whether a text like a secret stands near line n.
func secretNear(f *credfile.File, n int) bool {
	for i := max(0, n-secretReach); i <= min(len(f.Lines)-1, n+secretReach); i++ {
		if m := secretText.FindStringSubmatch(looseText(f, i)); m != nil && !hashText.MatchString(m[1]) {
			return true
		}
	}
	return false
}
