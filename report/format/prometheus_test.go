package format

import (
	"regexp"
	"strings"
	"testing"

	"keycare/report"
)

func TestPrometheusGolden(t *testing.T) {
	golden(t, "testdata/story.prom", written(t, "prometheus", story2(), Options{}))
}

func TestPrometheusSeries(t *testing.T) {
	line := regexp.MustCompile(`^(# (HELP keycare_[a-z_]+ .+|TYPE keycare_[a-z_]+ gauge)|keycare_[a-z_]+\{([a-z_]+="([^"\\]|\\[\\n"])*",?)+\} -?[0-9]+)$`)
	for name, rs := range samples() {
		seen := map[string]bool{}
		for l := range strings.Lines(writtenAll(t, "prometheus", rs, Options{})) {
			l = strings.TrimSuffix(l, "\n")
			series, _, _ := strings.Cut(l, "} ")
			if !line.MatchString(l) || seen[series] || l[0] != '#' && !strings.Contains(l, `user="`) {
				t.Errorf("%s: %q", name, l)
			}
			seen[series] = true
		}
	}
}

func TestPrometheusNamesakes(t *testing.T) {
	a, b, c, d := story2(), story2(), story2(), story2()
	b.Host.ID, c.User.UID = "another", "502"
	seen := map[string]int{}
	for l := range strings.Lines(writtenAll(t, "prometheus", []*report.Report{a, b, c, d}, Options{})) {
		if series, _, ok := strings.Cut(l, "} "); ok {
			seen[series]++
		}
	}
	profiles := 0
	for series, n := range seen {
		if n != 1 {
			t.Errorf("%d times %s", n, series)
		}
		profiles += oneIf(strings.HasPrefix(series, "keycare_profiles{"))
	}
	if profiles != 3 {
		t.Errorf("%d series of three users", profiles)
	}
}
