// Package settings reads keycare.ini, the user's settings, and the KEYCARE_*
// variables that go before it. It knows names and forms of the settings, not
// what commands make of them, and it writes nothing.
package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
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
