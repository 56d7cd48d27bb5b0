package report

import "cmp"

// Group is findings of one rule and severity that belong together: those of one
// account, or of one file or key where no account is known.
type Group []*Finding

// Groups joins findings for people who read one line each, in the order of the
// first of each group. With byRule those of all accounts are joined too.
func Groups(findings []*Finding, byRule bool) (all []Group) {
	type key struct {
		rule, of string
		severity Severity
	}
	at := map[key]int{}
	for _, f := range findings {
		k := key{rule: f.Rule, severity: f.Severity}
		if !byRule {
			k.of = f.joinedBy()
		}
		i, ok := at[k]
		if !ok {
			i = len(all)
			at[k] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], f)
	}
	return all
}

// joinedBy is what findings of one rule have in common where they are one line.
func (f *Finding) joinedBy() string {
	switch {
	case f.Subject.Type == AboutProfile:
		return cmp.Or(f.Account, f.File)
	case f.Account != "":
		return f.Account
	}
	return string(f.Subject.Type) + " " + f.Subject.ID
}

// Profiles are the profiles of all findings, each once.
func (g Group) Profiles() (names []string) {
	seen := map[string]bool{}
	for _, f := range g {
		for _, name := range f.Profiles {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// Subjects are what the findings are about, each once.
func (g Group) Subjects() (all []Subject) {
	seen := map[Subject]bool{}
	for _, f := range g {
		if !seen[f.Subject] {
			seen[f.Subject] = true
			all = append(all, f.Subject)
		}
	}
	return all
}

// At are the findings at or above a severity.
func (r *Report) At(level Severity) (all []*Finding) {
	for i := range r.Findings {
		if r.Findings[i].Severity >= level {
			all = append(all, &r.Findings[i])
		}
	}
	return all
}
