package report

import (
	"strings"

	"keycare/credfile"
	"keycare/credfile/show"
)

// survey is what stands in the two files, by profile and by key. It is made in
// one pass, and is about what is written there; which of it a tool uses is said
// by credfile's readings.
type survey struct {
	subjects []*subject
	byName   map[string]*subject
	keys     []*key // in the order of the files
	byID     map[string]*key
	holds    [2]bool         // the file has keys
	bare     [2]map[int]bool // sections that are no profile, but hold keys
}

// subject is a profile, or a section that is none (then name is empty).
type subject struct {
	name     string
	selected bool
	in       [2]*holding // by FileKind
	ways     ways
}

// holding is what a subject has in one file.
type holding struct {
	sections          []int
	id, secret, token cell
}

// cell is a setting: its value without quotes and comment, and its place, of
// which line 0 says that there is no such setting.
type cell struct {
	value     string
	line, col int
}

func (c cell) there() bool { return c.line > 0 && c.value != "" }

// key is one access key ID and all its places.
type key struct {
	credfile.KeyFacts
	valid  bool // has the form of a key ID, so it may be shown
	places []place
}

type place struct {
	s    *subject
	file credfile.FileKind
}

func (p place) at() *holding { return p.s.in[p.file] }

// ways is a set of the ways to sign that a profile has beside a static key, and
// of other settings that rules ask for.
type ways uint16

const (
	hasRole ways = 1 << iota
	hasSourceProfile
	hasCredentialSource
	hasWebIdentity
	hasSSO
	hasLogin
	hasProcess
	hasHistory
	hasEndpoint
)

var wayNames = map[string]ways{
	"role_arn":                hasRole,
	"source_profile":          hasSourceProfile,
	"credential_source":       hasCredentialSource,
	"web_identity_token_file": hasWebIdentity,
	"sso_session":             hasSSO,
	"sso_start_url":           hasSSO,
	"sso_account_id":          hasSSO,
	"login_session":           hasLogin,
	"credential_process":      hasProcess,
	"cli_history":             hasHistory,
	"endpoint_url":            hasEndpoint,
	"services":                hasEndpoint,
}

func takeSurvey(set *credfile.Set, only []string) *survey {
	n := len(set.Credentials.Sections) + len(set.Config.Sections)
	s := &survey{byName: make(map[string]*subject, n), byID: make(map[string]*key, n)}
	chosen := make(map[string]bool, len(only))
	for _, name := range only {
		chosen[name] = true
	}
	for kind, f := range set.Files() {
		s.bare[kind] = make(map[int]bool)
		for i, sec := range f.Sections {
			sub := &subject{selected: len(only) == 0}
			if sec.Profile != "" {
				if old := s.byName[sec.Profile]; old != nil {
					sub = old
				} else {
					sub.name, sub.selected = sec.Profile, sub.selected || chosen[sec.Profile]
					s.byName[sec.Profile] = sub
					s.subjects = append(s.subjects, sub)
				}
			}
			h := sub.read(f, i, sec)
			if sec.Profile == "" {
				if h.id.line == 0 && h.secret.line == 0 {
					continue
				}
				s.bare[kind][i] = true
				s.subjects = append(s.subjects, sub)
			}
		}
	}
	for _, sub := range s.subjects {
		s.note(sub)
	}
	return s
}

// note files the keys of a subject.
func (s *survey) note(sub *subject) {
	for kind, h := range sub.in {
		if h == nil {
			continue
		}
		s.holds[kind] = s.holds[kind] || h.id.there() || h.secret.there()
		if !h.id.there() {
			continue
		}
		k := s.byID[h.id.value]
		if k == nil {
			k = &key{KeyFacts: credfile.FactsOf(h.id.value)}
			k.valid = show.IsKeyID(k.ID)
			s.byID[k.ID] = k
			s.keys = append(s.keys, k)
		}
		k.places = append(k.places, place{sub, credfile.FileKind(kind)})
	}
}

// read takes in section i of f and returns what the subject now has there. A
// setting below one without a value belongs to that one, unless it is not
// indented more.
func (sub *subject) read(f *credfile.File, i int, sec credfile.Section) *holding {
	h := sub.in[f.Kind]
	if h == nil {
		h = &holding{}
		sub.in[f.Kind] = h
	}
	h.sections = append(h.sections, i)
	above, open := -1, false
	for n := sec.First; n < sec.Last; n++ {
		l := &f.Lines[n]
		if l.Kind != credfile.Property {
			continue
		}
		indent := l.Name.Start - l.Start
		if above >= 0 && indent > above {
			if open {
				continue
			}
		} else {
			above, open = indent, l.Value.Start == l.Value.End
		}
		c := cell{line: n + 1, col: indent + 1}
		switch name := strings.ToLower(l.Name.In(f.Text)); name {
		case "aws_access_key_id":
			c.value = plainID(l.Value.In(f.Text))
			h.id = c
		case "aws_secret_access_key":
			c.value = plainValue(l.Value.In(f.Text))
			h.secret = c
		case "aws_session_token", "aws_security_token":
			c.value = plainValue(l.Value.In(f.Text))
			h.token = c
		default:
			if w := wayNames[name]; w != 0 && l.Value.Start < l.Value.End {
				sub.ways |= w
			}
		}
	}
	return h
}

// plainValue is the value that the writer of the line had in mind: without a
// comment behind it and without quotes around it.
func plainValue(v string) string {
	if v == "" || v[0] == '#' || v[0] == ';' {
		return ""
	}
	for i := 1; i < len(v); i++ {
		if (v[i] == '#' || v[i] == ';') && (v[i-1] == ' ' || v[i-1] == '\t') {
			v = strings.TrimRight(v[:i], " \t")
			break
		}
	}
	if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
		v = v[1 : n-1]
	}
	return v
}

// plainID is plainValue; a key ID has no space or quote in it.
func plainID(v string) string {
	v = plainValue(v)
	if i := strings.IndexAny(v, " \t"); i > 0 {
		v = v[:i]
	}
	return v
}

// profiles returns the names of the profiles that hold k, each once, in the
// order of the files.
func (k *key) profiles() []string {
	names := make([]string, 0, len(k.places))
	for i, p := range k.places {
		if p.s.name != "" && (i == 0 || k.places[i-1].s != p.s) {
			names = append(names, p.s.name)
		}
	}
	return names
}

// selected reports whether one of k's profiles is asked for.
func (k *key) selected() bool {
	for _, p := range k.places {
		if p.s.selected {
			return true
		}
	}
	return false
}

// show is the key's ID, or what can be said instead of it.
func (k *key) show() string {
	if k.valid {
		return "key " + k.ID
	}
	return "a key"
}
