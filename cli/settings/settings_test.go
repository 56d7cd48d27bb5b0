package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
)

var known = Known{Rules: []string{"old-key", "root-key"}, Levels: []string{"high", "low", "none"}, Formats: []string{"json", "jsonl"}, Home: os.TempDir()}

func load(t *testing.T, text string, env map[string]string) (*Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keycare.ini")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	return Load(disk.OS{}, path, environ, known)
}

const full = `# mine
max_age = 30d
max_unused = 20
fail_on = low
accounts = 111122223333, 444455556666
rules_off = old-key
mfa_command = ykman oath code "AWS prod" --single

[never_call]
profiles = bait, "x y"
keys = AKIAZAVB57H55F3T4BKH
accounts = 000000000001

[exception ci]
rule = root-key
profile = ci
account = 111122223333
reason = migration; ticket 12
until = 2027-01-31

[severity]
old-key = low
`

func TestLoad(t *testing.T) {
	s, err := load(t, full, map[string]string{"KEYCARE_MAX_AGE": "60d", "KEYCARE_NEVER_CALL_PROFILES": "trap"})
	if err != nil {
		t.Fatal(err)
	}
	if s.MaxAge != 60*24*time.Hour || s.MaxUnused != 20*24*time.Hour || s.FailOn != "low" {
		t.Errorf("got %+v", s)
	}
	if !reflect.DeepEqual(s.MFACommand, []string{"ykman", "oath", "code", "AWS prod", "--single"}) {
		t.Errorf("command %q", s.MFACommand)
	}
	if !reflect.DeepEqual(s.Accounts, []string{"111122223333", "444455556666"}) || !reflect.DeepEqual(s.RulesOff, []string{"old-key"}) {
		t.Errorf("got %+v", s)
	}
	for _, c := range []struct {
		profile, key string
		want         bool
	}{
		{"trap", "", true}, {"bait", "", false}, {"a", "AKIAZAVB57H55F3T4BKH", true},
		{"a", "AKIAQAAAAAAAQAAAAAAA", true}, {"a", "AKIAIOSFODNN7ABCDEFG", false},
	} {
		if got := s.NeverCall.Bars(c.profile, c.key); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	if len(s.Exceptions) != 1 {
		t.Fatalf("exceptions %+v", s.Exceptions)
	}
	e := s.Exceptions[0]
	if e.Name != "ci" || e.Rule != "root-key" || !e.Until.Equal(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)) || !strings.HasSuffix(e.Where, "keycare.ini:14") {
		t.Errorf("exception %+v", e)
	}
	for name, want := range map[string]string{"max_age": "KEYCARE_MAX_AGE", "max_unused": "keycare.ini:3", "never_call.keys": "keycare.ini:11"} {
		if got := s.From(name); !strings.HasSuffix(got, want) {
			t.Errorf("%s is from %s, want %s", name, got, want)
		}
	}
	shown := s.Show()
	if len(shown) != len(options)+2 || shown[len(options)] != (Shown{"severity.old-key", "low", s.Path + ":22"}) || shown[0] != (Shown{"max_age", "60d", "KEYCARE_MAX_AGE"}) {
		t.Errorf("shown %+v", shown)
	}
	if !s.Found || shown[1].Value != "20d" {
		t.Errorf("found %v, shown %+v", s.Found, shown[1])
	}
}

