package report

import (
	"encoding/base64"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// Keys of the tests. Their secrets begin with secretMark, which no output may
// hold.
const (
	secretMark = "SEKRET"
	keyA       = "AKIAZAVB57H55F3T4BKH"
	keyB       = "AKIAQAAAAAAAQAAAAAAA"
	keyOld     = "AKIAIOSFODNN7ABCDEFG"
	keySession = "ASIAY34FZKBOKMUTVV7A"
	keyCanary  = "AKIASP2TPHJSQH3FJRUX"
	keyExample = "AKIAIOSFODNN7EXAMPLE"
	secretA    = secretMark + "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	secretB    = secretMark + "/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	tokenA     = secretMark + "tokentokentokentokentoken=="
)

// bedrockA is an API key for Bedrock, which holds secretMark in base64.
var bedrockA = "ABSK" + base64.StdEncoding.EncodeToString([]byte("BedrockAPIKey-te5t-at-123456789012:"+secretMark+"/"+strings.Repeat("not+a+real+one/", 4)))

var testPaths = credfile.Paths{Credentials: "/home/u/.aws/credentials", Config: "/home/u/.aws/config"}

// section is a profile's section of a credentials file.
func section(name, id, secret string, more ...string) string {
	s := "[" + name + "]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	for _, line := range more {
		s += line + "\n"
	}
	return s + "\n"
}

// input is an offline audit of two texts in files with the right modes.
func input(credentials, config string, change ...func(*Input)) Input {
	in := Input{
		Set: credfile.NewSet(testPaths, credentials, config), Offline: true, Now: now,
		AWSFiles: home.AWSFiles{GOOS: "linux",
			Files: []home.FileFact{
				{Path: testPaths.Credentials, Exists: true, Mode: 0o600, ModeKnown: true, HardLinks: 1},
				{Path: testPaths.Config, Kind: credfile.ConfigFile, Exists: true, Mode: 0o644, ModeKnown: true, HardLinks: 1},
			},
			Dirs: []home.FileFact{{Path: "/home/u/.aws", Exists: true, Mode: 0o700, ModeKnown: true}},
		},
	}
	for _, c := range change {
		c(&in)
	}
	return in
}

// online makes the audit an online one in which AWS said this about keyA.
func online(o facts.Online) func(*Input) {
	return func(in *Input) {
		in.Offline, in.Online = false, map[string]facts.Online{keyA: o}
	}
}

// fresh is what AWS says about a key that is all right.
func fresh() facts.Online {
	return facts.Online{KeyID: keyA,
		Identity: facts.Answered(facts.Identity{
			ARN: "arn:aws:iam::619888638459:user/dev", UserID: "AIDAZAVB57H5V3Q4ACRGM", Account: "619888638459"}),
		Created:  facts.Answered(now.Add(-10 * day)),
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

func of(r *Report, rule string) []Finding {
	var fs []Finding
	for _, f := range r.Findings {
		if f.Rule == rule {
			fs = append(fs, f)
		}
	}
	return fs
}

// jsonText is all that a report holds.
func jsonText(t testing.TB, r *Report) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkNoSecret fails if a secret of the tests is in a report, in any case.
// TestNoSecretInAnyFormat looks at what is made of it.
func checkNoSecret(t testing.TB, r *Report) {
	t.Helper()
	out := jsonText(t, r)
	if i := strings.Index(strings.ToUpper(out), secretMark); i >= 0 {
		t.Fatalf("a secret is in the report: %s", out[max(0, i-200):min(len(out), i+60)])
	}
	if strings.Contains(out, bedrockA[:12]) {
		t.Fatal("an API key for Bedrock is in the report")
	}
}

func readAWSFiles(p credfile.Paths) home.AWSFiles {
	return home.ReadAWSFiles(disk.OS{}, credfile.Env{
		Lookup: func(string) (string, bool) { return "", false }, GOOS: runtime.GOOS}, p)
}

func readKeyFiles(p credfile.Paths) []home.KeyFile {
	env := credfile.Env{Lookup: func(string) (string, bool) { return "", false }, GOOS: runtime.GOOS}
	return home.ReadKeyFiles(disk.OS{}, env, p, readAWSFiles(p), nil, func() ([]copies.Key, []string) { return nil, nil })
}

func loadSet(t testing.TB, p credfile.Paths) *credfile.Set {
	t.Helper()
	s, err := credfile.Load(disk.OS{}, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
