package credfile

import (
	"fmt"
	"slices"

	"keycare/credfile/show"
)

// RoleSource follows source_profile from a profile that takes a role to the
// profile with whose key that begins. why says why there is none: it completes
// "profile x takes a role, but ...".
func (s *Set) RoleSource(profile string) (source, why string) {
	_, source, why = s.roleChain(profile)
	return source, why
}

// RoleMFA reports whether a profile on the way from profile to its RoleSource names
// the MFA device that its role wants.
func (s *Set) RoleMFA(profile string) bool {
	hops, _, _ := s.roleChain(profile)
	return slices.ContainsFunc(hops, func(name string) bool { return s.Setting(name, "mfa_serial") != "" })
}

// roleChain is RoleSource, and the profiles on the way that take a role.
func (s *Set) roleChain(profile string) (hops []string, source, why string) {
	seen := map[string]bool{profile: true}
	for at := profile; ; {
		source = s.Setting(at, "source_profile")
		switch {
		case source == "" || s.Setting(at, "role_arn") == "":
			return hops, at, ""
		case !s.has(source):
			return nil, "", fmt.Sprintf("there is no profile %s, which profile %s names as source_profile", show.Name(source), show.Name(at))
		case s.hasKey(source):
			return append(hops, at), source, ""
		case seen[source]:
			return nil, "", fmt.Sprintf("its source profiles name each other, back to profile %s: there is no key at the end", show.Name(source))
		}
		seen[source], hops = true, append(hops, at)
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
