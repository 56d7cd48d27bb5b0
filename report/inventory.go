package report

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"keycare/credfile"
	"keycare/credfile/show"
)

// inventory is what stands in the two files, by profile and by key. It is made in
// one pass, and is about what is written there; which of it a tool uses is said
// by credfile's readings.
type inventory struct {
	profiles     []*profile
	byName       map[string]*profile
	keys         []*key // in the order of the files
	byID         map[string]*key
	holdsKeys    [2]bool         // the file has keys
	bareSections [2]map[int]bool // sections that are no profile, but hold keys
}

// profile is a profile, or a section that is none (then name is empty).
type profile struct {
	name     string
	selected bool
	in       [2]*fileEntry // by FileKind
	above    []location    // keys that stand above another one in the same section
	ways     ways
}

// fileEntry is what a profile has in one file.
type fileEntry struct {
	sections          []int
	id, secret, token setting
	region, source    setting // source is source_profile
	expires           setting // when a session key ends, and by which setting
	expiresBy         string
}

// setting is a setting: its value without quotes and comment, and its place, of
// which line 0 says that there is no such setting.
type setting struct {
	value     string
	line, col int
}

func (c setting) isSet() bool { return c.line > 0 && c.value != "" }

// isEmpty reports whether the setting is there without a value.
func (c setting) isEmpty() bool { return c.line > 0 && c.value == "" }

// key is one access key ID and all its places.
type key struct {
	credfile.KeyFacts
	valid     bool // has the form of a key ID, so it may be shown
	locations []location
}

// location is where a key stands.
type location struct {
	profile *profile
	file    credfile.FileKind
	entry   *fileEntry
}

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

func takeInventory(set *credfile.Set, only []string) *inventory {
	n := len(set.Credentials.Sections) + len(set.Config.Sections)
	s := &inventory{byName: make(map[string]*profile, n), byID: make(map[string]*key, n)}
	chosen := make(map[string]bool, len(only))
	for _, name := range only {
		chosen[name] = true
	}
	for kind, f := range set.Files() {
		s.bareSections[kind] = make(map[int]bool)
		for i, sec := range f.Sections {
			if set.One && readAsOther(set, kind, sec) {
				continue
			}
			p := &profile{selected: len(only) == 0}
			if sec.Profile != "" {
				if old := s.byName[sec.Profile]; old != nil {
					p = old
				} else {
					p.name, p.selected = sec.Profile, p.selected || chosen[sec.Profile]
					s.byName[sec.Profile] = p
					s.profiles = append(s.profiles, p)
				}
			}
			h := p.read(f, i, sec)
			if sec.Profile == "" {
				if h.id.line == 0 && h.secret.line == 0 {
					continue
				}
				s.bareSections[kind][i] = true
				s.profiles = append(s.profiles, p)
			}
		}
	}
	for _, p := range s.profiles {
		s.note(p)
	}
	for _, r := range set.Reads() {
		s.noteRead(r, len(only) == 0 || chosen[r.Profile])
	}
	return s
}

// readAsOther reports whether a section of a file that is both of the shared files
// is listed as a part of the other.
func readAsOther(set *credfile.Set, kind int, sec credfile.Section) bool {
	if kind == int(credfile.CredentialsFile) {
		return sec.Profile == "" && strings.HasPrefix(sec.Raw, "profile ")
	}
	return sec.Raw == "default" || sec.Profile == ""
}

// noteRead files a key that a tool reads where this inventory sees none: what is a
// line, a header or a comment is for the tools to say.
func (s *inventory) noteRead(r credfile.Read, selected bool) {
	if !show.IsKeyID(r.ID) {
		return
	}
	there := func(p location) bool { return p.file == r.Kind && p.entry.id.line == r.Line }
	if k := s.byID[r.ID]; k != nil && slices.ContainsFunc(k.locations, there) {
		return
	}
	p := s.byName[r.Profile]
	if p == nil {
		p = &profile{name: r.Profile, selected: selected}
		s.byName[r.Profile] = p
		s.profiles = append(s.profiles, p)
	}
	h := &fileEntry{id: setting{r.ID, r.Line, 1}}
	if !r.Secret.Empty() {
		h.secret = setting{r.Secret.Reveal(), r.Line, 1}
	}
	if !r.Token.Empty() {
		h.token = setting{r.Token.Reveal(), r.Line, 1}
	}
	s.holdsKeys[r.Kind] = true
	s.key(r.ID, location{p, r.Kind, h})
}

// key files one place of a key.
func (s *inventory) key(id string, p location) {
	k := s.byID[id]
	if k == nil {
		k = &key{KeyFacts: credfile.FactsOf(id)}
		k.valid = show.IsKeyID(k.ID)
		s.byID[id] = k
		s.keys = append(s.keys, k)
	}
	k.locations = append(k.locations, p)
}

// note files the keys of a profile.
func (s *inventory) note(p *profile) {
	for _, l := range p.above {
		s.key(l.entry.id.value, l)
	}
	for kind, h := range p.in {
		if h == nil {
			continue
		}
		s.holdsKeys[kind] = s.holdsKeys[kind] || h.id.isSet() || h.secret.isSet()
		if !h.id.isSet() {
			continue
		}
		s.key(h.id.value, location{p, credfile.FileKind(kind), h})
	}
}

// read takes in section i of f and returns what the profile now has there. A
// setting below one without a value belongs to that one, unless it is not
// indented more.
func (p *profile) read(f *credfile.File, i int, sec credfile.Section) *fileEntry {
	h := p.in[f.Kind]
	if h == nil {
		h = &fileEntry{}
		p.in[f.Kind] = h
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
		c := setting{line: n + 1, col: l.Name.Start - l.Start + 1}
		switch name := strings.ToLower(l.Name.In(f.Text)); name {
		case "aws_access_key_id":
			c.value = plainValue(l.Value.In(f.Text))
			if h.id.isSet() && c.value != h.id.value {
				above := *h
				p.above = append(p.above, location{p, f.Kind, &above})
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
			p.ways |= wayNames[name]
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
	names := make([]string, 0, len(k.locations))
	for i, p := range k.locations {
		if p.profile.name != "" && (i == 0 || k.locations[i-1].profile != p.profile) {
			names = append(names, p.profile.name)
		}
	}
	return names
}

// selected reports whether one of k's profiles is asked for.
func (k *key) selected() bool {
	for _, p := range k.locations {
		if p.profile.selected {
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
	return slices.ContainsFunc(k.locations, func(p location) bool { return p.entry.secret.isSet() })
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
