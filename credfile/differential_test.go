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

	"keycare/credfile/disk/testrun"
	"keycare/credfile/nasty"
	"keycare/credfile/show"
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

// differentialFiles is how many pairs of files the comparisons with the readers
// themselves take.
func differentialFiles() int {
	if testrun.IsLong() {
		return 20_000
	}
	return 300
}

// TestDifferential holds this package against the readers themselves on random
// files: our port of the AWS CLI's rules against botocore where Python has it,
// that of the Go SDK's against its loader, and edits and repairs against both.
func TestDifferential(t *testing.T) {
	disk := newFuzzFiles(t)
	r := rand.New(rand.NewPCG(1, 2))
	var sets []*Set // as they were made, and after an edit or after repairs
	files, edits, repairs, rejected, keys := 0, 0, 0, 0, 0
	for i := range differentialFiles() {
		creds, config := nasty.Pair(r)
		s := NewSet(disk.write(t, creds, config), creds, config)
		sets = append(sets, s)
		files++
		for _, p := range s.Profiles() {
			holdToSDK(t, s, p)
			if s.SDK(p).None == "" {
				keys++
				if s.SDKRejects(p) != nil {
					rejected++
				}
			}
		}
		if held := s.Holds(nasty.SharedID); len(held) > 0 && len(s.Mentions(nasty.SharedID)) == 0 {
			t.Errorf("%v read the key where Mentions sees none", held)
		}
		old := Pair{nasty.SharedID, NewSecret(nasty.SharedSecret)}
		plan, err := s.Plan(Swap{From: []Pair{old}, To: testNew})
		if err == nil && len(plan.Places) > 0 {
			edits++
			checkEdit(t, plan, func(text [2]string) Paths { return disk.write(t, text[0], text[1]) })
			if held := plan.After.Holds(old.ID); len(held) > 0 {
				t.Errorf("%v read the old key after the edit", held)
			}
			sets = append(sets, plan.After)
		}
		if i%5 == 0 {
			repairs += checkMend(t, s, &sets)
		}
		if t.Failed() {
			t.Fatalf("credentials %q, config %q", creds, config)
		}
	}
	t.Logf("%d pairs of files, %d profiles with a key, %d that the SDK rejects for another setting, %d edits, %d repairs", files, keys, rejected, edits, repairs)
	if n := differentialFiles(); edits < n/50 || repairs < n/50 || rejected < n/100 || keys < n/5 {
		t.Errorf("too few to say anything")
	}
	compareAllBoto(t, sets)
}

// checkMend makes all repairs of s that do not move the Go SDK to another key, and
// compares the sum of them with what was read at the start. It returns how many
// there were.
func checkMend(t *testing.T, s *Set, sets *[]*Set) int {
	t.Helper()
	after, done, err := s.Mend(func(m Mend) (bool, error) { return len(m.Moves) == 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Profiles() {
		was, is := s.SDK(p), after.SDK(p)
		if was.None == "" && !was.same(is) {
			t.Errorf("profile %q: the Go SDK reads %s before the repairs and %s after, unannounced", p, was.says(), is.says())
		}
		if was, is := s.CLI(p), after.CLI(p); was.None == "" && show.IsKeyID(was.Pair.ID) && was.Pair.ID != is.Pair.ID {
			t.Errorf("profile %q: the AWS CLI reads %s before the repairs and %s after", p, was.says(), is.says())
		}
	}
	if len(done) > 0 {
		*sets = append(*sets, after)
	}
	return len(done)
}

// compareAllBoto holds our reading of each set against botocore's.
func compareAllBoto(t *testing.T, sets []*Set) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import botocore").Run(); err != nil {
		t.Skip("SKIPPED: python3 with botocore is not on this machine, so our port of the AWS CLI's reading is not compared with it")
	}
	sent := make([]botoCase, len(sets))
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for i, s := range sets {
		names := append(slices.Collect(maps.Keys(s.cliProf[CredentialsFile])), slices.Collect(maps.Keys(s.cliProf[ConfigFile]))...)
		sent[i] = botoCase{[]byte(s.Credentials.Text), []byte(s.Config.Text), append(names, "default", "dev")}
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
			t.Fatalf("botoread.py answered %d of %d cases", i, len(sent))
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
	t.Logf("botocore read %d pairs of files and accepted %d", len(sent), accepted)
	if accepted < len(sent)/10 {
		t.Errorf("botocore accepts %d of %d cases, too few to say anything", accepted, len(sent))
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
