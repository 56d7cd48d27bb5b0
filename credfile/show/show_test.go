package show_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"keycare/credfile/show"
)

func TestTextShowsEveryCharacter(t *testing.T) {
	for in, want := range map[string]string{
		"prod":            "prod",
		"größe 名前":        "größe 名前",
		"\x1b[31mred":     `\x1b[31mred`,
		"a\rb":            `a\rb`,
		"a\bb":            `a\bb`,
		"a\x7fb":          `a\x7fb`,
		"a\u009bb":        `a\u009bb`,
		"a\u202eb":        `a\u202eb`,
		"a\u200bb":        `a\u200bb`,
		"a\ufeffb":        `a\ufeffb`,
		"a\u00a0b":        `a\u00a0b`,
		"a\u2028b":        `a\u2028b`,
		"a\ufe0fb":        `a\ufe0fb`,
		"a\u3164b":        `a\u3164b`,
		"a\u034fb":        `a\u034fb`,
		"a\u2800b":        `a\u2800b`,
		"a\U000e0041b":    `a\U000e0041b`,
		"a\xffb\xc3":      `a\xffb\xc3`,
		"a\nb":            `a\nb`,
		"a\tb":            "a b",
		`C:\Users\me "x"`: `C:\Users\me "x"`,
		"a\ufffdb":        "a\ufffdb", // it is in the text, not made of bytes that are none
	} {
		if got := show.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
		if got := show.Text(in); !show.Printable(got) {
			t.Errorf("Text(%q) = %q does not show as itself", in, got)
		}
	}
	if got := show.Flow("a\nb\tc\x1b"); got != `a b c\x1b` {
		t.Errorf("Flow: %q", got)
	}
	if got := show.Lines("a\n\tb\r\n\x1bc"); got != "a\n\tb\\r\n\\x1bc" {
		t.Errorf("Lines: %q", got)
	}
}

func TestExactlyAKeyID(t *testing.T) {
	const id, secret = "AKIAOURKEYOF00000001", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for _, ok := range []string{id, "ASIAOURKEYOF00000001", "ABIAOURKEYOF00000001", "ACCAOURKEYOF00000001"} {
		if !show.IsKeyID(ok) || show.KeyID(ok) != ok {
			t.Errorf("%q is a key ID", ok)
		}
	}
	for _, no := range []string{
		"", "AKIA", id[:19], id + "A", id + "," + secret, id + " " + secret, id + secret, id + "[None]", secret,
		strings.ToLower(id), "AIDAOURKEYOF00000001", " " + id[:19], "AKIAOURKEYOF0000000\u00e9", `"` + id + `"`, id + "\n",
		"AKIAOURKEYOF0000000/", secret[:20],
	} {
		if show.IsKeyID(no) {
			t.Errorf("%q is no key ID", no)
		}
		if got := show.KeyID(no); no != "" && strings.Contains(got, no) {
			t.Errorf("KeyID(%q) = %q shows it", no, got)
		}
	}
}

func TestSecretLike(t *testing.T) {
	const id, secret = "AKIAOURKEYOF00000001", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for _, s := range []string{
		secret, id + "," + secret, id + " x", "https://" + secret + ".example", "us-east-1 " + secret, id + id, `{"id":"` + id + `"}`, secret + "%",
	} {
		if !show.SecretLike(s) {
			t.Errorf("%q may be a secret", s)
		}
		for _, got := range []string{show.Name(s), show.Plain(s), show.Names([]string{"a", s})} {
			if strings.Contains(got, secret) || strings.Contains(got, id) {
				t.Errorf("%q shows %q", got, s)
			}
		}
	}
	for _, s := range []string{"", id, "default", "us-east-1", "arn:aws:iam::123456789012:mfa/some.person", "https://vpce-0123456789abcdef0-abcdefgh.sts.us-east-1.vpce.amazonaws.com",
		"arn:aws:iam::123456789012:role/OrganizationAccountAccessRole"} {
		if show.SecretLike(s) {
			t.Errorf("%q is no secret", s)
		}
	}
}

