package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"keycare/credfile"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

var (
	ruleMisspeltSetting = &Rule{
		ID: "misspelt-setting", About: AboutKey, Severity: Medium, Because: "the key may work though no tool uses it and nobody rotates it",
		Title:   "Key under a name that no tool reads",
		Why:     "tools silently skip the line, and the key in it is forgotten",
		Sources: []string{srcShared},
	}
	ruleSwappedPair = &Rule{
		ID: "swapped-pair", About: AboutKey, Severity: Medium, Because: "it cannot work, and tools print and send key IDs in the clear",
		Title:   "Key ID and secret swapped",
		Why:     "AWS rejects it, and the secret ends up where key IDs go: in messages, logs and every request",
		Sources: []string{srcShared},
		Repair:  Repair{Text: "swap the two values; if any tool has used them, rotate the key afterwards", Command: "keycare rotate {arg}"},
	}
	ruleImpossibleSecret = &Rule{
		ID: "impossible-secret", About: AboutKey, Severity: Medium, Because: "the key cannot work this way",
		Title:   "Malformed secret access key",
		Why:     "a secret access key has 40 characters: letters, digits, + and /; AWS rejects anything else",
		Sources: []string{"AWS IAM User Guide, access keys; git-secrets pattern for secrets"},
		Repair:  Repair{Text: "enter the secret exactly as AWS gave it", Command: "aws configure --profile {profile}"},
	}
	ruleRegionName = &Rule{
		ID: "region-name", About: AboutProfile, Severity: Medium, Because: "no call with this profile works",
		Title:   "Invalid region",
		Why:     "tools look for AWS at an address that does not exist",
		Sources: []string{"AWS General Reference, Regions and endpoints"},
		Repair:  Repair{Text: "enter a region code such as us-east-1"},
	}
	ruleRoleWithoutKey = &Rule{
		ID: "role-without-key", About: AboutProfile, Severity: Medium, Because: "no call with this profile works",
		Title:   "Role profile without a key",
		Why:     "a profile that assumes a role needs a profile with a key",
		Sources: []string{"AWS CLI User Guide, source_profile"},
		Repair:  Repair{Text: "set source_profile to a profile that has a key"},
	}
)

// mistakeRules are about slips of the pen: values and names that cannot be meant
// so.
var mistakeRules = []*Rule{ruleMisspeltSetting, ruleSwappedPair, ruleImpossibleSecret, ruleRegionName, ruleRoleWithoutKey}

// lookAtMistakes comes before the rules about halves of a pair, which a mistake
// explains.
func lookAtMistakes(a *auditor) {
	for _, s := range a.inventory.profiles {
		if !s.selected {
			continue
		}
		for kind, h := range s.in {
			if h == nil || s.name == "" {
				continue
			}
			a.judgeNames(s, credfile.FileKind(kind), h)
			a.judgeRegion(s, credfile.FileKind(kind), h)
		}
		if s.name != "" && s.ways&hasRole != 0 && s.ways&hasSourceProfile != 0 {
			a.judgeRole(s)
		}
	}
	for _, k := range a.inventory.keys {
		for _, p := range k.locations {
			if p.profile.selected && !k.Example && !k.Canary {
				a.judgeSecret(k, p)
			}
		}
	}
}

// shellWord is how a line of a shell begins that sets a variable.
var shellWord = pattern.Of(`(?i)^(export|setx?|setenv|declare -x|set -gx|\$env:) *`)

// lineOf is the name and the value that a line is meant to have, and how it is written where
// it is no setting: a line of a shell, or one without its =. There is no name where it is
// nothing of the kind.
func lineOf(f *credfile.File, n int) (name, value, how string) {
	l := f.Lines[n]
	text := strings.TrimSpace(f.Text[l.Start:l.End])
	if l.Kind == credfile.Property {
		name, value = l.Name.In(f.Text), plainValue(l.Value.In(f.Text))
	}
	word := shellWord().FindString(text)
	rest := text[len(word):]
	switch before, after, ok := strings.Cut(rest, "="); {
	case l.Kind != credfile.Property && l.Kind != credfile.Junk:
		return "", "", ""
	case word != "" && ok && isKeyName(strings.ToLower(strings.TrimSpace(before))):
		return strings.TrimSpace(before), plainValue(strings.TrimSpace(after)), "a line of a shell script, which no tool reads"
	}
	if words := strings.Fields(rest); l.Kind == credfile.Junk && len(words) == 2 && isKeyName(strings.ToLower(words[0])) {
		return words[0], plainValue(words[1]), "a key's setting without the = behind its name"
	}
	return name, value, ""
}

