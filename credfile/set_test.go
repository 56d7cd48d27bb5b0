package credfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keycare/credfile/disk"
)

func TestProfiles(t *testing.T) {
	for _, c := range []struct {
		credentials, config string
		want                []string
	}{
		{"", "", nil},
		{"[b]\n[a]\n[b]\n", "[profile c]\n[default]\n[profile a]\n", []string{"b", "a", "c", "default"}},
		{"[profile x]\n", "[y]\n[sso-session z]\n", []string{"profile x"}},
		{`["q"]`, `[profile "r"]`, []string{"q", "r", `"q"`, `"r"`}},
		{"[]\n[a#b]\n", "", []string{"a#b"}},
		{"[a]\nx\n[b]\n", "", []string{"a", "b"}}, // the AWS CLI rejects the file
	} {
		if got := NewSet(Paths{}, c.credentials, c.config).Profiles(); !slices.Equal(got, c.want) {
			t.Errorf("credentials %q, config %q: got %q, want %q", c.credentials, c.config, got, c.want)
		}
	}
}

func TestSetting(t *testing.T) {
	const creds, config = "[a]\nRegion = one # x\n", "[profile a]\nregion = two\noutput = json\ns3 =\n  x = 1\n"
	s := NewSet(Paths{}, creds, config)
	broken := NewSet(Paths{}, creds+"junk\n", config)
	for _, c := range []struct {
		set                 *Set
		profile, name, want string
	}{
		{s, "a", "region", "one # x"},
		{s, "a", "output", "json"},
		{s, "a", "s3", ""},
		{s, "a", "none", ""},
		{s, "b", "region", ""},
		{broken, "a", "output", "json"},
	} {
		if got := c.set.Setting(c.profile, c.name); got != c.want {
			t.Errorf("%s of %s: got %q, want %q", c.name, c.profile, got, c.want)
		}
	}
	// Where the CLI rejects the file, the SDK's reading stands in.
	if got := NewSet(Paths{}, creds+"junk\n", "").Setting("a", "region"); got != "one" {
		t.Errorf("region of a file that the AWS CLI rejects: %q", got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"default", "prod", "staging-eu", "ab"}
	for name, want := range map[string]string{
		"prd": "prod", "prodd": "prod", "pord": "prod", "Prod": "prod", "prof": "prod", "dfault": "default", "staging-ue": "staging-eu",
		"production": "", "xy": "", "ac": "", "": "", "dev": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("nearest to %q: %q, want %q", name, got, want)
		}
	}
}

func TestMustHave(t *testing.T) {
	s := NewSet(Paths{Credentials: "c", Config: "d"}, "[prod]\n", "")
	if err := s.MustHave([]string{"prod"}); err != nil {
		t.Error(err)
	}
	var none *NoKeyError
	if err := s.MustHave([]string{"prod", "prd"}); !errors.As(err, &none) || !strings.Contains(err.Error(), `did you mean "prod"?`) {
		t.Errorf("got %v", err)
	}
}

func TestAgreed(t *testing.T) {
	var none *NoKeyError
	var differ *DisagreementError
	s := NewSet(Paths{Credentials: "c", Config: "d"}, plainKeys+"[empty]\n[note]\n"+strings.Replace(plainPair, "KEY\n", "KEY # mine\n", 1), "")
	if r, err := s.Agreed("default"); err != nil || !r.Pair.Equal(testOld) || r.From != CredentialsFile {
		t.Errorf("default: %s, %v", r.says(), err)
	}
	if _, err := s.Agreed("empty"); !errors.As(err, &none) || none.Why != "no access key" {
		t.Errorf("empty: %v", err)
	}
	if _, err := s.Agreed("nowhere"); !errors.As(err, &none) || none.Why != noProfile {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := s.PairAt(ConfigFile, "nowhere"); err == nil || !strings.HasSuffix(err.Error(), ": no such profile in d") {
		t.Errorf("one file alone: %v", err)
	}
	_, err := s.Agreed("note")
	if !errors.As(err, &differ) || len(differ.Causes) != 1 || differ.Causes[0].Quirk != "inline-comment" {
		t.Fatalf("note: %v", err)
	}
	if msg := err.Error(); strings.Contains(msg, "mine") || strings.Contains(msg, "EXAMPLEKEY") || !strings.Contains(msg, "c:7:") {
		t.Errorf("message: %s", msg)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	p := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	writeFile(t, p.Credentials, plainKeys)
	s, err := Load(disk.OS{}, p)
	if err != nil || !slices.Equal(s.Missing, []string{p.Config}) || s.Credentials.Text != plainKeys {
		t.Errorf("got %+v, %v", s, err)
	}
	if pair, err := s.PairAt(CredentialsFile, "default"); err != nil || !pair.Equal(testOld) {
		t.Errorf("pair %v, %v", pair, err)
	}
	if r := LoadWithSDK(context.Background(), p.Alone(ConfigFile), "default"); r.None != noProfile {
		t.Errorf("the config file alone reads %s", r.says())
	}
	writeFile(t, p.Config, strings.Repeat("\x00\x01", 100))
	if _, err := Load(disk.OS{}, p); err == nil || !strings.Contains(err.Error(), "binary") {
		t.Errorf("a binary file: %v", err)
	}
	if err := os.Remove(p.Config); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.Config, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(disk.OS{}, p); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}
