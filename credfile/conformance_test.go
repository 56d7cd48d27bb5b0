package credfile

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// conformance returns a file of the shared conformance data, or skips.
func conformance(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("KEYCARE_CONFORMANCE_DIR")
	if dir == "" {
		t.Skip("SKIPPED: KEYCARE_CONFORMANCE_DIR is not set, so the conformance data is not read")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type parserCase struct {
	Name  string
	Input struct{ ConfigFile, CredentialsFile string }
	// Output has profiles, or an error that the strict tools give.
	Output struct {
		Config          struct{ Profiles map[string]map[string]string }
		ErrorContaining string
	}
}

func parserCases(t testing.TB) []parserCase {
	t.Helper()
	var d struct{ Tests []parserCase }
	if err := json.Unmarshal(conformance(t, "profile-parser-tests.json"), &d); err != nil {
		t.Fatal(err)
	}
	return d.Tests
}

// cliDiffers lists the cases of AWS's cross-SDK parser tests where the AWS CLI
// does not do what the tests ask of SDKs: the quirks that Diagnostics reports,
// and why. A case without quirks says so with none.
var cliDiffers = map[string]struct {
	quirks []Quirk
	why    string
}{
	"Profile names support alphanumeric characters and - / . % @ _ : +":                                          {[]Quirk{"name-chars"}, "takes any character in a name"},
	"Property definitions must contain an equals sign.":                                                          {[]Quirk{"colon"}, "takes : for ="},
	"Pound sign comments are ignored.":                                                                           {[]Quirk{"inline-comment"}, "knows no comments after a value"},
	"Semicolon sign comments are ignored.":                                                                       {[]Quirk{"inline-comment"}, "knows no comments after a value"},
	"All comment types can be used together.":                                                                    {[]Quirk{"inline-comment"}, "knows no comments after a value"},
	"Comments can be empty.":                                                                                     {[]Quirk{"inline-comment"}, "knows no comments after a value"},
	"Duplicate profiles in the same file merge properties.":                                                      {[]Quirk{"twice-section"}, "rejects the file"},
	"Duplicate properties in a profile use the last one defined.":                                                {[]Quirk{"twice-setting"}, "rejects the file"},
	"Duplicate properties in duplicate profiles use the last one defined.":                                       {[]Quirk{"twice-section"}, "rejects the file"},
	"Duplicate properties in duplicate profiles use the last one defined (case insensitive).":                    {[]Quirk{"twice-section"}, "rejects the file"},
	"Default profile with profile prefix overrides default profile without prefix when profile prefix is first.": {[]Quirk{"twice-default"}, "takes the later one"},
	"Default profiles with mixed prefixes in the config file ignore the one without prefix when merging.":        {[]Quirk{"twice-default", "twice-section"}, "rejects the file"},
	"Default profiles with mixed prefixes merge with credentials":                                                {[]Quirk{"twice-default", "twice-section"}, "rejects the file"},
	"Invalid profile names are ignored.":                                                                         {[]Quirk{"name-space", "name-space"}, "takes spaces in a name in the credentials file"},
	"Invalid property names are ignored.":                                                                        {nil, "takes any name for a setting; no tool has a setting with a space in its name"},
	"Sub-property definitions cannot have an empty name.":                                                        {[]Quirk{"no-name"}, "takes a sub-property without a name"},
	"Credentials profiles with prefix are ignored.":                                                              {[]Quirk{"prefix-in-credentials"}, "takes the prefix for a part of the name"},
	"profile name with extra whitespace":                                                                         {[]Quirk{"header-spaces"}, "takes the spaces for a part of the name"},
	"profile name with extra whitespace in credentials":                                                          {[]Quirk{"header-spaces", "prefix-in-credentials"}, "takes spaces and prefix for parts of the names"},
}

func TestParserCases(t *testing.T) {
	cases := parserCases(t)
	if len(cases) != 65 {
		t.Errorf("the data has %d cases, want 65", len(cases))
	}
	met := map[string]bool{}
	for _, c := range cases {
		s := NewSet(Paths{Credentials: "credentials", Config: "config"}, c.Input.CredentialsFile, c.Input.ConfigFile)
		same := cliDoes(s, c)
		differs, listed := cliDiffers[c.Name]
		if !listed {
			if !same {
				t.Errorf("%s: the AWS CLI's reading differs and cliDiffers does not say why\ncredentials %q\nconfig %q\ndiagnostics %v", c.Name,
					c.Input.CredentialsFile, c.Input.ConfigFile, quirksOf(s))
			}
			continue
		}
		met[c.Name] = true
		if same {
			t.Errorf("%s: cliDiffers lists it, but the AWS CLI does what is asked", c.Name)
		}
		if got := quirksOf(s); !slices.Equal(got, differs.quirks) {
			t.Errorf("%s (%s): quirks %q, want %q", c.Name, differs.why, got, differs.quirks)
		}
	}
	for name := range cliDiffers {
		if !met[name] {
			t.Errorf("cliDiffers lists %q, which is no case", name)
		}
	}
}

func quirksOf(s *Set) []Quirk {
	var all []Quirk
	for _, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			all = append(all, d.Quirk)
		}
	}
	return all
}