// visible leaves out what does not show.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
}

// prompt is a question of "aws configure", pasted with its answer.
var prompt = pattern.Of(`(?i)^aws (access key id|secret access key)( \[.*\])?$`)

// aliases are names that people write for the parts of a key, letters alone.
var aliases = map[string][]string{
	"aws_access_key_id":     {"awsaccesskeyid", "awsaccesskey", "accesskeyid", "accesskey", "awskeyid", "awsaccessid", "awsaccess"},
	"aws_secret_access_key": {"awssecretaccesskey", "awssecretkey", "secretaccesskey", "secretkey", "awssecretaccess", "awssecret", "secretaccess"},
}

// meantName is the setting that a name nearly spells; empty where there is none.
func meantName(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r = unicode.ToLower(r); r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, name)
	for _, meant := range []string{"aws_access_key_id", "aws_secret_access_key"} {
		if credfile.Nearest(letters, aliases[meant][:1]) != "" {
			return meant
		}
		for _, alias := range aliases[meant][1:] {
			if letters == alias {
				return meant
			}
		}
	}
	return ""
}

// judgeNames finds the parts of a key under names that are no settings.
func (a *auditor) judgeNames(s *profile, kind credfile.FileKind, h *fileEntry) {
	if h.id.isSet() && h.secret.isSet() {
		return
	}
	if h.id.isSet() && glued(h.id.value) {
		a.explained[h] = true
	}
	f := a.set.Files()[kind]
	for _, i := range h.sections {
		sec := f.Sections[i]
		for n := sec.First; n < sec.Last; n++ {
			name, value, how := lineOf(f, n)
			isID := show.IsKeyID(value)
			if name == "" || how == "" && isKeyName(strings.ToLower(name)) || !isID && !secretForm().MatchString(value) {
				continue
			}
			found := Finding{Profiles: []string{s.name}}
			if isID {
				found.KeyID = value
			}
			meant := meantName(name)
			switch {
			case prompt().MatchString(name):
				found.What = fmt.Sprintf("profile %s has the prompts of \"aws configure\" pasted into it; no tool reads them as settings", show.Name(s.name))
				found.Repair = Repair{"delete the lines, then", "aws configure --profile {profile}"}.filled(&found, a.goos)
			case meant == "" || meant == "aws_access_key_id" && (!isID || h.id.isSet()) || meant == "aws_secret_access_key" && (isID || h.secret.isSet()):
				continue
			case how != "":
				found.What, found.Repair = fmt.Sprintf("profile %s has %s", show.Name(s.name), how), say("write \""+meant+" = \" in front of the value, and nothing else")
			case hidden(name) && isKeyName(strings.ToLower(visible(name))):
				found.What = fmt.Sprintf("profile %s has a setting %s with invisible characters in its name, which no tool reads", show.Name(s.name), meant)
				found.Repair = say("delete the characters that do not show, or retype the line")
			case plainName().MatchString(name):
				found.What = fmt.Sprintf("profile %s has a setting %s, which no tool reads; did you mean %s?", show.Name(s.name), name, meant)
				found.Repair = say("write " + meant)
			default:
				found.What = fmt.Sprintf("profile %s has a setting with an odd name, which no tool reads; did you mean %s?", show.Name(s.name), meant)
				found.Repair = say("write " + meant)
			}
			a.explained[h] = true
			a.misspelt[found.KeyID] = true
			a.add(ruleMisspeltSetting, a.at(found, kind, n+1, 1), s.name, kind.String(), meant)
			if prompt().MatchString(name) {
				return
			}
		}
	}
}

func isKeyName(name string) bool {
	switch name {
	case "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token":
		return true
	}
	return false
}

// secretForm is the form of every secret access key.
var secretForm = pattern.Of(`^[A-Za-z0-9/+]{40}$`)

// judgeSecret judges the secret that stands with k at p.
func (a *auditor) judgeSecret(k *key, p location) {
	h := p.entry
	value := h.secret.value
	var names []string
	if p.profile.name != "" {
		names = []string{p.profile.name}
	}
	f := a.at(Finding{Profiles: names, KeyID: k.shown()}, p.file, h.secret.line, h.secret.col)
	switch {
	case !h.secret.isSet(), secretForm().MatchString(value) && k.valid, strings.HasSuffix(value, "]") && a.endsInHeader(p.file, h.secret.line):
	case show.IsKeyID(value) && secretForm().MatchString(k.ID):
		f.KeyID = value
		f.What = fmt.Sprintf("%s has its key ID and secret swapped", show.Names(names))
		a.swapped = append(a.swapped, k)
		a.add(ruleSwappedPair, f, p.profile.name, p.file.String())
	case (k.valid && p.profile.ways&hasEndpoint == 0) || hidden(value):
		if secretForm().MatchString(value) {
			return
		}
		f.What = fmt.Sprintf("the secret of %s %s; a secret access key has 40 letters, digits, + and /", show.Names(names), oddity(value))
		a.add(ruleImpossibleSecret, f, p.profile.name, p.file.String())
	}
}

