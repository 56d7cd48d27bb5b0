// Package settings reads keycare.ini, the user's settings, and the KEYCARE_*
// variables that go before it. It knows names and forms of the settings, not
// what commands make of them, and it writes nothing.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"gopkg.in/ini.v1"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// Settings is what is in force, flags apart.
type Settings struct {
	MaxAge, MaxUnused time.Duration
	FailOn            string
	// AuditTimeout is how long an audit waits for AWS; 0 leaves that to the audit.
	AuditTimeout time.Duration
	// MFACommand is a program with arguments that prints a one-time code.
	MFACommand []string
	// Deep says whether audits ask who uses each key, and what its user may do.
	Deep bool
	// Scan says whether the timer looks for copies of keys.
	Scan bool
	// Notices says whether the timer may show notices on the desktop.
	Notices    bool
	Accounts   []string // whose keys may be on this machine; empty: any
	RulesOff   []string
	NeverCall  NeverCall
	Exceptions []Exception
	// Copies are text files that rotations change along with the AWS files.
	Copies []string
	// After has the command, as an argument list, that gets a new key of a profile.
	After map[string][]string
	// Reports is where the timer writes the report of its audit, beside the state
	// folder.
	Reports []Report
	// Severity has the level that a rule's findings get, by rule.
	Severity map[string]string
	// Path is the settings file, which need not exist; Found says that it does.
	Path  string
	Found bool

	from map[string]string
	text map[string]string
}

// NeverCall names what AWS is never asked about.
type NeverCall struct{ Profiles, Keys, Accounts []string }

// Bars reports whether the key is not to be asked about.
func (n NeverCall) Bars(profile, keyID string) bool {
	account := credfile.FactsOf(keyID).Account
	return slices.Contains(n.Profiles, profile) || slices.Contains(n.Keys, keyID) ||
		account != "" && slices.Contains(n.Accounts, account)
}

// Exception accepts findings until a date.
type Exception struct {
	Rule, Profile, Account, Key string
	File, Fingerprint           string // of one finding
	Name                        string
	Reason                      string
	Until                       time.Time // the day after the last one, UTC
	Where                       string    // file:line
}

// Known is what values may be; the packages that give it a meaning know it.
type Known struct {
	Rules, Levels, Formats []string
	Home                   string // stands for ~ in paths
}

// Report is a report of the timer.
type Report struct{ Format, File string }

// Shown is a setting for people.
type Shown struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"` // "default", the variable, or file:line
}

// option is one plain setting.
type option struct {
	section, name, standard string
	set                     func(s *Settings, value string, k Known) error
	age                     bool // shown alike, however it is written
}

// variable is the name of the environment variable.
func (o option) variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(o.full(), ".", "_"))
}

func (o option) full() string {
	if o.section == "" {
		return o.name
	}
	return o.section + "." + o.name
}

// The sections beside those of exceptions.
const (
	neverCall     = "never_call"
	severitySec   = "severity"
	copiesSec     = "copies"
	afterPrefix   = "after "
	exceptionWord = "exception "
)

var options = []option{
	{"", "max_age", "90d", func(s *Settings, v string, _ Known) error { return days(&s.MaxAge, v) }, true},
	{"", "max_unused", "45d", func(s *Settings, v string, _ Known) error { return days(&s.MaxUnused, v) }, true},
	{"", "fail_on", "high", func(s *Settings, v string, k Known) error {
		s.FailOn = v
		return oneOf(v, k.Levels)
	}, false},
	{"", "audit_timeout", "", func(s *Settings, v string, _ Known) error { return seconds(&s.AuditTimeout, v) }, true},
	{"", "accounts", "", func(s *Settings, v string, _ Known) error { return list(&s.Accounts, v, account) }, false},
	{"", "rules_off", "", func(s *Settings, v string, k Known) error {
		return list(&s.RulesOff, v, func(v string) error { return oneOf(v, k.Rules) })
	}, false},
	{"", "mfa_command", "", func(s *Settings, v string, _ Known) (err error) {
		s.MFACommand, err = argv(v)
		return err
	}, false},
	{"", "notices", "on", func(s *Settings, v string, _ Known) error {
		s.Notices = v == "on"
		return oneOf(v, []string{"on", "off"})
	}, false},
	{"", "deep", "off", func(s *Settings, v string, _ Known) error {
		s.Deep = v == "on"
		return oneOf(v, []string{"on", "off"})
	}, false},
	{"", "reports", "", func(s *Settings, v string, k Known) error { return reports(&s.Reports, v, k) }, false},
	{"", "scan", "weekly", func(s *Settings, v string, _ Known) error {
		s.Scan = v == "weekly"
		return oneOf(v, []string{"weekly", "off"})
	}, false},
	{neverCall, "profiles", "", func(s *Settings, v string, _ Known) error { return list(&s.NeverCall.Profiles, v, anything) }, false},
	{neverCall, "keys", "", func(s *Settings, v string, _ Known) error { return list(&s.NeverCall.Keys, v, keyID) }, false},
	{neverCall, "accounts", "", func(s *Settings, v string, _ Known) error { return list(&s.NeverCall.Accounts, v, account) }, false},
	{copiesSec, "files", "", func(s *Settings, v string, _ Known) error { return list(&s.Copies, v, wholePath) }, false},
}

