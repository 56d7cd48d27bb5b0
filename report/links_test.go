package report

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Each source has an address, but for those that are published nowhere.
func TestLinks(t *testing.T) {
	nowhere := []string{"keycare", "boto, s3cmd", "WithSecure"}
	used := map[string]bool{}
	for _, r := range Rules {
		for _, source := range r.Sources {
			link := Link(source)
			u, err := url.Parse(link)
			switch {
			case link == "":
				if !slices.ContainsFunc(nowhere, func(begin string) bool { return strings.HasPrefix(source, begin) }) {
					t.Errorf("%s: %q has no address", r.ID, source)
				}
			case err != nil || u.Scheme != "https" || strings.ContainsAny(link, " {}"):
				t.Errorf("%s: %q: %s", r.ID, source, link)
			}
			for _, l := range links {
				used[l.source] = used[l.source] || strings.HasPrefix(source, l.source)
			}
		}
	}
	for _, l := range links {
		if !used[l.source] {
			t.Errorf("no rule has the source %q", l.source)
		}
	}
	for source, want := range map[string]string{
		"AWS Security Hub IAM.22 (45 days) and IAM.8 (90 days)": "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-22",
		"Prowler iam_user_accesskey_unused; here a key that":    "https://hub.prowler.com/check/iam_user_accesskey_unused",
		"keycare settings": "",
	} {
		if got := Link(source); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}