// endsInHeader reports whether a header is glued to a line, which is what is wrong
// there.
func (a *auditor) endsInHeader(kind credfile.FileKind, line int) bool {
	return slices.ContainsFunc(a.set.Files()[kind].Diagnostics(), func(d credfile.Diagnostic) bool { return d.Quirk == "header-glued" && d.Pos.Line == line })
}

// shown is the key ID of k where it may be shown.
func (k *key) shown() string {
	if k.valid {
		return k.ID
	}
	return ""
}

// hidden reports whether a value has characters that do not show.
func hidden(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
}

// oddity says what is wrong with a secret, without showing more of it than a
// character that cannot be a part of one.
func oddity(value string) string {
	says := "has " + show.Count(utf8.RuneCountInString(value), "character")
	odd := func(r rune) bool { return !strings.ContainsRune("+/", r) && !(r < unicode.MaxASCII && isAlnum(r)) }
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	switch {
	case hidden(value):
		return says + ", some of them invisible"
	case odd(last):
		return says + fmt.Sprintf(" and ends in %c", last)
	case odd(first):
		return says + fmt.Sprintf(" and begins with %c", first)
	case strings.ContainsFunc(value, unicode.IsSpace):
		return says + " and a space in it"
	case strings.ContainsFunc(value, odd):
		return says + ", one of them not allowed in a secret"
	}
	return says
}

func isAlnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

var (
	regionForm = pattern.Of(`^[a-z]{2,4}(-[a-z]{2,5})?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}$`)
	noDashes   = pattern.Of(`^([a-z]{2,4}(?:-[a-z]{2,5})?)-?(north|south|east|west|central|northeast|northwest|southeast|southwest)-?([0-9]{1,2}[a-z]?)$`)
	zoneForm   = pattern.Of(`^(.*-[0-9]{1,2})[a-z]$`)
)

// judgeRegion judges the region of a profile whose calls go to AWS.
func (a *auditor) judgeRegion(s *profile, kind credfile.FileKind, h *fileEntry) {
	value := h.region.value
	if value == "" || regionForm().MatchString(value) || strings.HasSuffix(value, "-global") || s.ways&hasEndpoint != 0 || s.elsewhere() {
		return
	}
	f := Finding{Profiles: []string{s.name}}
	name := "its value"
	if plainName().MatchString(value) && !show.SecretLike(value) {
		name = value
	}
	f.What = fmt.Sprintf("profile %s: %s is not a region", show.Name(s.name), name)
	near := strings.Trim(strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(value)), "-.,;\"'")
	near = noDashes().ReplaceAllString(near, "$1-$2-$3")
	zone := zoneForm().FindStringSubmatch(near)
	if zone != nil {
		near = zone[1]
	}
	if regionForm().MatchString(near) {
		if zone != nil && name == value {
			f.What = fmt.Sprintf("profile %s: %s is a zone, not a region", show.Name(s.name), name)
		}
		f.What += fmt.Sprintf("; did you mean %s?", near)
		f.Repair = do("aws configure set region "+near+" --profile {profile}").filled(&f, a.goos)
	}
	a.noRegion[s] = true
	a.add(ruleRegionName, a.at(f, kind, h.region.line, h.region.col), s.name, kind.String())
}

// elsewhere reports whether a profile has a key that is none of AWS's.
func (s *profile) elsewhere() bool {
	for _, h := range s.in {
		if h != nil && h.id.isSet() && !show.IsKeyID(h.id.value) {
			return true
		}
	}
	return false
}

// judgeRole judges whether there is a key at the end of a profile's sources.
func (a *auditor) judgeRole(s *profile) {
	_, why := a.set.RoleSource(s.name)
	if why == "" {
		return
	}
	f := a.atHeader(Finding{Profiles: []string{s.name}}, s)
	for kind, h := range s.in {
		if h != nil && h.source.line > 0 {
			f = a.at(f, credfile.FileKind(kind), h.source.line, h.source.col)
		}
	}
	f.What = fmt.Sprintf("profile %s assumes a role, but %s", show.Name(s.name), why)
	a.add(ruleRoleWithoutKey, f, s.name)
}