func TestLoadNothing(t *testing.T) {
	s, err := Load(disk.OS{}, filepath.Join(t.TempDir(), "none", "keycare.ini"), nil, known)
	if err != nil || s.MaxAge != 90*24*time.Hour || s.MaxUnused != 45*24*time.Hour || s.FailOn != "high" || s.From("max_age") != "default" || s.Found {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestLoadErrors(t *testing.T) {
	const good = "[exception a]\nrule = old-key\nreason = x\nuntil = 2027-01-01\n"
	for text, want := range map[string]string{
		"max_agee = 3d\n":                      `keycare.ini:1: there is no setting "max_agee" here; did you mean "max_age"?`,
		"\nmax_age = soon\n":                   `keycare.ini:2: max_age: "soon" is not a duration`,
		"reports = jsn=/x\n":                   `keycare.ini:1: reports: there is no "jsn"; did you mean "json"?`,
		"reports = json\n":                     `keycare.ini:1: reports: "json": write FORMAT=FILE`,
		"reports = json=x\n":                   `keycare.ini:1: reports: "x": must be a whole path`,
		"max_age = 3h\n":                       `keycare.ini:1: max_age: "3h": must be a duration of at least a day`,
		"fail_on = hihg\n":                     `keycare.ini:1: fail_on: there is no "hihg"; did you mean "high"?`,
		"fail_on = severe\n":                   `keycare.ini:1: fail_on: there is no "severe"; there are: high, low, none`,
		"rules_off = old-key, rot-key\n":       `keycare.ini:1: rules_off: there is no "rot-key"; did you mean "root-key"?`,
		"accounts = 12\n":                      `keycare.ini:1: accounts: "12" is not an account ID`,
		"[never_call]\nkeys = wJalrXUtnFEMI\n": `keycare.ini:2: keys: it is not an access key ID`,
		"[never]\n":                            `keycare.ini:1: there is no section [never]`,
		"[exception]\n":                        `there is no section [exception]; did you mean [exception NAME]?`,
		"[never_cal]\n":                        `there is no section [never_cal]; did you mean [never_call]?`,
		"[Exeption old one]\n":                 `there is no section [Exeption old one]; there are [never_call], [severity], [copies], [exception NAME] and [after PROFILE]`,
		"[exeption old one]\n":                 `did you mean [exception old one]?`,
		"[aftre work]\n":                       `there is no section [aftre work]; did you mean [after work]?`,
		"[severity]\nold-kye = low\n":          `keycare.ini:2: old-kye: there is no "old-kye"; did you mean "old-key"?`,
		"[severity]\nold-key = bad\n":          `keycare.ini:2: old-key: there is no "bad"; there are: high, low`,
		"[severity]\nold-key = none\n":         `keycare.ini:2: old-key: to switch a rule off, add it to rules_off`,
		strings.Replace(good, "rule = old-key", "file = here", 1):     `keycare.ini:2: file: "here" is not a whole path`,
		strings.Replace(good, "rule = old-key", "fingerprint = 1", 1): `keycare.ini:2: fingerprint: "1" is not a finding's`,
		"a lone line\n":                `keycare.ini:1: this line is no setting`,
		"max_age = 3d\nmax_age = 4d\n": `keycare.ini:2: max_age is set a second time`,
		good + good:                    `keycare.ini:5: a second section [exception a]`,
		strings.Replace(good, "reason = x\n", "", 1):          `keycare.ini:1: the exception "a" has no reason`,
		strings.Replace(good, "until = 2027-01-01\n", "", 1):  `keycare.ini:1: the exception "a" has no end`,
		strings.Replace(good, "rule = old-key\n", "", 1):      `keycare.ini:1: the exception "a" is for nothing`,
		strings.Replace(good, "2027-01-01", "31.12.2027", 1):  `keycare.ini:4: until: "31.12.2027" is not a date`,
		strings.Replace(good, "reason = x", "because = x", 1): `keycare.ini:3: because: an exception has`,
		"mfa_command = a \"b\n":                               `keycare.ini:1: mfa_command: a " is not closed`,
	} {
		_, err := load(t, text, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "wJalr") {
			t.Errorf("what may be a secret is shown: %v", err)
		}
	}
	if _, err := load(t, "", map[string]string{"KEYCARE_MAX_AGE": "x"}); err == nil || !strings.HasPrefix(err.Error(), "KEYCARE_MAX_AGE: ") {
		t.Errorf("got %v", err)
	}
}

// A variable that sets nothing is as wrong as such a name in the file.
func TestLoadUnknownVariables(t *testing.T) {
	for v, want := range map[string]string{
		"KEYCARE_MAXAGE=3d": "KEYCARE_MAXAGE: no such setting; did you mean KEYCARE_MAX_AGE?",
		"KEYCARE_KEYS=x":    "KEYCARE_KEYS: no such setting; known are: KEYCARE_MAX_AGE, ",
		"KEYCARE_=x":        "KEYCARE_: no such setting",
		"KEYCARE_MAXAGE=":   "",
		"KEYCAREFUL=x":      "",
		"=C:=C:":            "",
		"KEYCARE_MAX_AGE=3": "",
	} {
		_, err := Load(disk.OS{}, filepath.Join(t.TempDir(), "none"), []string{v}, known)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", v, err, want)
		}
	}
	for _, name := range otherVariables {
		if _, err := Load(disk.OS{}, filepath.Join(t.TempDir(), "none"), []string{name + "=x"}, known); err != nil {
			t.Error(err)
		}
	}
}

func TestShownAge(t *testing.T) {
	for v, want := range map[string]string{"90": "90d", "90d": "90d", "48h": "2d", "36h": "1d12h", "1d90m": "1d1h30m", "1d5s": "1d5s", "soon": "soon"} {
		if got := shownAge(v); got != want {
			t.Errorf("%s: got %s, want %s", v, got, want)
		}
	}
}

// The file may name a command: others must not be able to write it.
func TestLoadRefusesOpenFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	path := filepath.Join(t.TempDir(), "keycare.ini")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(disk.OS{}, path, nil, known); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v", err)
	}
}

func TestReports(t *testing.T) {
	s, err := load(t, "reports = json=~/a b.json, jsonl = ~/l=1.jsonl ; mine\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Report{{"json", filepath.Join(os.TempDir(), "a b.json")}, {"jsonl", filepath.Join(os.TempDir(), "l=1.jsonl")}}
	if !reflect.DeepEqual(s.Reports, want) {
		t.Errorf("got %+v", s.Reports)
	}
}