// Long names are names, and next to no secret is taken for one.
func TestLongNames(t *testing.T) {
	for _, name := range []string{
		"CompanyNameProductionAdministratorAccess", "mycompanyproductionadministratoraccess01", "PRODUCTIONEUWEST1ADMINISTRATORREADONLYROLE",
		"DevOpsEuWest1ProdAdminRoReadOnlyAccess123", "AcmeCorpEUCentral1ProductionDBAdminAccess", "OrganizationAccountAccessRole123456789012",
		"prod/eu/west/1/team/platform/role/deployer", "companydivisionteamprojectenvironmentregion", "home/someone/projects/company/infrastructure2024",
		"AdministratorAccessForTheDataPlatformTeamInProduction", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "Users/JaneDoe/Library/ApplicationSupport/Aws2",
		"https://signin.example.com/start/CompanyNameProductionAdministratorAccess1",
		"arn:aws:iam::123456789012:role/CompanyPlatform/ContinuousIntegrationDeploymentRole2",
	} {
		if show.SecretLike(name) {
			t.Errorf("%q is a name", name)
		}
	}
	for _, secret := range []string{
		"Sup3rS3cr3tK3yTh4tSh0uldN3v3rB3Sh0wnEv3r", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
		"CompanyNameProductionAdministratorAccess" + "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
		"case+one/case+one/case+one/case+one/abcd", "secret/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	} {
		if !show.SecretLike(secret) {
			t.Errorf("%q may be a secret", secret)
		}
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	r := rand.New(rand.NewPCG(1, 2))
	missed, all := 0, 50_000
	for range all {
		b := make([]byte, 40)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		if !show.SecretLike(string(b)) {
			missed++
		}
	}
	t.Logf("%d of %d random secrets are taken for names", missed, all)
	if missed > all/5000 {
		t.Errorf("%d of %d random secrets are taken for names", missed, all)
	}
}

func TestKeyIDsIn(t *testing.T) {
	got := show.KeyIDsIn("export AWS_ACCESS_KEY_ID=AKIAOURKEYOF00000001; 'ASIAOURKEYOF00000002' xAKIAOURKEYOF00000003 AKIAOURKEYOF000000045 AKIAOURKEYOF00000005,AKIAOURKEYOF00000006")
	if want := "AKIAOURKEYOF00000001 ASIAOURKEYOF00000002 AKIAOURKEYOF00000005 AKIAOURKEYOF00000006"; strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		n           int
		thing, want string
	}{{1, "key", "1 key"}, {0, "key", "0 keys"}, {2, "policy", "2 policies"}, {3, "place", "3 places"}, {2, "fix", "2 fixes"}} {
		if got := show.Count(c.n, c.thing); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := show.Are(1, "rotation") + show.Are(2, "rotation"); got != "1 rotation is2 rotations are" {
		t.Error(got)
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", time.Hour: "1h", 90 * 24 * time.Hour: "90d", 36 * time.Hour: "1d12h", 48 * time.Hour: "2d",
		90 * time.Minute: "1h30m", 2 * time.Minute: "2m", 90 * time.Second: "1m30s", 0: "0s", 1500 * time.Millisecond: "1.5s",
		20 * time.Hour: "20h", 10 * time.Minute: "10m", time.Hour + 5*time.Second: "1h0m5s", -time.Hour: "-1h",
		24*time.Hour + time.Minute: "1d1m",
	} {
		if got := show.Duration(d); got != want {
			t.Errorf("Duration(%d) = %s, want %s", d, got, want)
		}
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		23*time.Hour + time.Minute: "in 23h", 72 * time.Hour: "in 3d", 30 * time.Hour: "in 30h", 5 * time.Minute: "in 5m",
		time.Second: "now", -3 * time.Hour: "3h ago",
	} {
		if got := show.Until(now.Add(d), now); got != want {
			t.Errorf("Until(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string]string{
		"/home/me":        "~",
		"/home/me/x":      "~/x",
		"/home/mex":       "/home/mex",
		"/home/me/a\x1bb": `~/a\x1bb`,
	} {
		if got := show.Path(in, "/home/me"); got != want {
			t.Errorf("Path(%q) = %q, want %q", in, got, want)
		}
	}
	if got := show.Paths(`"/home/me/x" and /srv/home/me/x: /home/me/y, /home/me`, "/home/me"); got != `"~/x" and /srv/home/me/x: ~/y, /home/me` {
		t.Error(got)
	}
	if show.Sentence("the key") != "The key" || show.Sentence("keycare does") != "keycare does" || show.Sentence("") != "" {
		t.Error("Sentence")
	}
}
