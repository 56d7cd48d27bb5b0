package credfile

import (
	"fmt"
	"strings"

	"keycare/credfile/show"
)

// Misplaced is a place of the files where a secret may stand that is none by its
// place: in a region, an endpoint, an ARN, the name of a profile. AWS's tools put
// such values into requests and into the names of hosts that they look up, in
// clear.
type Misplaced struct {
	Path    string
	Kind    FileKind
	Line    int
	Profile string // whose section it is in; empty outside of one
	What    string // the setting's name, or "the name of the section"
}

// MisplacedError refuses to use a profile with a Misplaced value.
type MisplacedError struct{ Misplaced }

func (e *MisplacedError) Error() string {
	return fmt.Sprintf("%s:%d: %s may hold a secret, so nothing is done with this profile: write there what belongs there", e.Path, e.Line, e.What)
}

// mayHoldSecret reports whether a secret stands by right under a name, also where
// the name is none of AWS's ("export aws_secret_access_key"). A key ID has a rule
// of its own: exactly that. Paths and programs are long enough to look like
// secrets and are sent nowhere.
func mayHoldSecret(name string) bool {
	switch name {
	case "ca_bundle", "credential_process", "web_identity_token_file", "login_session":
		return true
	}
	return strings.HasSuffix(name, nameID) || strings.Contains(name, "secret") || strings.Contains(name, "token") || strings.Contains(name, "password")
}

// Misplaced returns the places of both files, in the order of the files.
func (s *Set) Misplaced() []Misplaced {
	var found []Misplaced
	for _, f := range s.Files() {
		for _, sec := range f.Sections {
			found = append(found, f.misplacedIn(sec)...)
		}
	}
	return found
}

func (f *File) misplacedIn(sec Section) (found []Misplaced) {
	add := func(n int, what string) {
		found = append(found, Misplaced{f.Path, f.Kind, n + 1, sec.Profile, what})
	}
	if show.SecretLike(sec.Raw) {
		add(sec.First, "the name of the section")
	}
	secret := false // the line above may hold one
	for n := sec.First; n < sec.Last; n++ {
		l := f.Lines[n]
		if l.Kind == Property {
			secret = mayHoldSecret(strings.ToLower(l.Name.In(f.Text)))
		}
		switch name := strings.ToLower(l.Name.In(f.Text)); {
		case l.Kind == Property && !secret && show.SecretLike(l.Value.In(f.Text)):
			if what := show.Plain(name); show.SecretLike(name) || what == "" {
				add(n, "a setting")
			} else {
				add(n, what)
			}
		case l.Kind == Junk && l.Indented && !secret && show.SecretLike(l.In(f.Text)):
			add(n, "a line that goes on from the one above")
		}
	}
	return found
}

// KeyIDAt is the place of the first line with a key ID that the section of a
// profile has in one of the files; line 0 if there is none.
func (s *Set) KeyIDAt(kind FileKind, profile string) (path string, line int) {
	f := s.Files()[kind]
	for _, sec := range f.sectionsOf(profile) {
		for n := sec.First; n < sec.Last; n++ {
			if l := f.Lines[n]; l.Kind == Property && strings.EqualFold(l.Name.In(f.Text), nameID) {
				return f.Path, n + 1
			}
		}
	}
	return f.Path, 0
}

// Fit returns a *MisplacedError where a value that may be a secret would be used
// as something else if AWS were called for profile: in its sections, in those
// that it refers to, or as its own name.
func (s *Set) Fit(profile string) error {
	unfit := s.unfit()
	if len(unfit) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for p := profile; p != "" && !seen[p]; p = s.Setting(p, "source_profile") {
		seen[p] = true
		for _, name := range []string{p, "\x00services " + s.Setting(p, "services")} {
			if m, ok := unfit[name]; ok {
				return &MisplacedError{m}
			}
		}
	}
	return nil
}

// findUnfit returns the first misplaced value of each profile, and of each other
// section by its header behind a zero byte.
func (s *Set) findUnfit() map[string]Misplaced {
	unfit := map[string]Misplaced{}
	for _, f := range s.Files() {
		for _, sec := range f.Sections {
			name := sec.Profile
			if name == "" {
				name = "\x00" + sec.Raw
			}
			if _, told := unfit[name]; told {
				continue
			}
			if m := f.misplacedIn(sec); len(m) > 0 {
				unfit[name] = m[0]
			}
		}
	}
	return unfit
}