// Default is what is in force where nothing is set.
func Default() *Settings {
	s := &Settings{from: map[string]string{}, text: map[string]string{}}
	for _, o := range options {
		_ = s.take(o, o.standard, "default", Known{Levels: []string{o.standard}}) // it is one of those known
	}
	return s
}

// Load reads the settings: defaults, then the file at path if it exists, then
// the variables of environ, which is as os.Environ has it. An empty path is no
// file. A wrong name or value
// is an error that says where it stands.
func Load(d disk.FS, path string, environ []string, known Known) (*Settings, error) {
	s := &Settings{Path: path, from: map[string]string{}, text: map[string]string{}}
	for _, o := range options {
		if err := s.take(o, o.standard, "default", known); err != nil {
			return nil, err
		}
	}
	if err := s.file(d, path, known); err != nil {
		return nil, err
	}
	found := variables(environ)
	if err := checkVariables(found); err != nil {
		return nil, err
	}
	for _, o := range options {
		if v := found[o.variable()]; v != "" {
			if err := s.take(o, v, o.variable(), known); err != nil {
				return nil, fmt.Errorf("%s: %w", o.variable(), err)
			}
		}
	}
	return s, nil
}

func (s *Settings) take(o option, value, from string, known Known) error {
	s.from[o.full()], s.text[o.full()] = from, value
	if o.age && value != "" {
		s.text[o.full()] = shownAge(value)
	}
	return o.set(s, value, known)
}

// From says where a setting comes from.
func (s *Settings) From(name string) string { return s.from[name] }

// Show lists all settings.
func (s *Settings) Show() []Shown {
	var all []Shown
	for _, o := range options {
		all = append(all, Shown{o.full(), s.text[o.full()], s.from[o.full()]})
	}
	for _, rule := range slices.Sorted(maps.Keys(s.Severity)) {
		name := severitySec + "." + rule
		all = append(all, Shown{name, s.Severity[rule], s.from[name]})
	}
	for _, profile := range slices.Sorted(maps.Keys(s.After)) {
		all = append(all, Shown{afterPrefix + profile, s.text[afterPrefix+profile], s.from[afterPrefix+profile]})
	}
	for _, e := range s.Exceptions {
		var parts []string
		for _, p := range e.fields() {
			if p[1] != "" {
				parts = append(parts, p[0]+" "+p[1])
			}
		}
		all = append(all, Shown{"exception." + e.Name, fmt.Sprintf("%s until %s: %s", strings.Join(parts, ", "),
			e.Until.AddDate(0, 0, -1).Format(time.DateOnly), e.Reason), e.Where})
	}
	return all
}

// fields are what an exception names, by the names of its settings.
func (e *Exception) fields() [][2]string {
	return [][2]string{{"rule", e.Rule}, {"profile", e.Profile}, {"account", e.Account}, {"key", e.Key}, {"file", e.File}, {"fingerprint", e.Fingerprint}}
}

// reader reads one file: ini.v1 the values, credfile the lines.
type reader struct {
	path  string
	lines *credfile.File
}

func (s *Settings) file(d disk.FS, path string, known Known) error {
	if path == "" {
		return nil
	}
	text, err := credfile.ReadText(d, path)
	if errors.Is(err, fs.ErrNotExist) {
		return lost(d, path)
	}
	s.Found = true
	if errors.Is(err, fs.ErrPermission) {
		// The audit, which names the command for other files, needs the settings.
		if back := credfile.GiveBack(d, path); back != "" {
			return fmt.Errorf("no permission to read the settings in %s, for it or its folder belongs to another user, as after a run by root: %s", path, back)
		}
		return fmt.Errorf("no permission to read the settings in %s: look who owns it and its folders", path)
	}
	if err != nil {
		return err
	}
	if fi, err := d.Stat(path); err == nil {
		if others, open := disk.OthersCanChange(path, fi); open {
			closed := show.Command("linux", "chmod", "go-w", path)
			if runtime.GOOS == "windows" {
				closed = show.Icacls(path, false, disk.UserName(), disk.SIDs(others)...)
			}
			return fmt.Errorf("%s: other users can change it, and it may name a command: %s", path, closed)
		}
	}
	return s.parse(path, text, known)
}

