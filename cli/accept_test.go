package cli

import (
	"flag"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/report"
)

// A finding is named by the beginning of its ID, as far as only it has that.
func TestAcceptFinds(t *testing.T) {
	found := []report.Finding{{Fingerprint: "aabb11"}, {Fingerprint: "aabb22"}, {Fingerprint: "aabb22"}, {Fingerprint: "cc"}}
	a := &accepter{env: testEnv(), c: cli.NewContext(nil, flag.NewFlagSet("", flag.ContinueOnError), nil)}
	for id, want := range map[string]string{"aabb1": "aabb11", "AABB2": "aabb22", "c": "cc", "aabb": "2 findings", "d": "no finding", "old-key": "is a rule"} {
		f, err := a.find(found, id)
		if err == nil && f.Fingerprint != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", id, f, err)
		}
	}
}
