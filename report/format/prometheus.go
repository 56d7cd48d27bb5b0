package format

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"keycare/report"
)

// metric is one family of a textfile for Prometheus. Its help never changes: two
// files of one directory that differ in it are both refused by node_exporter.
type metric struct {
	name, help string
	samples    func(r *report.Report, add func(value float64, labels ...string))
}

// one is a metric with one sample, which may be missing.
func one(value func(r *report.Report) (v float64, ok bool)) func(*report.Report, func(float64, ...string)) {
	return func(r *report.Report, add func(float64, ...string)) {
		if v, ok := value(r); ok {
			add(v)
		}
	}
}

func count(n func(r *report.Report) int) func(*report.Report, func(float64, ...string)) {
	return one(func(r *report.Report) (float64, bool) { return float64(n(r)), true })
}

var metrics = []metric{
	{"keycare_build_info", "The version of keycare that made the report.", func(r *report.Report, add func(float64, ...string)) { add(1, "version", r.Tool.Version) }},
	{"keycare_audit_time_seconds", "When the audit was made, in seconds since 1970.", count(func(r *report.Report) int { return int(r.Time.Unix()) })},
	{"keycare_audit_complete", "1 if the audit learned all that it asked for, else 0.", count(func(r *report.Report) int { return oneIf(r.Complete) })},
	{"keycare_profiles", "Profiles in the shared AWS files.", count(func(r *report.Report) int { return r.Profiles })},
	{"keycare_keys", "Access keys in the shared AWS files.", count(func(r *report.Report) int { return r.Keys })},
	{"keycare_keys_unknown", "Keys whose owner or age is not known.", count(func(r *report.Report) int { return r.Unknown })},
	{"keycare_oldest_key_age_seconds", "Age of the oldest key of those whose age is known.", one(func(r *report.Report) (float64, bool) {
		age := oldest(r)
		return float64(int(age.Seconds())), age > 0
	})},
	{"keycare_findings", "Findings by severity.", func(r *report.Report, add func(float64, ...string)) {
		for _, s := range report.Severities {
			add(float64(r.Counts.Of(s)), "severity", s.String())
		}
	}},
	{"keycare_findings_accepted", "Findings that exceptions cover.", count(func(r *report.Report) int { return r.Excepted })},
	{"keycare_rule_findings", "Findings by rule.", ruleSamples},
	{"keycare_keys_calls_known", "Keys whose calls CloudTrail told, in a deep audit.", deepCount(callsKnown)},
	{"keycare_keys_used_elsewhere", "Keys that signed calls from more than one network, as far as that is known.", deepCount(usedElsewhere)},
	{"keycare_key_calls_refused", "Calls with these keys that AWS refused, as far as that is known.", deepCount(refused)},
	{"keycare_rotation_in_flight", "Rotations that are not closed.", count(func(r *report.Report) int { return len(r.Rotations) })},
	{"keycare_timer_last_run_time_seconds", "When the timer ran last, in seconds since 1970.", one(func(r *report.Report) (float64, bool) {
		if r.Timer == nil {
			return 0, false
		}
		return float64(r.Timer.LastRun.Unix()), true
	})},
}

// deepCount counts what only a deep audit knows; another one says nothing of it.
func deepCount(n func(r *report.Report) int) func(*report.Report, func(float64, ...string)) {
	return one(func(r *report.Report) (float64, bool) { return float64(n(r)), r.Deep })
}

func ruleSamples(r *report.Report, add func(float64, ...string)) {
	type of struct {
		rule     string
		severity report.Severity
	}
	n := map[of]int{}
	var order []of
	for _, f := range r.Findings {
		k := of{f.Rule, f.Severity}
		if n[k]++; n[k] == 1 {
			order = append(order, k)
		}
	}
	for _, k := range order {
		add(float64(n[k]), "rule", k.rule, "severity", k.severity.String())
	}
}

// writePrometheus writes a textfile for node_exporter and windows_exporter, without
// times, which they refuse. Each series says whose it is: with equal ones of two
// users the exporter shows one of them. Hosts are named where there are several, and
// what tells them apart where two have one name.
func writePrometheus(w io.Writer, rs []*report.Report, _ Options) error {
	var b strings.Builder
	several := slices.ContainsFunc(rs, func(r *report.Report) bool { return r.Host != rs[0].Host })
	names, namesakes := map[[2]string]bool{}, false
	for _, r := range rs {
		name := [2]string{r.Host.Name, r.User.Name}
		namesakes, names[name] = namesakes || names[name], true
	}
	seen := map[string]bool{}
	for _, m := range metrics {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		for _, r := range rs {
			m.samples(r, func(value float64, labels ...string) {
				labels = append(labels, "user", r.User.Name)
				if several {
					labels = append(labels, "host", r.Host.Name)
				}
				if namesakes {
					labels = append(labels, "host_id", r.Host.ID, "uid", r.User.UID)
				}
				series := m.name + "{" + labelText(labels) + "}"
				if !seen[series] { // one series twice makes the whole file unreadable
					fmt.Fprintf(&b, "%s %s\n", series, strconv.FormatFloat(value, 'f', -1, 64))
				}
				seen[series] = true
			})
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func labelText(pairs []string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+`="`+labelEscapes.Replace(cut(pairs[i+1], mostPath))+`"`)
	}
	return strings.Join(parts, ",")
}
