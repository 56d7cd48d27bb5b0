package credfile

import (
	"slices"
	"strconv"
	"strings"

	"keycare/credfile/show"
)

// Rejection says for which setting the Go SDK rejects a profile whose key it
// would read otherwise.
type Rejection struct {
	Setting string
	Why     string // completes "the Go SDK rejects the profile: ..."
	Kind    FileKind
	Line    int // of the setting, counted from 1
}

// SDKRejects returns why the Go SDK rejects profile for another setting than its
// key; nil where it does not, or where there is no such profile. The AWS CLI has
// rules of its own, and goes by most of these settings only when it needs them.
// Source: aws-sdk-go-v2/config v1.33.15, setFromIniSections.
func (s *Set) SDKRejects(profile string) *Rejection {
	return s.sdkRejects(profile, nil)
}

func (s *Set) sdkRejects(profile string, before []string) *Rejection {
	p := sdkProfile{s, profile}
	for _, c := range sdkChecks {
		if st, kind := p.find(c.name); st != nil && !c.ok(p.value(c.name)) {
			return &Rejection{c.name, c.name + " is not " + c.wants, kind, st.line}
		}
	}
	again := slices.Contains(before, profile)
	if !again && p.value("role_arn") == "" {
		for _, name := range []string{"source_profile", "credential_source", "web_identity_token_file"} {
			if p.value(name) != "" {
				return p.reject(name, name+" without role_arn")
			}
		}
	}
	if len(before) > 0 && p.hasKey() {
		return nil
	}
	ways := []string{"source_profile", "credential_source", "credential_process", "web_identity_token_file"}
	if again {
		ways = ways[1:] // a profile that is its own source counts for its key alone
	}
	ways = slices.DeleteFunc(ways, func(name string) bool { return p.value(name) == "" })
	if len(ways) > 1 {
		return p.reject(ways[1], ways[0]+" and "+ways[1]+" are both set")
	}
	if source := p.value("source_profile"); source != "" && !again {
		if r := s.rejectsSource(p, source, append(before, profile)); r != nil {
			return r
		}
	}
	if name := p.value("sso_session"); name != "" && !s.sdkSection("sso-session "+strings.TrimSpace(name)) {
		return p.reject("sso_session", "there is no section sso-session "+show.Name(name))
	}
	return nil
}

// rejectsSource says what is wrong with the profile that p takes its role with.
func (s *Set) rejectsSource(p sdkProfile, source string, before []string) *Rejection {
	of := sdkProfile{s, source}
	if !of.exists() {
		return p.reject("source_profile", "source_profile names profile "+show.Name(source)+", which does not exist")
	}
	if r := s.sdkRejects(source, before); r != nil {
		return r
	}
	ways := []string{"source_profile", "credential_source", "credential_process", "web_identity_token_file",
		"sso_session", "sso_region", "sso_account_id", "sso_start_url", "sso_role_name"}
	if slices.Contains(before, source) {
		ways = ways[1:]
	}
	if of.hasKey() || slices.ContainsFunc(ways, func(name string) bool { return of.value(name) != "" }) {
		return nil
	}
	return p.reject("source_profile", "source_profile names profile "+show.Name(source)+", which has no key")
}

// sdkChecks are the settings whose values the Go SDK checks.
var sdkChecks = []struct {
	name, wants string
	ok          func(value string) bool
}{
	{"ec2_metadata_service_endpoint_mode", "IPv4 or IPv6", oneOfFold("", "ipv4", "ipv6")},
	{"defaults_mode", "a mode that it knows", oneOfFold("", "auto", "cross-region", "in-region", "legacy", "mobile", "standard")},
	{"max_attempts", "a number", isInt},
	{"retry_mode", "standard or adaptive", oneOf("standard", "adaptive")},
	{"disable_request_compression", "true or false", oneOf("true", "false")},
	{"disable_clock_skew_correction", "true or false", oneOf("true", "false")},
	{"request_min_compression_size_bytes", "a number up to 10485760", func(v string) bool {
		n, err := strconv.ParseInt(v, 0, 64)
		return err == nil && n >= 0 && n <= 10485760
	}},
	{"account_id_endpoint_mode", "preferred, required or disabled", oneOf("preferred", "required", "disabled")},
	{"request_checksum_calculation", "when_supported or when_required", oneOfFold("when_supported", "when_required")},
	{"response_checksum_validation", "when_supported or when_required", oneOfFold("when_supported", "when_required")},
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func oneOfFold(values ...string) func(string) bool {
	return func(v string) bool {
		return slices.ContainsFunc(values, func(w string) bool { return strings.EqualFold(v, w) })
	}
}

func isInt(v string) bool {
	_, err := strconv.ParseInt(v, 0, 64)
	return err == nil
}

// notMerged are settings of the credentials file that the SDK drops where the
// profile has a section in the config file too.
var notMerged = map[string]bool{
	"disable_request_compression": true, "disable_clock_skew_correction": true, "request_min_compression_size_bytes": true,
	"account_id_endpoint_mode": true, "request_checksum_calculation": true, "response_checksum_validation": true,
}

// sdkProfile is a profile as the Go SDK merges it of both files.
type sdkProfile struct {
	set  *Set
	name string
}

func (p sdkProfile) exists() bool {
	return p.set.sdkProf[CredentialsFile][p.name] != nil || p.set.sdkProf[ConfigFile][p.name] != nil
}

func (p sdkProfile) hasKey() bool {
	r := p.set.SDK(p.name)
	return r.None == ""
}

// find returns the setting that holds, nil where there is none.
func (p sdkProfile) find(name string) (*setting, FileKind) {
	creds, config := p.set.sdkProf[CredentialsFile][p.name], p.set.sdkProf[ConfigFile][p.name]
	if st := creds.find(name); st != nil && (config == nil || !notMerged[name]) {
		return st, CredentialsFile
	}
	return config.find(name), ConfigFile
}

// value is the value of a setting, empty where there is none.
func (p sdkProfile) value(name string) string {
	st, _ := p.find(name)
	if st == nil || st.nested {
		return ""
	}
	return st.value
}

func (p sdkProfile) reject(setting, why string) *Rejection {
	st, kind := p.find(setting)
	return &Rejection{setting, why, kind, st.line}
}

// sdkSection reports whether either file has a section of that name.
func (s *Set) sdkSection(name string) bool {
	return s.sdk[CredentialsFile].byName[name] != nil || s.sdk[ConfigFile].byName[name] != nil
}
