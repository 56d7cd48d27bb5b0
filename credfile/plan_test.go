package credfile

import (
	"strings"
	"testing"
)

var (
	testOld = Pair{"AKIAIOSFODNN7EXAMPLE", NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")}
	testNew = Pair{"AKIAZAVB57H55F3T4NEW", NewSecret("New+Secret/New+Secret/New+Secret/New+Sec")}
	newPair = nameID + " = " + testNew.ID + "\n" + nameSecret + " = " + testNew.Secret.Reveal() + "\n"
)

// planRefusals are files in which Plan does not swap testOld for testNew, with
// a part of the reason it gives.
var planRefusals = []struct {
	credentials, config, want string
}{
	{plainKeys + "[b]\nx = AKIAIOSFODNN7EXAMPLE\n", "", `credentials:5 mentions the key where keycare cannot change it`},
	{plainKeys + "[b]\nx =\n  " + nameID + " = AKIAIOSFODNN7EXAMPLE\n", "", "credentials:"},
	{plainKeys, "[default]\nx = a AKIAIOSFODNN7EXAMPLE\n", `config:2 mentions the key`},
	{plainKeys + "[b]\n" + nameID + " = AKIAIOSFODNN7EXAMPLE\n" + nameSecret + " = other/secret\n", "", `credentials:5: profile "b" holds key AKIAIOSFODNN7EXAMPLE with another secret`},
	{plainKeys + nameSecret + " = second\n", "", `profile "default" has 2 lines aws_secret_access_key`},
	{"[default]\n" + nameID + " = AKIAIOSFODNN7EXAMPLE\n", "", `profile "default" has 0 lines aws_secret_access_key`},
	{"[profile a]\n" + plainPair, "", "credentials:2: the key is below a header that no AWS tool reads as a profile"},
	{"", "[a]\n" + plainPair, "config:2: the key is below a header that no AWS tool reads as a profile"},
	{plainPair + plainKeys, "", "credentials:1: the key is below a header"},
	{plainKeys + nameToken + " = tok\n", "", "there is a session token beside the key"},
	{"[default]\n" + nameID + " = AKIAIOSFODNN7EXAMPLE # note\n" + nameSecret + " = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", "", "credentials:2 mentions the key where"},
	{plainKeys + "junk\n", "", "read differently by AWS tools"},
	{plainKeys + "[b]\nx = \"\n", "", "read differently by AWS tools"},
	{plainKeys + "[b]\n[b]\n", "", "a second section of the same name"},
	{bom + plainKeys, "", "byte order mark"},
	{"[prod]\nx = 1\n[dev] junk\n" + plainPair, "", "text after the ] of a header"},
	{"[ default ]\n" + plainPair, "", "spaces inside the brackets"},
	{"[default]\n" + nameID + " = AKIAIOSFODNN7EXAMPLE\nmfa_serial = x\n  " + plainPair, "", `credentials:2: profile "default" has more than one line aws_access_key_id (the other is line 4)`},
	{plainKeys + "[b]\n# old\r" + plainPair, "", "credentials:5: a carriage return ends the comment here"},
	{plainKeys + "[b]\nx = 1\n[c]\u00a0\n" + plainPair + "[c]\n", "", "a second section of the same name"},
	{"[default]\n  " + strings.Replace(plainPair, "\n", "\n    ", 1), "", "indented more"},
}

func TestPlanRefuses(t *testing.T) {
	for _, c := range planRefusals {
		s := NewSet(Paths{Credentials: "credentials", Config: "config"}, c.credentials, c.config)
		_, err := s.Plan(Swap{From: []Pair{testOld}, To: testNew})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("credentials %q, config %q: got %v, want %q", c.credentials, c.config, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), testOld.Secret.Reveal()[5:]) || strings.Contains(err.Error(), "other/secret") || strings.Contains(err.Error(), testNew.Secret.Reveal())) {
			t.Errorf("the reason shows a secret: %v", err)
		}
	}
}

func TestPlanRefusesSwap(t *testing.T) {
	paths := Paths{Credentials: "credentials", Config: "config"}
	doubtful := Paths{Credentials: "~/c", Config: "config", Doubts: []string{"a doubtful path"}}
	for _, c := range []struct {
		paths Paths
		swap  Swap
		want  string
	}{
		{paths, Swap{[]Pair{testOld}, testOld}, "old and new key are the same"},
		{paths, Swap{[]Pair{testOld}, Pair{"AKIA\nX = 1", testNew.Secret}}, "characters that no AWS key has"},
		{paths, Swap{[]Pair{testOld}, Pair{testNew.ID, NewSecret("a b c d e")}}, "characters that no AWS key has"},
		{paths, Swap{[]Pair{testOld}, Pair{testNew.ID, Secret{}}}, "characters that no AWS key has"},
		{doubtful, Swap{[]Pair{testOld}, testNew}, "a doubtful path"},
	} {
		if _, err := NewSet(c.paths, plainKeys, "").Plan(c.swap); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.swap, err, c.want)
		}
	}
}

