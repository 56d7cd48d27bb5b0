package format

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keycare/report"
)

// fleet is the reports of n machines with a few accounts, as generated data has
// them: every so many have one thing or the other.
func fleet(n int) (all []*report.Report) {
	rule := func(r *report.Report, id string, subject report.Subject, account, key string) {
		of := report.RuleByID(id)
		r.Findings = append(r.Findings, report.Finding{Rule: id, Title: of.Title, Severity: of.Severity, Subject: subject, Account: account, KeyID: key, Profiles: []string{"p"},
			What: "x", Why: of.Why, Sources: of.Sources, Repair: report.Repair{Command: "x"}, Fingerprint: fmt.Sprintf("%032x", len(r.Findings)), State: report.StateOpen, FirstSeen: r.Time})
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	for i := range n {
		r := &report.Report{Version: report.Version, Time: now.Add(-time.Duration(i%97) * time.Hour), Policy: report.Limits{MaxAge: 90, MaxUnused: 45}, Complete: true}
		r.Host = report.Host{Name: fmt.Sprintf("mac-%03d", i), ID: fmt.Sprintf("%032x", i), OS: "darwin", Arch: "arm64"}
		r.User, r.Tool, r.Run = report.User{Name: "dev"}, report.Tool{Name: "keycare", Version: "1"}, fmt.Sprint(i)
		r.Files = []string{"/Users/dev/.aws/credentials"}
		account := fmt.Sprintf("%012d", 100000000000+i%7)
		for k := range 2 {
			at := i*2 + k
			if i%50 == 1 && k == 1 {
				at = 1 // the same key as on the first machine
			}
			id := "AKIA" + strings.Repeat("A", 13) + string([]byte{digits[at/1024%32], digits[at/32%32], digits[at%32]})
			key := report.Key{ID: id, Account: account, Kind: report.KindUser, UserARN: "arn:aws:iam::" + account + ":user/u", Profiles: []string{"p"}, File: r.Files[0], Line: 1, Status: report.KeyActive, Others: []report.OtherKey{}, Unknown: []report.Unknown{}}
			if at%11 != 0 {
				key.Created = r.Time.Add(-time.Duration(at*37%700) * day)
				if age := at * 37 % 700; age > 90 && age <= 365 {
					rule(r, "old-key", report.Subject{Type: report.AboutKey, ID: id}, account, id)
				} else if age > 365 {
					rule(r, "year-old-key", report.Subject{Type: report.AboutKey, ID: id}, account, id)
				}
			}
			if i%25 == 0 && k == 0 {
				key.Kind = report.KindRoot
				rule(r, "root-key", report.Subject{Type: report.AboutKey, ID: id}, account, id)
			}
			r.Inventory = append(r.Inventory, key)
		}
		if i%7 < 3 {
			rule(r, "root-no-mfa", report.Subject{Type: report.AboutAccount, ID: account}, account, "")
		}
		if i%7 == 5 {
			rule(r, "password-policy", report.Subject{Type: report.AboutAccount, ID: account}, account, "")
		}
		if i%5 == 0 {
			rule(r, "file-mode", report.Subject{Type: report.AboutFile, ID: r.Files[0]}, "", "")
			rule(r, "admin-attached", report.Subject{Type: report.AboutUser, ID: "arn:aws:iam::" + account + ":user/u"}, account, "")
		}
		r.Keys, r.Profiles = 2, 1
		for j := range r.Findings {
			r.Counts = r.Counts.With(report.Group{&r.Findings[j]})
		}
		all = append(all, r)
	}
	return all
}

// The numbers of the page are those of a count that knows nothing of it.
func TestFleetPage(t *testing.T) {
	rs := fleet(500)
	out := writtenAll(t, "html", rs, Options{})
	if len(out) > 100_000 {
		t.Errorf("%d bytes", len(out))
	}
	machines, files, keys, admins := 0, 0, map[string]bool{}, map[string]bool{}
	for _, r := range rs {
		old := false
		for _, f := range r.Findings {
			switch f.Rule {
			case "year-old-key":
				old = true
				keys[f.KeyID] = true
			case "file-mode":
				files++
			case "admin-attached":
				admins[f.Subject.ID] = true
			}
		}
		machines += oneIf(old)
	}
	for rule, want := range map[string][2]int{
		"year-old-key": {len(keys), machines}, "file-mode": {files, files}, "admin-attached": {len(admins), files}, "root-no-mfa": {3, 216}, "root-key": {20, 20},
	} {
		row := fmt.Sprintf(`<span class="dim">%s</span></td><td class="n">%d</td><td class="n">%d</td>`, rule, want[0], want[1])
		if !strings.Contains(out, row) {
			t.Errorf("%s: not %v: %s", rule, want, regexp.MustCompile(rule+`</span>.*`).FindString(out))
		}
	}
	for _, want := range []string{"AWS keys on 500 machines", ">20</b>with a root key", ">3</b>without root MFA", "mac-000, mac-001, mac-051", "15 of 500 reports", "mac-096 since 29 Oct 2026"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if out := writtenAll(t, "html", nil, Options{}); !strings.Contains(out, "Nothing was found") {
		t.Error("no reports are no page")
	}
}

// TestFleetSamples writes the reports of 500 machines, for .ci/reports.
func TestFleetSamples(t *testing.T) {
	dir := os.Getenv("KEYCARE_FLEET_DIR")
	if dir == "" {
		t.Skip("KEYCARE_FLEET_DIR names no folder; .ci/reports does")
	}
	for i, r := range fleet(500) {
		b, err := json.Marshal(jsonOf(r))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.json", i)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
