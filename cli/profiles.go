package cli

import (
	"strings"

	"keycare/cli/complete"
	"keycare/credfile"
	"keycare/credfile/show"
)

// anyProfile are the profiles of the user's files, keyProfile those that hold a
// long-term key. A file that cannot be read has none, and names that cannot be
// shown are left out.
func (e *env) anyProfile() []complete.Candidate {
	return e.profilesThat(func(*credfile.File, credfile.Section) bool { return true })
}

func (e *env) keyProfile() []complete.Candidate {
	return e.profilesThat(func(f *credfile.File, s credfile.Section) bool { return keyIn(f, s) != "" })
}

// profilesThat does not read the files as AWS's tools do: a shell waits.
func (e *env) profilesThat(fit func(*credfile.File, credfile.Section) bool) []complete.Candidate {
	paths, err := e.Paths()
	if err != nil {
		return nil
	}
	var names []string
	seen := map[string]bool{}
	for kind, path := range []string{paths.Credentials, paths.Config} {
		text, err := credfile.ReadText(e.Disk, path)
		if err != nil {
			continue
		}
		f := credfile.Parse(path, credfile.FileKind(kind), text)
		for _, s := range f.Sections {
			if s.Profile == "" || seen[s.Profile] || !show.Printable(s.Profile) || !fit(f, s) {
				continue
			}
			seen[s.Profile] = true
			names = append(names, s.Profile)
		}
	}
	return complete.Words(names...)
}

// keyIn is the ID of the long-term key in a section; empty if there is none.
func keyIn(f *credfile.File, s credfile.Section) string {
	for _, l := range f.Lines[s.First:s.Last] {
		if l.Kind == credfile.Property && strings.EqualFold(l.Name.In(f.Text), "aws_access_key_id") {
			id := strings.TrimSpace(l.Value.In(f.Text))
			if credfile.FactsOf(id).Kind == credfile.LongTerm {
				return id
			}
		}
	}
	return ""
}
