package credfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	plainPair = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
	plainKeys = "[default]\n" + plainPair
)

// diagnosticCases has at least one text for each quirk. want is "line:col quirk"
// for everything that is reported.
var diagnosticCases = []struct {
	kind FileKind
	text string
	want []string
}{
	{CredentialsFile, bom + plainKeys, []string{"1:1 bom"}},
	{CredentialsFile, "[a]\nx = 1\n# \xff\n", []string{"3:1 not-utf8"}},
	{CredentialsFile, "[a]\nx = 1\n# a\rb = 2\n", []string{"3:4 lone-cr"}},
	{CredentialsFile, "# fine\nx = 1\n[a]\n", []string{"2:1 no-section"}},
	{CredentialsFile, "junk\n[a]\n", []string{"1:1 no-section"}},
	{CredentialsFile, "\u200b[a]\nx = 1\n", []string{"1:1 header-hidden", "2:1 no-section"}},
	{CredentialsFile, "[b]\n\x1b[a]\nx = 1\n", []string{"2:1 header-hidden"}},
	{CredentialsFile, "[a]\nexport\nx = 1\n", []string{"2:1 no-delimiter"}},
	{CredentialsFile, "[a]\nAWS_access_key_id X\naws_access_key_id\n", []string{"2:1 key-no-delimiter", "3:1 no-delimiter"}},
	{CredentialsFile, "[a]\n\ufeff[b]\nx = 1\n", []string{"2:1 header-hidden"}},
	{CredentialsFile, "\ufeff[a]\nx = 1\n", []string{"1:1 bom"}},
	{CredentialsFile, "[a]\n= 1\n", []string{"2:1 no-name"}},
	{CredentialsFile, "[a]\ns3 =\n  = 1\n", []string{"3:1 no-name"}},
	{CredentialsFile, "[a]\nx : 1\n", []string{"2:3 colon"}},
	{CredentialsFile, "[a]\nx = 1\n[b\n", []string{"3:1 header-open"}},
	{CredentialsFile, "[a] junk\n", []string{"1:4 header-tail"}},
	{CredentialsFile, "[a] # fine\n[b]; fine\n", nil},
	{CredentialsFile, "[a] # was [b]\n", []string{"1:4 header-tail-bracket"}},
	{CredentialsFile, "[a#b]\n", []string{"1:2 header-hash"}},
	{CredentialsFile, "[]\n", []string{"1:1 header-empty"}},
	{CredentialsFile, "[ ]\n", []string{"1:1 header-empty"}},
	{CredentialsFile, "[ a ]\n", []string{"1:2 header-spaces"}},
	{ConfigFile, "[profile  a]\n[profile\tb]\n", []string{"1:2 header-gap", "2:2 header-gap"}},
	{ConfigFile, "[profile \"a\"]\n", []string{"1:2 header-quotes"}},
	{CredentialsFile, "[my team]\n", []string{"1:2 name-space"}},
	{ConfigFile, "[profile a!b]\n", []string{"1:2 name-chars"}},
	{CredentialsFile, "[profile a]\n", []string{"1:2 prefix-in-credentials"}},
	{ConfigFile, "[a]\n[sso-session b]\n[services c]\n[plugins]\n[preview]\n", []string{"1:2 no-prefix-in-config"}},
	{CredentialsFile, "[DEFAULT]\n", []string{"1:2 default-caps"}},
	{CredentialsFile, "[a]\n[b]\n[a]\n", []string{"3:1 twice-section"}},
	{ConfigFile, "[profile a]\n[profile \"a\"]\n", []string{"2:2 header-quotes", "2:1 twice-section"}},
	{ConfigFile, "[default]\n[profile default]\n", []string{"2:1 twice-default"}},
	{ConfigFile, "[profile default]\n[default]\n", []string{"2:1 twice-default"}},
	{CredentialsFile, "[a]\nx = 1\nX = 2\n[b]\nx = 1\n", []string{"3:1 twice-setting"}},
	{CredentialsFile, "[a]\nx = 1 # y\nz = 1\t; y\n", []string{"2:7 inline-comment", "3:7 inline-comment"}},
	{CredentialsFile, "[a]\nx = #1\ny = ; 1\n", []string{"2:5 value-comment", "3:5 value-comment"}},
	{CredentialsFile, "[a]\nx = \"1\"\ny = '1'\nz = \"1\n", []string{"2:5 value-quotes", "3:5 value-quotes"}},
	{CredentialsFile, "[a]\nx = \"\n", []string{"2:5 lone-quote"}},
	{CredentialsFile, "[a]\ns3 =\n  x = '\n", []string{"3:7 lone-quote"}},
	{CredentialsFile, "[a]\nx =\u00a01\v\n", []string{"2:4 value-space"}},
	{CredentialsFile, "[a]\n\u00a0x\u3000= 1\ny\f=\v2\u2028\n", []string{"2:1 odd-space", "2:4 odd-space", "2:1 indented", "3:2 odd-space", "3:4 value-space"}},
	{CredentialsFile, "\u0085[a]\n[\u2003b]\n", []string{"1:1 odd-space", "1:1 indented", "2:2 header-spaces"}},
	{CredentialsFile, "[a]\naws_session_token = x\naws_security_token = x\n[b]\naws_security_token = x\naws_session_token = y\n", []string{"3:1 old-token-same", "5:1 old-token-other"}},
	{ConfigFile, "[profile O'Brien]\n", []string{"1:2 header-quote-open", "1:2 name-chars"}},
	{CredentialsFile, "[a]\nx = 1\ny = 2[b]\nx = 3\n", []string{"3:6 header-glued"}},
	{CredentialsFile, "[a]\nx = 1\ny = [b]\nz = 3\n", nil},
	{CredentialsFile, "[a-[b]/c]\n[d]]\n", []string{"1:2 name-chars", "2:2 name-chars"}},
	{CredentialsFile, "[a]\nAWS Access Key ID [None]: x\n", nil},
	{ConfigFile, "[profiles a]\n[profile-b c]\n[profiles]\n", []string{"1:2 prefix-odd", "2:2 prefix-odd", "3:2 no-prefix-in-config"}},
	{ConfigFile, "[profile\u00a0a]\n", []string{"1:9 header-odd-space", "1:2 no-prefix-in-config"}},
	{CredentialsFile, "[a]\nx = 1\n  y = 2\n", []string{"3:1 indented-setting"}},
	{CredentialsFile, "[a]\nx = 1\n  [b]\n", []string{"3:1 indented-header"}},
	{CredentialsFile, "[a]\n  x = 1\n  y = 2\n", []string{"2:1 indented", "3:1 indented"}},
	{CredentialsFile, "  [a]\n", []string{"1:1 indented"}},
	{CredentialsFile, "[a]\nx = 1\n  # y\n", []string{"3:1 indented-comment"}},
	{CredentialsFile, "[a]\nx = 1\n  more\n", []string{"3:1 continuation"}},
	{ConfigFile, "[profile a]\ns3 =\n  x = 1\n\n  y =\n  # z\n", nil},
	{ConfigFile, "[profile a]\ns3 =\n  x\n", []string{"3:1 nested-bad"}},
	{ConfigFile, "[profile a]\ns3 =\n  x : 1\n", []string{"3:1 nested-bad"}},
	{CredentialsFile, "[a]\ns3 =\n  aws_access_key_id = x\n", []string{"3:1 nested-key"}},
	{CredentialsFile, "[a]\nAWS_ACCESS_KEY_ID = x\nRegion = y\n", []string{"2:1 caps"}},
	{CredentialsFile, "[a]\n\"x\" = y\n`z = y\n", []string{"2:1 name-quotes", "3:1 name-quotes"}},
	{CredentialsFile, "[a]\nx = `y`\n", []string{"2:5 backtick"}},
	{CredentialsFile, "[a]\naws_security_token = y\n", []string{"2:1 old-token"}},
	// Clean: what people write and every tool reads alike.
	{CredentialsFile, "", nil},
	{CredentialsFile, plainKeys, nil},
	{CredentialsFile, "# keys\r\n\r\n" + strings.ReplaceAll(plainKeys, "\n", "\r\n") + "\r\n[a.b-c/d@e+f:g%h_i]\r\nregion=eu-west-1", nil},
	{ConfigFile, "[default]\nregion = eu-west-1\n[profile a]\nca_bundle = C:\\certs\\\nx = a#b;c=d:e\n", nil},
}