// cliDoes reports whether the AWS CLI reads the files as the case asks.
func cliDoes(s *Set, c parserCase) bool {
	refused := s.cli[CredentialsFile].refused != nil || s.cli[ConfigFile].refused != nil
	if refused || c.Output.ErrorContaining != "" {
		return refused == (c.Output.ErrorContaining != "")
	}
	got := map[string]map[string]string{}
	for _, k := range []FileKind{ConfigFile, CredentialsFile} {
		for name, g := range s.cliProf[k] {
			if got[name] == nil {
				got[name] = map[string]string{}
			}
			for _, set := range g.settings {
				got[name][set.name] = set.value
				if set.nested { // botocore keeps no blank lines between sub-properties
					got[name][set.name] = "\n" + strings.Join(strings.FieldsFunc(set.value, pyLineBreak), "\n")
				}
			}
		}
	}
	want := c.Output.Config.Profiles
	return len(got) == len(want) && maps.EqualFunc(got, want, func(a, b map[string]string) bool { return maps.Equal(a, b) })
}

func TestLocate(t *testing.T) {
	var d struct {
		Tests []struct {
			Name, Platform, Profile             string
			Environment                         map[string]string
			ConfigLocation, CredentialsLocation string
		}
	}
	if err := json.Unmarshal(conformance(t, "file-location-tests.json"), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Tests) != 9 {
		t.Errorf("the data has %d cases, want 9", len(d.Tests))
	}
	for _, c := range d.Tests {
		env := envOf(c.Platform, c.Environment)
		p, err := Locate(env)
		if err != nil || p.Config != c.ConfigLocation || p.Credentials != c.CredentialsLocation {
			t.Errorf("%s: got %+v %v, want %s and %s", c.Name, p, err, c.CredentialsLocation, c.ConfigLocation)
		}
		if c.Profile != "" && profileOf(t, env) != c.Profile {
			t.Errorf("%s: profile %q, want %q", c.Name, profileOf(t, env), c.Profile)
		}
	}
}

func envOf(goos string, vars map[string]string) Env {
	return Env{GOOS: goos, Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
}

func TestLocateDoubts(t *testing.T) {
	home := map[string]string{"HOME": "/home/u"}
	for _, c := range []struct {
		goos   string
		more   map[string]string
		doubts int
	}{
		{"linux", nil, 0},
		{"linux", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/c"}, 0},
		{"linux", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "~/c"}, 1},
		{"linux", map[string]string{"AWS_CONFIG_FILE": "$HOME/c", "AWS_SHARED_CREDENTIALS_FILE": "~/c"}, 2},
		{"linux", map[string]string{"USERPROFILE": "/other"}, 0},
		{"windows", map[string]string{"USERPROFILE": "/other"}, 1},
		{"windows", map[string]string{"USERPROFILE": "/HOME/u"}, 0},
		{"windows", map[string]string{"USERPROFILE": "/other", "AWS_SHARED_CREDENTIALS_FILE": "/c"}, 0},
	} {
		vars := maps.Clone(home)
		maps.Copy(vars, c.more)
		if p, err := Locate(envOf(c.goos, vars)); err != nil || len(p.Doubts) != c.doubts {
			t.Errorf("%s %v: got %q %v, want %d doubts", c.goos, vars, p.Doubts, err, c.doubts)
		}
	}
	if _, err := Locate(envOf("linux", nil)); err != ErrNoHome {
		t.Errorf("without a home folder: %v, want ErrNoHome", err)
	}
	for _, c := range []struct {
		goos, home string
		err        string
	}{
		{"linux", "", "HOME is set but empty"}, // botocore: /.aws, aws-sdk-go-v2: the list of users
		{"linux", "h", "HOME=h is no full path"},
		{"linux", "./h", "no full path"},
		{"linux", "~", "no full path"},
		{"windows", "h", "no full path"},
		{"windows", `C:\Users\u`, ""},
		{"windows", "/c/Users/u", ""},
	} {
		env := envOf(c.goos, map[string]string{"HOME": c.home})
		env.UserHome = func() string { return "/home/u" }
		if p, err := Locate(env); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || len(p.Doubts) > 0 {
			t.Errorf("%s, HOME=%s: %+v %v, want %q", c.goos, c.home, p, err, c.err)
		}
	}
	both := map[string]string{"AWS_CONFIG_FILE": "/a", "AWS_SHARED_CREDENTIALS_FILE": "/b"}
	for _, home := range []string{"", "h"} {
		with := maps.Clone(both)
		with["HOME"] = home
		if _, err := Locate(envOf("linux", with)); (err == nil) != (home == "") {
			t.Errorf("both files named and HOME=%s: %v", home, err)
		}
	}
	if p, err := Locate(envOf("linux", both)); err != nil || !reflect.DeepEqual(p, Paths{Credentials: "/b", Config: "/a", Variables: [2]string{"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"}}) {
		t.Errorf("both files named and no home folder: %+v %v", p, err)
	}
}

func profileOf(t *testing.T, env Env) string {
	t.Helper()
	name, err := env.Profile()
	if err != nil {
		t.Fatal(err)
	}
	return name
}
