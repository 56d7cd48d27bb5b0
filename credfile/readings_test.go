package credfile

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
)

type readingCase struct {
	ID, Desc, Profile string
	Credentials       []byte `json:"credentials_b64"`
	Config            []byte `json:"config_b64"`
	Readers           map[string]struct{ ID, Secret, Token, Error string }
}

func readingCases(t testing.TB) []readingCase {
	t.Helper()
	var d struct{ Cases []readingCase }
	if err := json.Unmarshal(conformance(t, "readings.json"), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Cases) == 0 {
		t.Fatal("readings.json has no cases")
	}
	return d.Cases
}

// writeSet writes both texts to a temporary folder.
func writeSet(t testing.TB, credentials, config string) Paths {
	t.Helper()
	dir := t.TempDir()
	p := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for path, text := range map[string]string{p.Credentials: credentials, p.Config: config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestReadings(t *testing.T) {
	for _, c := range readingCases(t) {
		p := writeSet(t, string(c.Credentials), string(c.Config))
		s := NewSet(p, string(c.Credentials), string(c.Config))
		for _, r := range []struct {
			reader, by string
			got        Reading
		}{
			{"aws-cli", "our port", s.CLI(c.Profile)},
			{"go-v2", "our port", s.SDK(c.Profile)},
			{"go-v2", "LoadWithSDK", LoadWithSDK(t.Context(), p, c.Profile)},
		} {
			want := c.Readers[r.reader]
			if want.ID == "" || want.Secret == "" {
				if r.got.None == "" {
					t.Errorf("%s %s: %s by %s: read %q, want nothing (%s)", c.ID, c.Desc, r.reader, r.by, r.got.Pair.ID, want.Error)
				}
				continue
			}
			if r.got.None != "" || r.got.Pair.ID != want.ID || r.got.Pair.Secret.Reveal() != want.Secret || r.got.Token.Reveal() != want.Token {
				t.Errorf("%s %s: %s by %s: read %q %q %q (%s), want %+v", c.ID, c.Desc, r.reader, r.by,
					r.got.Pair.ID, r.got.Pair.Secret.Reveal(), r.got.Token.Reveal(), r.got.None, want)
			}
		}
	}
}

// setLevel lists the reading cases where AWS's readers differ though no place
// of either file by itself is odd.
var setLevel = map[string]string{
	"65": "the session token stands in the config file, the pair in the credentials file",
	"99": "an access key ID without a secret",
}

// TestReadingsDiffer holds that a disagreement of AWS's readers never comes
// without a diagnostic.
func TestReadingsDiffer(t *testing.T) {
	met := map[string]bool{}
	for _, c := range readingCases(t) {
		differ := false
		cli := c.Readers["aws-cli"]
		for _, reader := range []string{"go-v2", "js-v3", "spec"} {
			r, ok := c.Readers[reader]
			if !ok {
				t.Fatalf("case %s has no reading of %s", c.ID, reader)
			}
			differ = differ || r.ID != cli.ID || r.Secret != cli.Secret || r.Token != cli.Token
		}
		s := NewSet(Paths{}, string(c.Credentials), string(c.Config))
		found := len(quirksOf(s)) > 0
		if _, listed := setLevel[c.ID]; listed {
			met[c.ID] = true
			if !differ || found {
				t.Errorf("%s %s: listed in setLevel, but differ=%v and diagnostics %q", c.ID, c.Desc, differ, quirksOf(s))
			}
		} else if differ && !found {
			t.Errorf("%s %s: AWS's readers differ and no diagnostic says why: %+v", c.ID, c.Desc, c.Readers)
		}
	}
	if len(met) != len(setLevel) {
		t.Errorf("met %v of setLevel", met)
	}
}

// TestPanicIsAReading holds that the SDK's panic is caught and said.
func TestPanicIsAReading(t *testing.T) {
	text := plainKeys + "[other]\nregion = \"\n"
	p := writeSet(t, text, "")
	if r := LoadWithSDK(t.Context(), p, "default"); !strings.Contains(r.None, "panics") {
		t.Errorf("LoadWithSDK reads %s, want a panic named", r.says())
	}
	if r := NewSet(p, text, "").SDK("default"); r.Refused == nil || r.Refused.Line != 5 || r.Refused.Path != p.Credentials {
		t.Errorf("our port reads %s, want line 5 refused", r.says())
	}
}

// TestSourceProfile holds that a role profile that names itself as its source
// still shows its own key, and that one that names another shows none.
func TestSourceProfile(t *testing.T) {
	for source, want := range map[string]string{"default": "", "other": "no access key"} {
		p := writeSet(t, plainKeys+"[other]\n"+plainPair, "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = "+source+"\n")
		if r := LoadWithSDK(t.Context(), p, "default"); r.None != want {
			t.Errorf("source_profile = %s: read %s, want %q", source, r.says(), want)
		}
	}
}

// TestEditDecision plans an edit of every reading case: it is made only where
// the AWS CLI and the Go SDK read the same pair, and then both read the new one.
func TestEditDecision(t *testing.T) {
	to := Pair{"AKIAZAVB57H55F3T4NEW", NewSecret("New+Secret/New+Secret/New+Secret/New+Sec")}
	edited, refused := 0, 0
	for _, c := range readingCases(t) {
		cli, sdk := c.Readers["aws-cli"], c.Readers["go-v2"]
		p := writeSet(t, string(c.Credentials), string(c.Config))
		s := NewSet(p, string(c.Credentials), string(c.Config))
		from := Pair{cli.ID, NewSecret(cli.Secret)}
		if cli.ID == "" {
			from = Pair{sdk.ID, NewSecret(sdk.Secret)}
		}
		plan, err := s.Plan(Swap{From: []Pair{from}, To: to})
		if err != nil || len(plan.Places) == 0 {
			refused++
			continue
		}
		edited++
		if cli.ID != sdk.ID || cli.Secret != sdk.Secret || cli.Token != sdk.Token || cli.Token != "" {
			t.Errorf("%s %s: edited, though the readers differ: %+v and %+v", c.ID, c.Desc, cli, sdk)
		}
		w := &Writer{Disk: disk.OS{}, Tag: "t", Wait: neverWait(t)}
		if _, err := w.Swap(t.Context(), p, Swap{From: []Pair{from}, To: to}); err != nil {
			t.Errorf("%s %s: planned but not written: %v", c.ID, c.Desc, err)
			continue
		}
		after, err := Load(disk.OS{}, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []Reading{after.CLI(c.Profile), after.SDK(c.Profile), LoadWithSDK(t.Context(), p, c.Profile)} {
			if r.None != "" || !r.Pair.Equal(to) {
				t.Errorf("%s %s: after the edit the %s reads %s", c.ID, c.Desc, r.Tool, r.says())
			}
		}
		back := strings.NewReplacer(to.ID, from.ID, to.Secret.Reveal(), from.Secret.Reveal())
		for k, f := range s.Files() {
			if got := back.Replace(after.Files()[k].Text); got != f.Text {
				t.Errorf("%s %s: other bytes changed: %q, was %q", c.ID, c.Desc, got, f.Text)
			}
		}
	}
	if edited != wantEdited || refused != wantRefused {
		t.Errorf("%d cases edited and %d refused, want %d and %d", edited, refused, wantEdited, wantRefused)
	}
}

const wantEdited, wantRefused = 24, 28

// neverWait fails the test where a writer would wait.
func neverWait(t testing.TB) func(context.Context, time.Duration) error {
	return func(context.Context, time.Duration) error {
		t.Helper()
		t.Error("waited, though nobody else writes")
		return errors.New("waited")
	}
}