// Temp is where the new text of a settings file lies until it is put in its place.
func Temp(path string) string { return path + ".keycare-new" }

// lost is an error where there is no settings file because a replacement stopped
// half way: without it keys would be called that never may be.
func lost(d disk.FS, path string) error {
	if _, err := d.Lstat(Temp(path)); err != nil {
		return nil
	}
	move := []string{"mv", Temp(path), path}
	if runtime.GOOS == "windows" {
		move[0] = "move"
	}
	return fmt.Errorf("%s is gone, as after a crash while it was replaced; its text is in %s: %s", path, Temp(path), show.Command(runtime.GOOS, move...))
}

// read is what the text of a settings file says, without variables.
func read(path, text string, known Known) (*Settings, error) {
	s := Default()
	return s, s.parse(path, text, known)
}

// parse reads the text of the file at path.
func (s *Settings) parse(path, text string, known Known) error {
	r := &reader{path, credfile.Parse(path, credfile.CredentialsFile, text)}
	if err := r.check(); err != nil {
		return err
	}
	f, err := ini.LoadSources(ini.LoadOptions{IgnoreContinuation: true, PreserveSurroundedQuote: true}, []byte(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, sec := range f.Sections() {
		name := sec.Name()
		if name == ini.DefaultSection {
			name = ""
		}
		if rest, ok := strings.CutPrefix(name, exceptionWord); ok {
			e, err := r.exception(strings.TrimSpace(rest), sec, known)
			if err != nil {
				return err
			}
			s.Exceptions = append(s.Exceptions, e)
			continue
		}
		if profile, ok := strings.CutPrefix(name, afterPrefix); ok {
			if err := s.after(r, strings.TrimSpace(profile), sec); err != nil {
				return err
			}
			continue
		}
		for _, k := range sec.Keys() {
			at := r.at(name, k.Name())
			if name == severitySec {
				if err := s.severity(k.Name(), k.Value(), at, known); err != nil {
					return fmt.Errorf("%s: %s: %w", at, k.Name(), err)
				}
				continue
			}
			i := slices.IndexFunc(options, func(o option) bool { return o.section == name && o.name == k.Name() })
			if i < 0 {
				return fmt.Errorf("%s: there is no setting %q here%s", at, k.Name(), near(k.Name(), name))
			}
			if err := s.take(options[i], k.Value(), at, known); err != nil {
				return fmt.Errorf("%s: %s: %w", at, k.Name(), err)
			}
		}
	}
	return nil
}

func near(name, section string) string {
	var names []string
	for _, o := range options {
		if o.section == section {
			names = append(names, o.name)
		}
	}
	if like := credfile.Nearest(name, names); like != "" {
		return fmt.Sprintf("; did you mean %q?", like)
	}
	return "; there are: " + strings.Join(names, ", ")
}

// check refuses what ini.v1 would pass over or merge.
func (r *reader) check() error {
	seen := map[string]bool{}
	for _, sec := range r.lines.Sections {
		if sec.Raw != "" {
			name := sec.Raw
			if !knownSection(name) {
				return fmt.Errorf("%s:%d: there is no section [%s]; there are [%s], [%s], [%s], [exception NAME] and [after PROFILE]", r.path, sec.First+1, name, neverCall, severitySec, copiesSec)
			}
			if seen["["+name] {
				return fmt.Errorf("%s:%d: a second section [%s]", r.path, sec.First+1, name)
			}
			seen["["+name] = true
		}
		for n := sec.First; n < sec.Last; n++ {
			l := r.lines.Lines[n]
			switch l.Kind {
			case credfile.Junk:
				return fmt.Errorf("%s:%d: this line is no setting: write name = value", r.path, n+1)
			case credfile.Property:
				key := sec.Raw + "\x00" + l.Name.In(r.lines.Text)
				if seen[key] {
					return fmt.Errorf("%s:%d: %s is set a second time", r.path, n+1, l.Name.In(r.lines.Text))
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// at is file:line of a setting, or of its section where the name is empty.
func (r *reader) at(section, name string) string {
	for _, sec := range r.lines.Sections {
		if sec.Raw != section {
			continue
		}
		for n := sec.First; n < sec.Last; n++ {
			if l := r.lines.Lines[n]; name == "" || l.Kind == credfile.Property && l.Name.In(r.lines.Text) == name {
				return fmt.Sprintf("%s:%d", r.path, n+1)
			}
		}
	}
	return r.path
}
