package settings

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/ini.v1"

	"keycare/credfile"
	"keycare/credfile/show"
)

// This file is about the sections of keycare.ini that have names of their own:
// exceptions, severities, commands.

// knownSection reports whether a section may stand in the file.
func knownSection(name string) bool {
	for _, prefix := range []string{exceptionWord, afterPrefix} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && strings.TrimSpace(rest) != "" {
			return true
		}
	}
	return name == neverCall || name == severitySec || name == copiesSec
}

// otherSections says what a section's name may have been meant to be.
func otherSections(name string) string {
	word, rest, _ := strings.Cut(name, " ")
	switch near := credfile.Nearest(word+" ", []string{neverCall + " ", severitySec + " ", copiesSec + " ", exceptionWord, afterPrefix}); near {
	case "":
	case exceptionWord, afterPrefix:
		return fmt.Sprintf("did you mean [%s%s]?", near, cmp.Or(show.Plain(strings.TrimSpace(rest)), "NAME"))
	default:
		return fmt.Sprintf("did you mean [%s]?", strings.TrimSpace(near))
	}
	return fmt.Sprintf("there are [%s], [%s], [%s], [exception NAME] and [after PROFILE]", neverCall, severitySec, copiesSec)
}

// after is the section of the command that gets a profile's new key. It has no
// variable and no flag: only the file, which others cannot change, may name it.
func (s *Settings) after(r *reader, profile string, sec *ini.Section) error {
	for _, k := range sec.Keys() {
		at := r.at(sec.Name(), k.Name())
		if k.Name() != "command" {
			return fmt.Errorf("%s: there is no setting %q here; there is: command", at, k.Name())
		}
		args, err := argv(k.Value())
		switch {
		case err != nil:
			return fmt.Errorf("%s: command: %w", at, err)
		case len(args) == 0:
			return fmt.Errorf("%s: command: it is empty", at)
		}
		if err := wholePath(args[0]); err != nil {
			return fmt.Errorf("%s: command: %w", at, err)
		}
		if s.After == nil {
			s.After = map[string][]string{}
		}
		s.After[profile] = args
		s.from[afterPrefix+profile], s.text[afterPrefix+profile] = at, k.Value()
	}
	return nil
}

// severity is one line of the section for it.
func (s *Settings) severity(rule, level, at string, known Known) error {
	if err := oneOf(rule, known.Rules); err != nil {
		return err
	}
	if level == "none" {
		return fmt.Errorf("to switch a rule off, add it to rules_off")
	}
	if err := oneOf(level, slices.DeleteFunc(slices.Clone(known.Levels), func(l string) bool { return l == "none" })); err != nil {
		return err
	}
	if s.Severity == nil {
		s.Severity = map[string]string{}
	}
	s.Severity[rule] = level
	s.from[severitySec+"."+rule] = at
	return nil
}

func (r *reader) exception(name string, sec *ini.Section, known Known) (Exception, error) {
	e := Exception{Name: name, Where: r.at(sec.Name(), "")}
	for _, k := range sec.Keys() {
		var err error
		v := k.Value()
		switch k.Name() {
		case "rule":
			e.Rule, err = v, oneOf(v, known.Rules)
		case "profile":
			e.Profile = v
		case "account":
			e.Account, err = v, account(v)
		case "key":
			e.Key, err = v, keyID(v)
		case "file":
			if e.File = v; !filepath.IsAbs(v) {
				err = fmt.Errorf("%s is not a whole path", show.Name(v))
			}
		case "fingerprint":
			e.Fingerprint, err = v, fingerprint(v)
		case "reason":
			e.Reason = v
		case "until":
			if e.Until, err = time.Parse(time.DateOnly, v); err != nil {
				err = fmt.Errorf("%q is not a date such as 2027-01-31", v)
			}
			e.Until = e.Until.AddDate(0, 0, 1)
		default:
			err = errors.New("an exception has rule, profile, account, key, file, fingerprint, reason and until")
		}
		if err != nil {
			return e, fmt.Errorf("%s: %s: %w", r.at(sec.Name(), k.Name()), k.Name(), err)
		}
	}
	switch {
	case !slices.ContainsFunc(e.fields(), func(f [2]string) bool { return f[1] != "" }):
		return e, fmt.Errorf("%s: the exception %q is for nothing: name a rule, profile, account, key, file or fingerprint", e.Where, name)
	case e.Reason == "":
		return e, fmt.Errorf("%s: the exception %q has no reason", e.Where, name)
	case e.Until.IsZero():
		return e, fmt.Errorf("%s: the exception %q has no end: until = 2027-01-31", e.Where, name)
	}
	return e, nil
}