func TestPlan(t *testing.T) {
	idOf := func(p Pair) string { return nameID + " = " + p.ID + "\n" }
	secretOf := func(p Pair) string { return nameSecret + " = " + p.Secret.Reveal() + "\n" }
	third := Pair{"AKIAZAVB57H55F3THIRD", NewSecret("third/third/third/third/third/third/thir")}
	for _, c := range []struct {
		name                  string
		credentials, config   string
		from                  []Pair
		wantCreds, wantConfig string
		places                string
	}{
		{"plain", plainKeys, "", []Pair{testOld}, "[default]\n" + newPair, "", "credentials:2"},
		{"not there", "[default]\n" + idOf(third) + secretOf(third), "", []Pair{testOld}, "[default]\n" + idOf(third) + secretOf(third), "", ""},
		{"two profiles", plainKeys + "[b]\n" + plainPair, "", []Pair{testOld}, "[default]\n" + newPair + "[b]\n" + newPair, "", "credentials:2 credentials:5"},
		{"in both files", plainKeys, "[default]\nregion = x\n" + plainPair, []Pair{testOld}, "[default]\n" + newPair, "[default]\nregion = x\n" + newPair, "credentials:2 config:3"},
		{"shadowed in config", "[default]\n" + idOf(third) + secretOf(third), "[default]\n" + plainPair, []Pair{testOld},
			"[default]\n" + idOf(third) + secretOf(third), "[default]\n" + newPair, "config:2"},
		{"other pair shadowed", plainKeys, "[default]\n" + idOf(third) + secretOf(third), []Pair{testOld},
			"[default]\n" + newPair, "[default]\n" + idOf(third) + secretOf(third), "credentials:2"},
		{"profile header", "", "[profile b]\n" + plainPair, []Pair{testOld}, "", "[profile b]\n" + newPair, "config:2"},
		{"in a comment", "# AKIAIOSFODNN7EXAMPLE\n" + plainKeys, "", []Pair{testOld}, "# AKIAIOSFODNN7EXAMPLE\n[default]\n" + newPair, "", "credentials:3"},
		{"CRLF, odd spacing, no last line end", "[default]\r\n" + nameSecret + "=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY \r\n" + nameID + "\t=\tAKIAIOSFODNN7EXAMPLE", "", []Pair{testOld},
			"[default]\r\n" + nameSecret + "=" + testNew.Secret.Reveal() + " \r\n" + nameID + "\t=\t" + testNew.ID, "", "credentials:3"},
		{"capitals", "[default]\nAWS_ACCESS_KEY_ID = AKIAIOSFODNN7EXAMPLE\n" + secretOf(testOld), "", []Pair{testOld},
			"[default]\nAWS_ACCESS_KEY_ID = " + testNew.ID + "\n" + secretOf(testNew), "", "credentials:2"},
		{"new ID, old secret", "[default]\n" + idOf(third) + secretOf(testOld), "", []Pair{testOld, third}, "[default]\n" + newPair, "", "credentials:2"},
		{"old ID, new secret", "[default]\n" + idOf(testOld) + secretOf(testNew), "", []Pair{testOld, testNew}, "[default]\n" + newPair, "", "credentials:2"},
		{"one already new", "[default]\n" + newPair + "[b]\n" + plainPair, "", []Pair{testOld, testNew}, "[default]\n" + newPair + "[b]\n" + newPair, "", "credentials:5"},
		{"space in the profile name", "[a b]\n" + plainPair, "", []Pair{testOld}, "[a b]\n" + newPair, "", "credentials:2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSet(Paths{Credentials: "credentials", Config: "config"}, c.credentials, c.config)
			p, err := s.Plan(Swap{From: c.from, To: testNew})
			if err != nil {
				t.Fatal(err)
			}
			if p.After.Credentials.Text != c.wantCreds || p.After.Config.Text != c.wantConfig {
				t.Errorf("credentials %q, config %q,\nwant %q, %q", p.After.Credentials.Text, p.After.Config.Text, c.wantCreds, c.wantConfig)
			}
			var places []string
			for _, pl := range p.Places {
				places = append(places, strings.SplitN(pl.String(), " ", 2)[0])
			}
			if got := strings.Join(places, " "); got != c.places {
				t.Errorf("places %s, want %s", got, c.places)
			}
			diff := p.Diff("")
			if strings.Contains(diff, testOld.Secret.Reveal()) || strings.Contains(diff, testNew.Secret.Reveal()) {
				t.Errorf("the diff shows a secret:\n%s", diff)
			}
			if c.places != "" && !strings.Contains(diff, testNew.ID) {
				t.Errorf("the diff does not show the new ID:\n%s", diff)
			}
		})
	}
}

func TestCheckWithSDK(t *testing.T) {
	for config, want := range map[string]string{
		"":                                   "",
		"[default]\nretry_mode = standard\n": "",
		"[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = default\n": "",
		"[default]\nretry_mode = wrong\n":                                              "", // what it rejects is no part of the key
		"[default]\nsource_profile = default\n":                                        "",
		"[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = b\n": "no access key",
	} {
		credentials := plainKeys + strings.Replace("[b]\n"+newPair, "T4NEW", "T4ELS", 1)
		s := NewSet(writeSet(t, credentials, config), credentials, config)
		p, err := s.Plan(Swap{From: []Pair{testOld}, To: testNew})
		if err != nil {
			t.Errorf("config %q: %v", config, err)
			continue
		}
		err = p.CheckWithSDK(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("config %q: got %v, want %q", config, err, want)
		}
	}
}

func TestApplyEdits(t *testing.T) {
	edits := []edit{{Span{4, 6}, "XYZ"}, {Span{0, 1}, ""}, {Span{6, 6}, "+"}}
	got, err := applyEdits("abcdefgh", edits)
	if err != nil || got != "bcdXYZ+gh" {
		t.Errorf("got %q, %v", got, err)
	}
	if back, err := undoEdits(got, "abcdefgh", edits); err != nil || back != "abcdefgh" {
		t.Errorf("undone: %q, %v", back, err)
	}
	if got, err := applyEdits("abc", nil); err != nil || got != "abc" {
		t.Errorf("without edits: %q, %v", got, err)
	}
	if _, err := applyEdits("abc", []edit{{Span{0, 2}, ""}, {Span{1, 3}, ""}}); err == nil {
		t.Error("overlapping edits are no error")
	}
}
