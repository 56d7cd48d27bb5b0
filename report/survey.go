package report

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

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
	more     []place     // keys that stand above another one in the same section
	ways     ways
}

// holding is what a subject has in one file.
type holding struct {
	sections          []int
	id, secret, token cell
	region, source    cell // source is source_profile
	expires           cell // when a session key ends, and by which setting
	expiresBy         string
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
	h    *holding
}

func (p place) at() *holding { return p.h }

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

// expiryNames are settings in which tools that get session keys write when these
// end.
var expiryNames = map[string]bool{
	"expiration": true, "aws_expiration": true, "credential_expiration": true, "aws_credential_expiration": true,
	"x_security_token_expires": true, "aws_session_expiration": true, "aws_session_token_expiration": true,
	"aws_session_token_expires": true, "aws_expires": true, "expires": true, "expires_at": true,
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
			if set.One && readAsOther(set, kind, sec) {
				continue
			}
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
	for _, r := range set.Reads() {
		s.noteRead(r, len(only) == 0 || chosen[r.Profile])
	}
	return s
}

// readAsOther reports whether a section of a file that is both of the shared files
// is surveyed as a part of the other.
func readAsOther(set *credfile.Set, kind int, sec credfile.Section) bool {
	if kind == int(credfile.CredentialsFile) {
		return sec.Profile == "" && strings.HasPrefix(sec.Raw, "profile ")
	}
	return sec.Raw == "default" || sec.Profile == ""
}

// noteRead files a key that a tool reads where this survey sees none: what is a
// line, a header or a comment is for the tools to say.
func (s *survey) noteRead(r credfile.Read, selected bool) {
	if s.byID[r.ID] != nil || !show.IsKeyID(r.ID) {
		return
	}
	sub := s.byName[r.Profile]
	if sub == nil {
		sub = &subject{name: r.Profile, selected: selected}
		s.byName[r.Profile] = sub
		s.subjects = append(s.subjects, sub)
	}
	h := &holding{id: cell{r.ID, r.Line, 1}}
	if !r.Secret.Empty() {
		h.secret = cell{r.Secret.Reveal(), r.Line, 1}
	}
	if !r.Token.Empty() {
		h.token = cell{r.Token.Reveal(), r.Line, 1}
	}
	s.holds[r.Kind] = true
	s.key(r.ID, place{sub, r.Kind, h})
}

// key files one place of a key.
func (s *survey) key(id string, p place) {
	k := s.byID[id]
	if k == nil {
		k = &key{KeyFacts: credfile.FactsOf(id)}
		k.valid = show.IsKeyID(k.ID)
		s.byID[id] = k
		s.keys = append(s.keys, k)
	}
	k.places = append(k.places, p)
}

// note files the keys of a subject.
func (s *survey) note(sub *subject) {
	for _, p := range sub.more {
		s.key(p.h.id.value, p)
	}
	for kind, h := range sub.in {
		if h == nil {
			continue
		}
		s.holds[kind] = s.holds[kind] || h.id.there() || h.secret.there()
		if !h.id.there() {
			continue
		}
		s.key(h.id.value, place{sub, credfile.FileKind(kind), h})
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
		indent := utf8.RuneCountInString(f.Text[l.Start:l.Name.Start])
		if above >= 0 && indent > above {
			if open {
				continue
			}
		} else {
			above, open = indent, l.Value.Start == l.Value.End
		}
		c := cell{line: n + 1, col: l.Name.Start - l.Start + 1}
		switch name := strings.ToLower(l.Name.In(f.Text)); name {
		case "aws_access_key_id":
			c.value = plainValue(l.Value.In(f.Text))
			if h.id.there() && c.value != h.id.value {
				above := *h
				sub.more = append(sub.more, place{sub, f.Kind, &above})
			}
			h.id = c
		case "aws_secret_access_key":
			c.value = plainValue(l.Value.In(f.Text))
			h.secret = c
		case "aws_session_token", "aws_security_token":
			c.value = plainValue(l.Value.In(f.Text))
			h.token = c
		default:
			if l.Value.Start == l.Value.End {
				continue
			}
			sub.ways |= wayNames[name]
			c.value = plainValue(l.Value.In(f.Text))
			switch {
			case name == "region":
				h.region = c
			case name == "source_profile":
				h.source = c
			case expiryNames[name]:
				h.expires, h.expiresBy = c, name
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

// oddDigits says that the ID has letters that AWS never uses.
func (k *key) oddDigits() bool { return strings.ContainsAny(k.ID, "0189") }

// hasSecret reports whether a secret stands with the key anywhere.
func (k *key) hasSecret() bool {
	return slices.ContainsFunc(k.places, func(p place) bool { return p.at().secret.there() })
}

// mergeNames joins two lists, the first before the second, each name once.
func mergeNames(a, b []string) []string {
	seen := make(map[string]bool, len(a))
	for _, name := range a {
		seen[name] = true
	}
	for _, name := range b {
		if !seen[name] {
			a = append(a, name)
		}
	}
	return a
}

// sectionAt returns the index of the section that holds the line of this number.
func sectionAt(f *credfile.File, line int) int {
	return sort.Search(len(f.Sections), func(i int) bool { return f.Sections[i].Last >= line })
}

// keptAndWhole reports whether the files keep k for long, and its secret with it:
// an ID alone opens nothing.
func (k *key) keptAndWhole() bool { return k.Kind == credfile.LongTerm && k.hasSecret() }
