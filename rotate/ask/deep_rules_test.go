package ask

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/report"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// deepAudit is the ward's audit, deep.
func (w *ward) deepAudit(now time.Time) *report.Report {
	return w.auditBy(now, func(q *Asker) { q.Deep = true })
}

// Each rule of deep audits fires, and stays silent one step before, from a real file
// and the AWS in memory.
func TestRulesDeep(t *testing.T) {
	fakePause(t)
	now := time.Now().Truncate(time.Second)
	event := func(w *ward, k awstest.Key, address, agent string) {
		w.iam.AddEvents(awstest.TrailEvent{KeyID: k.ID, User: "ann", Region: "eu-west-1", Source: "s3.amazonaws.com", Name: "ListBuckets", Address: address, Agent: agent})
	}
	used := func(granted, lately int) func(*ward, awstest.Key) {
		return func(w *ward, _ awstest.Key) {
			all := map[string]time.Time{}
			for i := range granted {
				all[string(rune('a'+i))] = now.AddDate(0, 0, map[bool]int{true: -1, false: -100}[i < lately])
			}
			w.iam.SetServiceUse("ann", all)
		}
	}
	attached := func(text string) func(*ward, awstest.Key) {
		return func(w *ward, _ awstest.Key) {
			w.iam.SetPolicies("ann", []string{testOwn}, nil)
			w.iam.SetPolicyText(testOwn, text)
		}
	}
	for _, c := range []struct {
		rule          string
		fires, silent func(w *ward, k awstest.Key)
		what          string // in the finding
	}{
		{"key-used-elsewhere", func(w *ward, k awstest.Key) {
			event(w, k, "203.0.113.7", "Boto3/1")
			event(w, k, "198.51.100.9", "Boto3/1")
		},
			func(w *ward, k awstest.Key) {
				event(w, k, "203.0.113.7", "Boto3/1")
				event(w, k, "203.0.113.8", "Boto3/1")
			}, "from 2 networks"},
		{"key-used-by", func(w *ward, k awstest.Key) { event(w, k, "203.0.113.7", "Boto3/1") }, nil, "with Boto3 (1), for s3 (1)"},
		{"key-probed", func(w *ward, k awstest.Key) { event(w, k, "203.0.113.7", "TruffleHog") }, func(w *ward, k awstest.Key) { event(w, k, "203.0.113.7", "Boto3/1") }, "tried by TruffleHog"},
		{"key-can-escalate", func(w *ward, _ awstest.Key) {
			w.iam.SetPowers("ann", []string{"iam:PassRole", "ec2:RunInstances"}, nil)
		},
			func(w *ward, _ awstest.Key) {
				w.iam.SetPowers("ann", []string{"iam:PassRole"}, []string{"ec2:RunInstances"})
			}, "PassRole+EC2"},
		{"key-can-do", func(w *ward, _ awstest.Key) { w.iam.SetPowers("ann", nil, []string{"s3:GetObject"}) }, nil, "by a condition of a policy: read files in S3"},
		{"unused-services", used(13, 6), used(12, 6), "used 6 of the 13 services"},
		{"admin-attached", attached(testAllowAll), attached(testAllowMost), "policy own, attached directly"},
		{"admin-attached", attached(testAllowAll), func(w *ward, k awstest.Key) {
			attached(testAllowAll)(w, k)
			w.iam.SetBoundary("ann", testBoundary)
			w.iam.SetPolicyText(testBoundary, testAllowMost)
		}, "policy own"},
		{"admin-perhaps", attached(testAllowMost), nil, "through the policy own"},
		{"no-security-contact", func(w *ward, _ awstest.Key) { w.iam.SetSecurityContact("", false) }, nil, "no security contact"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, fires := range []bool{true, false} {
				w, k := kept(t, now)
				w.iam.SetSecurityContact("", true)
				change, texts := c.silent, []string(nil)
				if fires {
					change, texts = c.fires, []string{c.what}
				}
				if change != nil {
					change(w, k)
				}
				wantFinding(t, w.deepAudit(now), c.rule, texts...)
			}
		})
	}
}

// With the policy of keycare policy --deep a deep audit learns all; without one of its
// actions it names that, and the policy.
func TestDeepPolicyFitsTheAudit(t *testing.T) {
	fakePause(t)
	w, _ := deepWard(t)
	w.iam.SetLoginProfile("ann", time.Now(), time.Now())
	w.iam.SetInline("ann", map[string]string{"p": testAllowAll})
	w.iam.SetGroupInline("ops", map[string]string{"p": testAllowAll})
	w.iam.AddMFA("root", "root-account-mfa-device", "1")
	w.iam.MakeReport("")
	now := time.Now()
	for _, rule := range []string{"unknown-facts", "unknown-account"} {
		wantFinding(t, w.deepAudit(now), rule)
	}
	allowed := map[string]bool{}
	for _, s := range client.DeepPolicy().Statement {
		for _, a := range s.Action {
			_, name, _ := strings.Cut(a, ":")
			allowed[name] = true
		}
	}
	asked := map[string]bool{}
	for _, a := range w.iam.Actions() {
		asked[a] = true
		if !allowed[a] && a != "GetCallerIdentity" {
			t.Errorf("the policy lacks %s", a)
		}
	}
	for a := range allowed {
		if !asked[a] && !strings.HasSuffix(a, "AccessKey") {
			t.Errorf("the policy allows %s, which the audit does not ask", a)
		}
	}
	plain := len(client.Policy().Statement)
	for _, s := range append(client.DeepPolicy().Statement[plain:], client.Statement{Action: []string{"cloudtrail:LookupEvents"}}) {
		for _, a := range s.Action {
			w.iam.Deny("ann", a)
			r := w.deepAudit(now)
			w.iam.Allow("ann", a)
			i := slices.IndexFunc(r.Findings, func(f report.Finding) bool {
				return strings.HasPrefix(f.Rule, "unknown-") && strings.HasSuffix(f.What, ": AWS denies "+a)
			})
			if i < 0 {
				t.Errorf("without %s: %+v", a, r.Findings)
			} else if f := r.Findings[i]; f.Rule == "unknown-facts" && f.Repair.Command != "keycare policy --deep" {
				t.Errorf("without %s: %+v", a, f.Repair)
			}
		}
	}
}
