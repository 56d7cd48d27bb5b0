package credfile

import (
	"fmt"

	"keycare/credfile/show"
)

// RoleSource follows source_profile from a profile that takes a role to the
// profile with whose key that begins. why says why there is none: it completes
// "profile x takes a role, but ...".
func (s *Set) RoleSource(profile string) (source, why string) {
	seen := map[string]bool{profile: true}
	for at := profile; ; {
		source = s.Setting(at, "source_profile")
		switch {
		case source == "" || s.Setting(at, "role_arn") == "":
			return at, ""
		case !s.has(source):
			return "", fmt.Sprintf("there is no profile %s, which profile %s names as source_profile", show.Name(source), show.Name(at))
		case s.hasKey(source):
			return source, ""
		case seen[source]:
			return "", fmt.Sprintf("its source profiles name each other, back to profile %s: there is no key at the end", show.Name(source))
		}
		seen[source] = true
		at = source
	}
}

// has reports whether a tool reads a profile of that name.
func (s *Set) has(profile string) bool {
	for k := range s.Files() {
		if s.cliProf[k][profile] != nil || s.sdkProf[k][profile] != nil {
			return true
		}
	}
	return false
}

func (s *Set) hasKey(profile string) bool {
	return s.CLI(profile).None == "" || s.SDK(profile).None == ""
}
