package credfile

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// eachKey is the i-th of the keys of a test.
func eachKey(i int) Pair {
	return Pair{fmt.Sprintf("AKIAQAAAAAAAQAAAA%03d", i), NewSecret(strings.Repeat(string(rune('a'+i%26)), 37) + fmt.Sprintf("%03d", i))}
}

// Plans that are made together are those that are made one by one, whatever else
// stands in the files; what cannot be planned by itself is not planned together.
func TestPlanEachIsPlan(t *testing.T) {
	section := func(name string, p Pair, more string) string {
		return fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n%s", name, p.ID, p.Secret.Reveal(), more)
	}
	var plain, config string
	var pairs []Pair
	for i := range 100 { // enough for the index of profiles
		pairs = append(pairs, eachKey(i))
		plain += section(fmt.Sprintf("p%d", i), eachKey(i), "# "+eachKey(i).ID+"\n\n")
	}
	config = "[default]\nregion = eu-west-1\n[profile more]\naws_access_key_id=" + eachKey(3).ID + "\naws_secret_access_key=" + eachKey(3).Secret.Reveal() + "\n"
	to := Pair{"AKIANEWKEYNEWKEYNEWK", NewSecret(strings.Repeat("N", 40))}
	for name, c := range map[string]struct {
		more string // in the credentials file
		bad  int    // how many keys cannot be planned
		none bool   // nothing can be planned together
	}{
		"plain":          {more: ""},
		"other secret":   {more: section("x", Pair{eachKey(5).ID, eachKey(6).Secret}, ""), bad: 1},
		"session token":  {more: section("x", eachKey(7), "aws_session_token = t\n"), bad: 1},
		"mentioned":      {more: "[x]\nnote = " + eachKey(8).ID + "\n", bad: 1},
		"no section":     {more: "[]\naws_access_key_id = " + eachKey(9).ID + "\n", bad: 100, none: true},
		"twice":          {more: section("p10", eachKey(10), ""), bad: 100, none: true},
		"lone quote":     {more: "[x]\nregion = \"\n", bad: 100, none: true},
		"three are odd":  {more: section("x", eachKey(1), "aws_session_token = t\n") + "[y]\nnote = " + eachKey(2).ID + "\n" + section("z", Pair{eachKey(4).ID, eachKey(5).Secret}, ""), bad: 3},
		"more of one":    {more: section("x", eachKey(11), "") + section("y", eachKey(11), "region=us-east-1\n")},
		"comment on one": {more: "; " + eachKey(12).ID + "\n"},
	} {
		set := NewSet(Paths{Credentials: "credentials", Config: "config"}, plain+c.more, config)
		bad := 0
		for i, each := range set.PlanEach(pairs, to) {
			one, err := set.Plan(Swap{From: []Pair{pairs[i]}, To: to})
			if err != nil {
				bad++
			}
			switch {
			case each == nil && err == nil && !c.none:
				t.Errorf("%s: key %d can be planned, but not together", name, i)
			case each == nil:
			case err != nil:
				t.Errorf("%s: key %d is planned together, but: %v", name, i, err)
			case !reflect.DeepEqual(each.Places, one.Places) || each.Diff("new") != one.Diff("new") || len(each.Places) == 0:
				t.Errorf("%s: key %d: %v\n%s", name, i, each.Places, each.Diff("new"))
			}
			for k := range set.Files() {
				if err == nil && each != nil && each.Changed(FileKind(k)) != (one.After.Files()[k].Text != set.Files()[k].Text) {
					t.Errorf("%s: key %d: file %d changed: %v", name, i, k, each.Changed(FileKind(k)))
				}
			}
		}
		if bad != c.bad {
			t.Errorf("%s: %d keys cannot be planned, want %d", name, bad, c.bad)
		}
	}
}

// The same key with two secrets is no case for plans that are made together.
func TestPlanEachOfTwoSecrets(t *testing.T) {
	a := eachKey(1)
	b := Pair{a.ID, eachKey(2).Secret}
	set := NewSet(Paths{}, fmt.Sprintf("[a]\naws_access_key_id=%s\naws_secret_access_key=%s\n", a.ID, a.Secret.Reveal()), "")
	for i, p := range set.PlanEach([]Pair{a, b}, eachKey(3)) {
		if p != nil {
			t.Errorf("%d: %v", i, p.Places)
		}
	}
}

// Where a plan's profiles have only plain settings the SDK finds what our port
// finds, whatever their values.
func TestOnlyPlainNeedsNoSDK(t *testing.T) {
	key := eachKey(1)
	body := fmt.Sprintf("aws_access_key_id = %s\naws_secret_access_key = %s\n", key.ID, key.Secret.Reveal())
	for name, c := range map[string]struct {
		credentials, config string
		plain               bool
	}{
		"nothing else":       {"", "", true},
		"region":             {"region = x y\n", "", true},
		"in the config file": {"", "[profile a]\nregion = eu-west-1\noutput = \"json\ncli_pager =\nmfa_serial = arn\n", true},
		"source_profile":     {"source_profile = b\nrole_arn = r\n", "", false},
		"source in config":   {"", "[profile a]\nsource_profile = b\n", false},
		"retry mode":         {"retry_mode = often\n", "", false},
		"nested":             {"", "[profile a]\nregion =\n  x = y\n", false},
		"unknown":            {"whatever = 1\n", "", false},
	} {
		dir := t.TempDir()
		paths := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
		text := "[a]\n" + body + c.credentials + "[b]\naws_access_key_id = AKIAQAAAAAAAQAAAAAAB\naws_secret_access_key = s\n"
		for path, text := range map[string]string{paths.Credentials: text, paths.Config: c.config} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		set := NewSet(paths, text, c.config)
		plan, err := set.Plan(Swap{From: []Pair{key}, To: eachKey(2)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if plan.OnlyPlain() != c.plain {
			t.Errorf("%s: only plain settings: %v", name, plan.OnlyPlain())
		}
		if err := plan.CheckWithSDK(t.Context()); err != nil && c.plain {
			t.Errorf("%s: %v", name, err)
		}
	}
}
