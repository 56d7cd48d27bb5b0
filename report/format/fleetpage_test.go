package format

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
			if at%9 == 4 {
				r.Deep = true
				key.Calls = &report.KeyCalls{Since: r.Time.Add(-90 * day), Until: r.Time, Calls: 100 + at, Refused: at % 5, Last: r.Time, Networks: at/9%3 + 1, Addresses: at/9%3 + 1,
					From: []report.KeySeen{{Name: "203.0.113.7", Calls: 100 + at}}, Programs: []report.KeySeen{{Name: "Terraform", Calls: 100 + at}}, Regions: []report.KeySeen{}, Services: []report.KeySeen{}, Unread: []string{}}
				if key.Calls.Networks > 1 {
					rule(r, "key-used-elsewhere", report.Subject{Type: report.AboutKey, ID: id}, account, id)
				}
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
	asked, used := map[string]bool{}, map[string]bool{}
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
		for _, k := range r.Inventory {
			if k.Calls != nil {
				asked[k.ID] = true
				if k.Calls.Networks > 1 {
					used[k.ID] = true
				}
			}
		}
	}
	for rule, want := range map[string][2]int{
		"year-old-key": {len(keys), machines}, "file-mode": {files, files}, "admin-attached": {len(admins), files}, "root-no-mfa": {3, 216}, "root-key": {20, 20},
	} {
		row := fmt.Sprintf(`<span class="dim">%s</span></td><td class="n">%d</td><td class="n">%d</td>`, rule, want[0], want[1])
		if !strings.Contains(out, row) {
			t.Errorf("%s: not %v: %s", rule, want, regexp.MustCompile(rule+`</span>.*`).FindString(out))
		}
	}
	for _, want := range []string{"AWS keys on 500 machines", ">20</b>with a root key", ">3</b>without root MFA", "mac-000, mac-001, mac-051", "15 of 500 reports", "mac-096 since 29 Oct 2026", fmt.Sprintf(">%d</b>used elsewhere<small>of %d keys asked about", len(used), len(asked)), fmt.Sprintf("30 of %d keys", len(used)), fmt.Sprintf("Known of %d of ", len(asked))} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if out := writtenAll(t, "html", nil, Options{}); !strings.Contains(out, "Nothing was found") {
		t.Error("no reports are no page")
	}
}

// The keys that others use too stand there once, however many machines have them:
// with what the latest report knows, those that someone tried first.
func TestFleetUsedKeys(t *testing.T) {
	first, second := story2(), secondHost()
	second.Time = second.Time.Add(time.Hour)
	second.Inventory[0].Calls = &report.KeyCalls{Since: now.Add(-day), Until: now, Calls: 7, Networks: 3, Addresses: 3, From: []report.KeySeen{{Name: "192.0.2.1", Calls: 7}}, Programs: []report.KeySeen{{Name: "Scout <b>", Calls: 7}}}
	second.Inventory[1].Calls = &report.KeyCalls{Since: now.Add(-day), Until: now, Calls: 1, Networks: 1}
	for i := range second.Findings {
		if f := &second.Findings[i]; f.Rule == "root-key" {
			f.Rule, f.Severity = "key-probed", report.High
		}
	}
	f := report.Together([]*report.Report{first, second}, now)
	var got []string
	for _, k := range f.Used {
		got = append(got, fmt.Sprint(k.ID, " ", k.Severity, " ", k.Calls.Calls, " ", k.Machines))
	}
	if want := []string{keyB + " high 1 [dana-mbp lee-thinkpad]", keyA + " medium 7 [dana-mbp lee-thinkpad]"}; !slices.Equal(got, want) || f.Asked != 2 {
		t.Errorf("got %q, %d asked about", got, f.Asked)
	}
	out := writtenAll(t, "html", []*report.Report{first, second}, Options{})
	for _, want := range []string{`class="n medium">3</td><td>7</td><td class="wide">192.0.2.1 (7)</td><td class="wide">Scout &lt;b&gt; (7)</td><td class="wide">dana-mbp, lee-thinkpad`, "Known of 2 of 3 keys"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, r := range []*report.Report{first, second} {
		for i := range r.Inventory {
			r.Inventory[i].Calls = nil
		}
	}
	if out := writtenAll(t, "html", []*report.Report{first, second}, Options{}); !strings.Contains(out, "No report says who uses the keys") || strings.Contains(out, "used elsewhere<") {
		t.Error("what was not asked is not told")
	}
}

// Whatever the reports say, the page stays short.
func TestFleetPageIsBounded(t *testing.T) {
	long := strings.Repeat("<&ä", 5000)
	rs := fleet(300)
	for i, r := range rs {
		r.Host.Name, r.User.Name = long+fmt.Sprint(i), long
		for j := range r.Inventory {
			k := &r.Inventory[j]
			k.ID, k.Account, k.UserARN = fmt.Sprintf("AKIA%013dABC", (i+j)%100), fmt.Sprintf("%012d", i), long
			k.Calls = &report.KeyCalls{Networks: 5, Programs: slices.Repeat([]report.KeySeen{{Name: long}}, 20), From: slices.Repeat([]report.KeySeen{{Name: long}}, 20)}
		}
		for j := range r.Findings {
			r.Findings[j].Rule, r.Findings[j].Title, r.Findings[j].Severity = fmt.Sprintf("rule-%d-%d", i, j), long, report.High
		}
		r.Counts, r.Time = report.Counts{High: 1}, now.Add(-time.Duration(i)*day)
	}
	out := writtenAll(t, "html", rs, Options{Now: now.Add(-100 * day), LeftOut: slices.Repeat([]string{long}, 1000)})
	if len(out) > 400_000 {
		t.Errorf("%d bytes", len(out))
	}
	for _, want := range []string{"its clock is wrong", "960 more", "of 300 accounts", "30 of 100 keys"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not say %q", want)
		}
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
