package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// crowd is a machine with the keys of n administrators, each old and without MFA.
func crowd(t testing.TB, n int) *machine {
	m := bareMachine(t)
	var text strings.Builder
	for i := range n {
		name := fmt.Sprint("u", i)
		m.iam.AddUser(awstest.User{Name: name})
		m.iam.SetPolicies(name, []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, nil)
		k := m.iam.AddKey(name, time.Now().AddDate(0, 0, -400))
		fmt.Fprintf(&text, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, k.ID, k.Secret)
	}
	writeFile(t, m.aws("credentials"), text.String(), 0o600)
	return m
}

// found is what an audit found, by rule and subject, and whether it is complete.
func (m *machine) found(wantCode int, args ...string) (findings map[string]bool, complete bool) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(append([]string{"audit", "--format", "json"}, args...)...)
	cmd.Stdout = &out
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != wantCode {
		m.t.Errorf("exit code %d, want %d", code, wantCode)
	}
	var r struct {
		Complete bool
		Findings []struct{ Rule, Fingerprint, Severity string }
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		m.t.Fatal(err)
	}
	findings = map[string]bool{}
	for _, f := range r.Findings {
		findings[f.Severity+" "+f.Rule+" "+f.Fingerprint] = true
	}
	return findings, r.Complete
}

// The verdict of an audit is that of the keys, not that of the network: a slow AWS,
// and one that throttles, leave no finding at or above high out.
func TestAuditVerdictOnSlowNetwork(t *testing.T) {
	testrun.Long(t) // it waits as long as such networks take
	for _, c := range []struct {
		keys      int
		latency   time.Duration
		throttled int // one call in so many; 0 none
		args      []string
		same      bool // all findings, not only those from high on
	}{
		{18, 400 * time.Millisecond, 0, nil, true},
		{60, 400 * time.Millisecond, 0, nil, false},
		{60, 400 * time.Millisecond, 0, []string{"--timeout", "2m"}, true},
		{18, 50 * time.Millisecond, 3, nil, true},
		{18, 400 * time.Millisecond, 5, nil, true},
	} {
		t.Run(fmt.Sprintf("%d keys, %v, throttled 1 in %d, %v", c.keys, c.latency, c.throttled, c.args), func(t *testing.T) {
			t.Parallel()
			m := crowd(t, c.keys)
			quick, _ := m.found(exitFindings, c.args...)
			var calls atomic.Int32
			m.iam.SetFault(func(awstest.Call) awstest.Fault {
				time.Sleep(c.latency)
				if n := int(calls.Add(1)); c.throttled > 0 && n%c.throttled == 0 {
					return awstest.Fault{Kind: awstest.FaultThrottle}
				}
				return awstest.Fault{}
			})
			began := time.Now()
			slow, complete := m.found(exitFindings, c.args...)
			t.Logf("%d findings in %v, %d calls, complete: %v", len(slow), time.Since(began).Round(100*time.Millisecond), calls.Load(), complete)
			high := 0
			for f := range quick {
				worst := strings.HasPrefix(f, "critical") || strings.HasPrefix(f, "high")
				if worst {
					high++
				}
				if !slow[f] && (c.same || worst) {
					t.Errorf("it did not find %s", f)
				}
			}
			if high < 3*c.keys || c.same && !complete {
				t.Errorf("%d from high on, complete: %v", high, complete)
			}
		})
	}
}