func TestDiagnostics(t *testing.T) {
	used := map[Quirk]bool{}
	for _, c := range diagnosticCases {
		f := Parse("f", c.kind, c.text)
		var got []string
		for _, d := range f.Diagnostics() {
			got = append(got, fmt.Sprintf("%d:%d %s", d.Pos.Line, d.Pos.Col, d.Quirk))
			used[d.Quirk] = true
			text := QuirkTexts[d.Quirk]
			if text.What == "" || text.Tools == "" || text.Repair == "" {
				t.Errorf("quirk %q has no complete text", d.Quirk)
			}
			if s := d.String(); !strings.HasPrefix(s, fmt.Sprintf("f:%d:%d: %s", d.Pos.Line, d.Pos.Col, text.What)) {
				t.Errorf("diagnostic reads %q", s)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s file %q: got %q, want %q", c.kind, c.text, got, c.want)
		}
	}
	for q := range QuirkTexts {
		if !used[q] {
			t.Errorf("no test reports quirk %q", q)
		}
	}
}

func TestDiagnosticProfile(t *testing.T) {
	for text, want := range map[string]string{
		"[a]\nx : 1\n":        "a",
		"[a]\nx = 1\n[b]\ny:": "b",
		"x = 1\n":             "",
	} {
		if d := Parse("f", CredentialsFile, text).Diagnostics(); len(d) != 1 || d[0].Profile != want {
			t.Errorf("%q: got %+v, want one of profile %q", text, d, want)
		}
	}
}
