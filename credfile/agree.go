package credfile

import (
	"fmt"
	"slices"
	"strings"

	"keycare/credfile/show"
)

// NoKeyError says that every reader finds no access key under a profile.
type NoKeyError struct {
	Profile string
	Why     string   // "no such profile", "no access key"
	Known   []string // profiles that exist
	Paths   Paths
	// Misread is the place of a header that looks like the profile's but that no
	// tool reads so; nil where there is none.
	Misread *Diagnostic
	NoFiles bool // neither file exists
}

func (e *NoKeyError) Error() string {
	if e.NoFiles {
		return fmt.Sprintf("profile %s: there are no AWS files yet (%s). To create them: aws configure", show.Name(e.Profile), e.Paths.joined(" and "))
	}
	msg := fmt.Sprintf("profile %s: %s in %s", show.Name(e.Profile), e.Why, e.Paths.joined(" or "))
	if e.Misread != nil {
		return msg + "\n  " + e.Misread.String()
	}
	if near := Nearest(e.Profile, e.Known); near != "" && e.Why == noProfile {
		return msg + fmt.Sprintf("; did you mean %s?", show.Name(near))
	}
	return msg
}

// joined names the files that there may be.
func (p Paths) joined(by string) string {
	switch {
	case p.Config == "" || p.Config == p.Credentials:
		return p.Credentials
	case p.Credentials == "":
		return p.Config
	}
	return p.Credentials + by + p.Config
}

func (s *Set) noKey(profile, why string) *NoKeyError {
	return &NoKeyError{profile, why, s.Profiles(), s.Paths, s.misread(profile), len(s.Missing) == len(s.Files())}
}

// misread finds a header that means the profile and is written for the other of
// the two files.
func (s *Set) misread(profile string) *Diagnostic {
	for _, f := range s.Files() {
		raw := profile
		if f.Kind == CredentialsFile {
			raw = "profile " + profile
		}
		for _, sec := range f.Sections[1:] {
			if sec.Raw != raw || sec.Profile != "" {
				continue
			}
			q := Quirk("no-prefix-in-config")
			if f.Kind == CredentialsFile {
				q = "prefix-in-credentials"
			}
			return &Diagnostic{Quirk: q, Path: f.Path, Pos: Position{sec.First + 1, 1}}
		}
	}
	return nil
}

// DisagreementError says that AWS's tools do not read the same key under a
// profile, so keycare does not edit it.
type DisagreementError struct {
	Profile  string
	Readings []Reading
	Causes   []Diagnostic
}

func (e *DisagreementError) Error() string {
	var says []string
	for _, r := range e.Readings {
		says = append(says, fmt.Sprintf("%s reads %s", r.Tool.withArticle(), r.says()))
	}
	msg := fmt.Sprintf("profile %s is read differently by AWS tools, so keycare does not change it: %s",
		show.Name(e.Profile), strings.Join(says, "; "))
	for _, c := range e.Causes {
		msg += "\n  " + c.String()
	}
	return msg
}

// Agreed returns the key pair that every reader finds under profile: the AWS
// CLI, the Go SDK and ini.v1 with two option sets. The error is a *NoKeyError
// or a *DisagreementError.
func (s *Set) Agreed(profile string) (Reading, error) {
	cli, sdk := s.CLI(profile), s.SDK(profile)
	if cli.None != "" && sdk.None != "" && cli.Refused == nil && sdk.Refused == nil {
		return Reading{}, s.noKey(profile, cli.None)
	}
	readings := []Reading{cli, sdk}
	if cli.None == "" {
		f := s.Files()[cli.From]
		for _, tool := range []Tool{ToolINIGo, ToolINIPlan} {
			readings = append(readings, f.iniReading(tool, profile))
		}
	}
	for _, r := range readings {
		if !r.same(cli) {
			return Reading{}, &DisagreementError{profile, readings, s.causes(profile)}
		}
	}
	return cli, nil
}

// iniReading reads the section of profile with ini.v1.
func (f *File) iniReading(tool Tool, profile string) Reading {
	sections := f.sectionsOf(profile)
	if len(sections) != 1 {
		return Reading{Tool: tool, None: fmt.Sprintf("nothing, for the profile has %d sections in %s", len(sections), f.Path)}
	}
	return readINI(tool, f.iniText(sections[0]))
}

// indexProfiles makes it quick to find the sections of a profile in a file with
// many.
func (f *File) indexProfiles() {
	const many = 64
	if len(f.Sections) < many {
		return
	}
	f.byProfile = make(map[string][]int, len(f.Sections))
	for i, sec := range f.Sections {
		f.byProfile[sec.Profile] = append(f.byProfile[sec.Profile], i)
	}
}

func (f *File) sectionsOf(profile string) []Section {
	var found []Section
	if f.byProfile != nil {
		for _, i := range f.byProfile[profile] {
			if profile != "" {
				found = append(found, f.Sections[i])
			}
		}
		return found
	}
	for _, sec := range f.Sections {
		if sec.Profile == profile && profile != "" {
			found = append(found, sec)
		}
	}
	return found
}

// causes returns the quirks that may explain a disagreement about profile: those
// in its sections and those that spoil a whole file, at most three.
func (s *Set) causes(profile string) []Diagnostic {
	var own, whole []Diagnostic
	for _, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			switch {
			case d.Profile == profile:
				own = append(own, d)
			case QuirkTexts[d.Quirk].Whole:
				whole = append(whole, d)
			}
		}
	}
	all := slices.Concat(own, whole)
	return all[:min(len(all), 3)]
}

// Nearest returns the known name that is one slip away from name: one letter
// changed, added, left out, or another case.
func Nearest(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) || oneSlip(k, name) || oneSlip(name, k) {
			return k
		}
	}
	return ""
}

// oneSlip reports whether b is a with one byte changed or left out, or with two
// neighbours exchanged.
func oneSlip(a, b string) bool {
	if len(a) < 3 || len(a)-len(b) > 1 || len(b) > len(a) {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	if i == len(a) {
		return false
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// MustHave returns a *NoKeyError for the first of the names that is no profile
// of either file.
func (s *Set) MustHave(names []string) error {
	if len(names) == 0 {
		return nil
	}
	known := s.Profiles()
	for _, name := range names {
		if !slices.Contains(known, name) {
			return s.noKey(name, noProfile)
		}
	}
	return nil
}
