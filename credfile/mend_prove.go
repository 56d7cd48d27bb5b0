package credfile

import (
	"strings"
)

// sameReadings reports whether after is read as s is meant to be read.
func (s *Set) sameReadings(after *Set) bool {
	for k := range s.Files() {
		if s.Files()[k].Text == after.Files()[k].Text {
			continue
		}
		before, rejected := s.cli[k].byName, s.cli[k].refused != nil
		now := after.cli[k].byName
		if rejected {
			before = s.sdk[k].byName
			if s.sdk[k].refused != nil {
				return false // no tool reads it, so nobody knows what was meant
			}
			if after.cli[k].refused != nil {
				now = after.sdk[k].byName // one cause of several is mended
			}
		} else if after.cli[k].refused != nil || len(before) != len(now) {
			return false
		}
		for name, g := range before {
			if !s.sameGroup(k, name, g, now[name]) {
				return false
			}
		}
	}
	for _, p := range s.Profiles() {
		if s.agreeOn(p) && !after.agreeOn(p) {
			return false
		}
	}
	return true
}

// keptBy reports whether after keeps the keys that the Go SDK read where the AWS
// CLI rejected the files: mending one cause after another must not end up with
// the reading of neither.
func (s *Set) keptBy(after *Set) bool {
	if s.cli[CredentialsFile].refused == nil && s.cli[ConfigFile].refused == nil {
		return true
	}
	for _, p := range s.Profiles() {
		if r := s.SDK(p); r.None == "" && !r.same(after.SDK(p)) {
			return false
		}
	}
	return true
}

// sameGroup compares a section before and after. A value of the AWS CLI's that
// holds a comment or quotes, which no key and no plain setting has, may become
// what the Go SDK reads.
func (s *Set) sameGroup(k int, section string, before, after *group) bool {
	if before == nil || after == nil {
		return before == after
	}
	if len(before.settings) != len(after.settings) && !repeatsToken(before) {
		return false
	}
	for _, b := range before.settings {
		a := after.find(b.name)
		if a == nil && b.name == nameOldToken && repeatsToken(before) {
			continue
		}
		if a == nil || a.nested != b.nested {
			return false
		}
		if a.value == b.value {
			continue
		}
		meant, ok := s.sdk[k].byName[section].value(b.name)
		if !ok || meant == b.value || a.value != meant || !impossible(b) {
			return false
		}
	}
	return true
}

// repeatsToken reports whether a section has the same session token by both of
// its names.
func repeatsToken(g *group) bool {
	a, okA := g.value(nameOldToken)
	b, okB := g.value(nameToken)
	return okA && okB && a == b
}

// impossible reports whether a value cannot have been meant as the AWS CLI reads
// it: a comment in it, or a quoted part of a key.
func impossible(st setting) bool {
	if sdkUncomment(st.value) != st.value {
		return true
	}
	return isKeyName(st.name) && strings.ContainsAny(st.value, "\"'")
}

// agreeOn reports whether the AWS CLI and the Go SDK read the same under a
// profile, be it nothing. One that rejects a file agrees with nobody.
func (s *Set) agreeOn(profile string) bool {
	cli, sdk := s.CLI(profile), s.SDK(profile)
	if cli.Refused != nil || sdk.Refused != nil {
		return false
	}
	if cli.None != "" || sdk.None != "" {
		return cli.None != "" && sdk.None != ""
	}
	return cli.same(sdk)
}
