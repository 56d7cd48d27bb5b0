package credfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type botoCase struct {
	Credentials []byte   `json:"credentials"`
	Config      []byte   `json:"config"`
	Profiles    []string `json:"profiles"`
}

type botoAnswer struct {
	Credentials, Config map[string]map[string]any // nil where botocore rejects the file
	Keys                map[string]any
}

// TestBotocore holds our reading of the AWS CLI's rules against botocore itself
// where Python has it.
func TestBotocore(t *testing.T) {
	if err := exec.Command("python3", "-c", "import botocore").Run(); err != nil {
		t.Skip("SKIPPED: python3 with botocore is not on this machine, so our port of the AWS CLI's reading is not compared with it")
	}
	const cases = 3000
	r := rand.New(rand.NewPCG(1, 2))
	sent := make([]botoCase, cases)
	sets := make([]*Set, cases)
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for i := range sent {
		creds, config := nastyText(r), nastyText(r)
		sets[i] = NewSet(Paths{}, creds, config)
		names := append(slices.Collect(maps.Keys(sets[i].cliProf[CredentialsFile])), slices.Collect(maps.Keys(sets[i].cliProf[ConfigFile]))...)
		sent[i] = botoCase{[]byte(creds), []byte(config), append(names, "default", "dev")}
		if err := enc.Encode(sent[i]); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("python3", "-X", "utf8", "testdata/botoread.py")
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("botoread.py: %v\n%s", err, stderr.String())
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	accepted := 0
	for i, c := range sent {
		if !lines.Scan() {
			t.Fatalf("botoread.py answered %d of %d cases", i, cases)
		}
		var a botoAnswer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if a.Credentials != nil && a.Config != nil {
			accepted++
		}
		compareBoto(t, c, sets[i], a)
		if t.Failed() {
			t.FailNow() // one is enough to read
		}
	}
	if accepted < cases/10 {
		t.Errorf("botocore accepts %d of %d cases, too few to say anything", accepted, cases)
	}
}

func compareBoto(t *testing.T, c botoCase, s *Set, a botoAnswer) {
	t.Helper()
	for k, want := range []map[string]map[string]any{a.Credentials, a.Config} {
		text := [][]byte{c.Credentials, c.Config}[k]
		if v := s.cli[k]; (v.refused != nil) != (want == nil) {
			t.Errorf("%s file %q: refused %+v, botocore rejects it: %v", FileKind(k), text, v.refused, want == nil)
		} else if got := plainGroups(s.cliProf[k]); want != nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s file %q:\n got %q\nwant %q", FileKind(k), text, got, want)
		}
	}
	for profile, want := range a.Keys {
		got := s.CLI(profile)
		switch want := want.(type) {
		case []any:
			usable := want[0] != "" && want[1] != ""
			for _, v := range want {
				_, nested := v.(map[string]any)
				usable = usable && !nested
			}
			token, _ := want[2].(string)
			if usable && (got.None != "" || got.Pair.ID != want[0] || got.Pair.Secret.Reveal() != want[1] || got.Token.Reveal() != token) || !usable && got.None == "" {
				t.Errorf("credentials %q, config %q, profile %q: read %q %q %q (%s), botocore %q", c.Credentials, c.Config, profile,
					got.Pair.ID, got.Pair.Secret.Reveal(), got.Token.Reveal(), got.None, want)
			}
		default: // none or an error
			if got.None == "" {
				t.Errorf("credentials %q, config %q, profile %q: read %q, botocore %v", c.Credentials, c.Config, profile, got.Pair.ID, want)
			}
		}
	}
}

// plainGroups gives a view's sections the shape of botocore's.
func plainGroups(m map[string]*group) map[string]map[string]any {
	out := make(map[string]map[string]any, len(m))
	for name, g := range m {
		out[name] = make(map[string]any, len(g.settings))
		for _, s := range g.settings {
			out[name][s.name] = s.value
			if s.nested {
				out[name][s.name] = nestedValues(s.value)
			}
		}
	}
	return out
}

// nestedValues splits a value of sub-properties as botocore's _parse_nested does.
func nestedValues(value string) map[string]any {
	m := map[string]any{}
	for _, l := range strings.FieldsFunc(value, pyLineBreak) {
		if name, v, ok := strings.Cut(l, "="); ok {
			m[strings.TrimFunc(name, pySpace)] = strings.TrimFunc(v, pySpace)
		}
	}
	return m
}
