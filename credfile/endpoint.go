package credfile

import (
	"net"
	"net/url"
	"strings"

	"keycare/credfile/show"
)

// EndpointVariables are the variables by which AWS's tools are sent elsewhere,
// for all services and for the two that keycare calls.
var EndpointVariables = []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"}

// PlainHost returns the host of an address that is reached without encryption and
// is not this machine; empty for all other addresses. Whoever is on the way to it
// reads the replies, and that to a new key carries its secret.
func PlainHost(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !strings.EqualFold(u.Scheme, "http") || u.Hostname() == "" {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ""
	}
	if show.SecretLike(address) {
		return show.Redacted
	}
	return show.Plain(u.Host)
}

// PlainEndpoint is a line of the files by which a profile's calls go out without
// encryption.
type PlainEndpoint struct {
	Kind FileKind
	Line int
	Host string
}

// PlainEndpoint returns the first such line of a profile: in its sections, or for
// IAM or STS in the section of services that it names.
func (s *Set) PlainEndpoint(profile string) (PlainEndpoint, bool) {
	services := s.Setting(profile, "services")
	for kind, f := range s.Files() {
		for _, sec := range f.Sections {
			own, named := sec.Profile == profile && profile != "", services != "" && sec.Raw == "services "+services
			if !own && !named {
				continue
			}
			service := ""
			for n := sec.First; n < sec.Last; n++ {
				l := f.Lines[n]
				if l.Kind != Property {
					continue
				}
				name := strings.ToLower(l.Name.In(f.Text))
				if !l.Indented {
					service = name
				}
				if name != "endpoint_url" || named && service != "iam" && service != "sts" {
					continue
				}
				if host := PlainHost(l.Value.In(f.Text)); host != "" {
					return PlainEndpoint{FileKind(kind), n + 1, host}, true
				}
			}
		}
	}
	return PlainEndpoint{}, false
}
