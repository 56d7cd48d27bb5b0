package format

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
)

var update = flag.Bool("update", false, "write golden files and generated docs anew")

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// Keys of the tests. Their secrets begin with secretMark, which no output may
// hold.
const (
	secretMark = "SEKRET"
	keyA       = "AKIAZAVB57H55F3T4BKH"
	keyB       = "AKIAQAAAAAAAQAAAAAAA"
	keyOld     = "AKIAIOSFODNN7ABCDEFG"
	keySecond  = "AKIAZAVB57H55F3T4BAA" // of the user of keyA, on another machine
	secretA    = secretMark + "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	secretB    = secretMark + "/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// section is a profile's section of a credentials file.
func section(name, id, secret string) string {
	return "[" + name + "]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n\n"
}

// input is an offline audit of two texts in files with the right modes.
func input(credentials, config string) report.Input {
	paths := credfile.Paths{Credentials: "/home/u/.aws/credentials", Config: "/home/u/.aws/config"}
	return report.Input{
		Set: credfile.NewSet(paths, credentials, config), Offline: true, Now: now,
		AWSFiles: home.AWSFiles{GOOS: "linux",
			Files: []home.FileFact{
				{Path: paths.Credentials, Exists: true, Mode: 0o600, ModeKnown: true, HardLinks: 1},
				{Path: paths.Config, Kind: credfile.ConfigFile, Exists: true, Mode: 0o644, ModeKnown: true, HardLinks: 1},
			},
			Dirs: []home.FileFact{{Path: "/home/u/.aws", Exists: true, Mode: 0o700, ModeKnown: true}},
		},
	}
}

// aged is what AWS says about a key of so many days that is all right.
func aged(days int) facts.Online {
	return facts.Online{KeyID: keyA,
		Identity: facts.Answered(facts.Identity{
			ARN: "arn:aws:iam::619888638459:user/dev", UserID: "AIDAZAVB57H5V3Q4ACRGM", Account: "619888638459"}),
		Created:  facts.Answered(now.Add(-time.Duration(days)*day - time.Hour)),
		Status:   facts.Answered("Active"),
		LastUsed: facts.Answered(facts.Use{At: now.Add(-day), Service: "s3", Region: "eu-west-1"}),
		User: &facts.UserFacts{Name: "dev", MFA: facts.Answered([]string{"arn:aws:iam::619888638459:mfa/dev"}),
			Password: facts.Answered(facts.Password{Used: facts.Answered(time.Time{})}), Attached: facts.Answered([]string(nil)),
			Inline: facts.Answered([]facts.InlinePolicy(nil)), Groups: facts.Answered([]facts.Group(nil)),
			Certificates: facts.Answered([]string(nil)), Services: facts.Answered([]facts.ServiceCredential(nil))},
		Others: facts.Answered([]facts.OtherKey(nil)),
		Account: &facts.AccountFacts{ID: "619888638459",
			Root: facts.Answered(facts.RootFacts{MFA: 1}), RootVirtual: facts.Answered(false), RootUse: facts.Answered(facts.Use{}),
			Password: facts.Answered(facts.PasswordPolicy{
				MinLength: 14, Reuse: 24, MaxAge: 90, Symbols: true, Numbers: true, Uppercase: true, Lowercase: true})},
	}
}

// story is an audit with findings of every severity.
func story() report.Input {
	text := section("default", keyA, secretA) +
		section("prod", keyB, `"`+secretB+`"`) +
		section("old team", keyOld, secretMark+"/cccccccccccccccccccccccccccccccccc")
	for i := range 8 {
		text += "[half-" + fmt.Sprint(i) + "]\naws_secret_access_key = " + secretA + "\n"
	}
	in := input(text, "[profile prod]\nsso_session = corp\n")
	in.AWSFiles.Files[0].Mode = 0o644
	in.Offline, in.Online = false, map[string]facts.Online{keyA: aged(400)}
	in.Online[keyB] = func() facts.Online {
		o := aged(10)
		o.Identity.Value = facts.Identity{ARN: "arn:aws:iam::000000000001:root", UserID: "000000000001", Account: "000000000001"}
		return o
	}()
	in.KeyFiles = []home.KeyFile{{KeyFile: copies.KeyFile{Named: copies.Named{Path: "/home/u/.aws/credentials.bak", Place: copies.AWSCopy}, Copies: []copies.Copy{{KeyID: keyA}}}}}
	return in
}

// written is a report in a format.
func written(t testing.TB, name string, r *report.Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, name, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tableText(t testing.TB, r *report.Report, o Options) string {
	t.Helper()
	return written(t, "table", r, o)
}

// checkNoSecret fails if a secret of the tests is in a rendering, in any case.
func checkNoSecret(t testing.TB, r *report.Report) {
	t.Helper()
	for _, name := range Names() {
		for _, o := range []Options{{}, {Width: 500, Color: true}} {
			out := written(t, name, r, o)
			if i := strings.Index(strings.ToUpper(out), secretMark); i >= 0 {
				t.Fatalf("a secret is in the %s: %s", name, out[max(0, i-200):min(len(out), i+60)])
			}
		}
	}
}

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.FromSlash(name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) != got {
		t.Errorf("%s is not what is written now; look at the change, then run: go test ./report/format -update\n%s", name, got)
	}
}

// story2 is the report of a story with all that a report can have: a later audit
// than that of a story that had less, with exceptions, other keys and rotations.
func story2() *report.Report {
	in := story()
	in.Origin = report.Origin{
		Host: report.Host{Name: "dana-mbp", ID: "5f1d7f0a5b0c4d7e8f9a0b1c2d3e4f50", OS: "darwin", Arch: "arm64"},
		User: report.User{Name: "dana", UID: "501"}, Tool: report.Tool{Name: "keycare", Version: "1.2.0"}, Run: "0123456789ab",
	}
	in.Timer = &report.TimerRun{LastRun: now.Add(-day), Outcome: "all well"}
	in.Rotations = []facts.Rotation{{ID: "aaaaaaaaaaaa", Profile: "default", Old: keyOld, New: keyA, Stage: "grace", Since: now.Add(-day), Until: now.Add(day)}}
	in.Replaced = []facts.Replacement{{Old: keyOld, New: keyA, Profile: "default", At: now.Add(-400 * day)}}
	in.Policy.Exceptions = []report.Exception{{Name: "half", Rule: "secret-without-id", Profile: "half-1", Reason: "ours | <b>soon</b>", Until: now.Add(40 * day), Where: "keycare.ini:3"}}
	o := in.Online[keyA]
	o.Others = facts.Answered([]facts.OtherKey{
		{ID: keyOld, Created: now.Add(-500 * day), LastUsed: facts.Answered(facts.Use{})},
		{ID: keySecond, Created: now.Add(-450 * day), LastUsed: facts.Answered(facts.Use{At: now.Add(-420 * day), Service: "s3"})}})
	o.Activity = facts.Answered(facts.Activity{Since: now.Add(-90 * day), Until: now, Cut: true, Events: 430, Failed: 12, First: now.Add(-80 * day), Last: now.Add(-2 * time.Hour),
		Addresses: []facts.Seen{{Name: "203.0.113.7", Count: 400, Last: now.Add(-2 * time.Hour)}, {Name: "198.51.100.9", Count: 28, Failed: 12, Last: now.Add(-3 * day)}, {Name: "cloudformation.amazonaws.com", Count: 2, Last: now.Add(-9 * day)}},
		Agents:    []facts.Seen{{Name: "AWS CLI", Count: 402}, {Name: "Terraform", Count: 28}}, Regions: []facts.Seen{{Name: "eu-west-1", Count: 430}},
		Services: []facts.Seen{{Name: "s3", Count: 300}, {Name: "ec2", Count: 130}}, Calls: []facts.Seen{{Name: "s3:ListBuckets", Count: 300}},
		Unread: []facts.Unread{{Region: "us-east-2", Why: "needs cloudtrail:LookupEvents"}}})
	o.User.Powers = facts.Answered(facts.Powers{Allowed: []string{"iam:PassRole", "ec2:RunInstances", "s3:GetObject"},
		Escalations: []facts.Escalation{{Name: "PassRole+RunInstances", Actions: []string{"iam:PassRole", "ec2:RunInstances"}}}})
	o.User.Access = facts.Answered(facts.Access{Granted: 37, Used: []facts.ServiceUse{{Service: "s3", At: now.Add(-day)}, {Service: "ec2", At: now.Add(-day)}}, Unused: slices.Repeat([]string{"sqs"}, 35)})
	in.Online[keyA] = o
	o = in.Online[keyB]
	o.LastUsed.Fail("needs iam:GetAccessKeyLastUsed")
	in.Online[keyB] = o
	old := in
	old.Now, old.KeyFiles = now.Add(-day), nil
	old.Set = credfile.NewSet(in.Set.Paths, section("default", keyA, secretA)+section("gone", keyOld, secretA), "")
	before := report.Audit(old)
	before.Findings[0].Severity = report.Low
	r := report.Audit(in)
	r.Follow(before, report.Seen{})
	for i := range report.MostPoints {
		r.Trend = append(r.Trend, report.Point{Time: now.Add(time.Duration(i-report.MostPoints) * day), Keys: 3, Counts: report.Counts{Critical: 1, High: i % 3, Medium: 4, Low: 7, Info: 1}})
	}
	return r
}
