package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
	"keycare/report/format"
)

// made is a made-up machine for the screens of the audit: its files, and what AWS
// says about the keys in them.
type made struct {
	text strings.Builder
	in   report.Input
	now  time.Time
}

func newMade() *made {
	m := &made{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	paths := credfile.Paths{Credentials: "/home/dana/.aws/credentials", Config: "/home/dana/.aws/config"}
	m.in = report.Input{
		Now: m.now, Online: map[string]facts.Online{},
		AWSFiles: home.AWSFiles{GOOS: "linux", Files: []home.FileFact{
			{Path: paths.Credentials, Exists: true, Mode: 0o600, ModeKnown: true, HardLinks: 1},
			{Path: paths.Config, Kind: credfile.ConfigFile, Exists: true, Mode: 0o600, ModeKnown: true, HardLinks: 1},
		}},
	}
	return m
}

// ID is the n-th key ID.
func (m *made) id(n int) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	return "AKIAZAVB57H55F3T4" + string([]byte{digits[n>>10&31], digits[n>>5&31], digits[n&31]})
}

// key puts a key of a user of an account into a profile. It is so many days old,
// and was used yesterday.
func (m *made) key(n int, profile, user, account string, age int, change ...func(*facts.Online)) {
	day := 24 * time.Hour
	fmt.Fprintf(&m.text, "[%s]\naws_access_key_id = %s\naws_secret_access_key = notASecretJustTheShapeOfOne%013d\n\n", profile, m.id(n), n)
	o := facts.Online{KeyID: m.id(n),
		Identity: facts.Answered(facts.Identity{ARN: "arn:aws:iam::" + account + ":user/" + user, UserID: "AIDA" + strings.ToUpper(user), Account: account}),
		Created:  facts.Answered(m.now.Add(-time.Duration(age)*day - time.Hour)),
		Status:   facts.Answered("Active"),
		LastUsed: facts.Answered(facts.Use{At: m.now.Add(-day), Service: "s3", Region: "eu-west-1"}),
		User: &facts.UserFacts{Name: user, MFA: facts.Answered([]string{"arn:aws:iam::" + account + ":mfa/" + user}),
			Password: facts.Answered(facts.Password{Used: facts.Answered(time.Time{})}), Attached: facts.Answered([]string(nil)),
			Inline: facts.Answered([]facts.InlinePolicy(nil)), Groups: facts.Answered([]facts.Group(nil)),
			Certificates: facts.Answered([]string(nil)), Services: facts.Answered([]facts.ServiceCredential(nil))},
		Others: facts.Answered([]facts.OtherKey(nil)),
		Account: &facts.AccountFacts{ID: account, Root: facts.Answered(facts.RootFacts{MFA: 1}), RootVirtual: facts.Answered(false), RootUse: facts.Answered(facts.Use{}),
			Password: facts.Answered(facts.PasswordPolicy{MinLength: 8, Default: true})},
	}
	for _, c := range change {
		c(&o)
	}
	m.in.Online[o.KeyID] = o
}

func (m *made) report(config string) *report.Report {
	m.in.Set = credfile.NewSet(credfile.Paths{Credentials: m.in.AWSFiles.Files[0].Path, Config: m.in.AWSFiles.Files[1].Path}, m.text.String(), config)
	return report.Audit(m.in)
}

func asRoot(o *facts.Online) {
	account := o.Identity.Value.Account
	o.Identity = facts.Answered(facts.Identity{ARN: "arn:aws:iam::" + account + ":root", UserID: account, Account: account})
	o.User, o.Account.Root = nil, facts.Answered(facts.RootFacts{Keys: 1})
}

func consoleWithoutMFA(m *made) func(*facts.Online) {
	return func(o *facts.Online) {
		o.User.MFA = facts.Answered([]string(nil))
		o.User.Password = facts.Answered(facts.Password{Exists: true, Set: m.now.AddDate(0, -1, 0), Used: facts.Answered(m.now.AddDate(0, 0, -3))})
	}
}

func unused(m *made) func(*facts.Online) {
	return func(o *facts.Online) {
		o.LastUsed = facts.Answered(facts.Use{At: m.now.AddDate(0, 0, -120), Service: "ec2", Region: "us-east-1"})
	}
}

// oneProfile is a developer's laptop with one old key.
func oneProfile() *report.Report {
	m := newMade()
	m.key(1, "default", "dana", "123456789012", 412)
	return m.report("[default]\nregion = eu-central-1\n")
}

// deep is what a deep audit learns: a server uses the key too, and its user may do more
// than it does.
func deep(m *made) func(*facts.Online) {
	day := 24 * time.Hour
	return func(o *facts.Online) {
		o.Activity = facts.Answered(facts.Activity{Since: m.now.Add(-90 * day), Until: m.now, Events: 4310, Failed: 17, First: m.now.Add(-89 * day), Last: m.now.Add(-time.Hour),
			Addresses: []facts.Seen{{Name: "198.51.100.24", Count: 3904, Last: m.now.Add(-time.Hour)}, {Name: "203.0.113.7", Count: 406, Last: m.now.Add(-5 * time.Hour)}},
			Agents:    []facts.Seen{{Name: "Boto3", Count: 3904}, {Name: "AWS CLI", Count: 371}, {Name: "keycare", Count: 35}},
			Regions:   []facts.Seen{{Name: "eu-central-1", Count: 4200}, {Name: "us-east-1", Count: 110}},
			Services:  []facts.Seen{{Name: "sqs", Count: 3904}, {Name: "ec2", Count: 290}, {Name: "s3", Count: 81}, {Name: "iam", Count: 35}}})
		policy := "arn:aws:iam::" + o.Identity.Value.Account + ":policy/Developers"
		o.User.Groups = facts.Answered([]facts.Group{{Name: "developers", Attached: facts.Answered([]string{policy}), Inline: facts.Answered([]facts.InlinePolicy(nil))}})
		o.User.Managed = map[string]facts.Answer[facts.Grants]{policy: facts.Answered(facts.GrantsSome)}
		o.User.Boundary = facts.Answered(facts.Boundary{})
		o.User.Powers = facts.Answered(facts.PowersOf([]string{"s3:GetObject", "s3:DeleteObject", "ec2:RunInstances", "iam:PassRole", "secretsmanager:GetSecretValue"}, nil))
		used := []facts.ServiceUse{{Service: "sqs", At: m.now.Add(-day)}, {Service: "ec2", At: m.now.Add(-3 * day)}, {Service: "s3", At: m.now.Add(-4 * day)}}
		o.User.Access = facts.Answered(facts.Access{Granted: 37, Used: used, Unused: make([]string, 34)})
		o.Account.SecurityContact = facts.Answered(false)
	}
}

// deepProfile is the laptop with one key, audited deep.
func deepProfile() *report.Report {
	m := newMade()
	m.in.Deep = true
	m.key(1, "default", "dana", "123456789012", 412, deep(m))
	return m.report("[default]\nregion = eu-central-1\n")
}

// fiveProfiles has a root key, a shared old key, an unused one, and a file that
// others can read.
func fiveProfiles() *report.Report {
	m := newMade()
	m.in.AWSFiles.Files[0].Mode = 0o644
	m.in.KeyFiles = []home.KeyFile{{KeyFile: copies.KeyFile{Named: copies.Named{Path: "/home/dana/.aws/credentials.bak", Place: copies.AWSCopy}, Copies: []copies.Copy{{KeyID: m.id(2)}}}}}
	m.key(1, "default", "root", "123456789012", 900, asRoot)
	m.key(2, "work", "dana", "123456789012", 412, consoleWithoutMFA(m))
	m.key(2, "deploy", "dana", "123456789012", 412, consoleWithoutMFA(m))
	m.key(3, "ci", "dana-ci", "123456789012", 12)
	m.key(4, "customer", "dana", "210987654321", 200, unused(m))
	return m.report("[default]\nregion = eu-central-1\n\n[profile work]\nregion = eu-central-1\n")
}

// sixtyProfiles is a consultant's: twelve accounts, keys of every age.
func sixtyProfiles() *report.Report {
	m := newMade()
	for i := range 60 {
		account := fmt.Sprintf("1000000000%02d", i%12)
		var change []func(*facts.Online)
		switch {
		case i == 7 || i == 31:
			change = append(change, asRoot)
		case i%10 == 4:
			change = append(change, consoleWithoutMFA(m))
		case i%10 == 5:
			change = append(change, unused(m))
		}
		m.key(i, fmt.Sprintf("customer-%02d", i), fmt.Sprintf("user%d", i), account, 17*i%500, change...)
	}
	return m.report("")
}

func TestScreensAudit(t *testing.T) {
	machines := map[string]func() *report.Report{"1": oneProfile, "deep": deepProfile, "5": fiveProfiles, "60": sixtyProfiles}
	for _, c := range []struct {
		machine, flags string
		look           format.Options
	}{
		{"1", "", format.Options{}},
		{"5", "", format.Options{}},
		{"60", "", format.Options{}},
		{"deep", "", format.Options{}},
		{"deep", " --details --all", format.Options{Details: true, All: true}},
		{"1", " --details", format.Options{Details: true}},
		{"5", " --details", format.Options{Details: true}},
		{"5", " --all", format.Options{All: true}},
		{"5", " --quiet", format.Options{Quiet: true}},
		{"5", " --group-by profile", format.Options{ByProfile: true}},
	} {
		for _, width := range []int{80, 120} {
			var out bytes.Buffer
			look := c.look
			look.Width, look.Home = width, "/home/dana"
			if err := format.Write(&out, "table", machines[c.machine](), look); err != nil {
				t.Fatal(err)
			}
			name := strings.NewReplacer(" --", "-", " ", "-").Replace(fmt.Sprintf("audit-%s%s-%d", c.machine, c.flags, width))
			screen(t, name, "keycare audit"+map[bool]string{true: " --deep"}[c.machine == "deep"]+c.flags, out.String())
			if lines := strings.Count(out.String(), "\n"); c.flags == "" && lines > 23 {
				t.Errorf("%s has %d lines", name, lines)
			}
			for line := range strings.Lines(out.String()) {
				if c.flags == "" && len(line)-1 > width {
					t.Errorf("%s: %d columns: %s", name, len(line)-1, line)
				}
			}
		}
	}
}

func TestScreensExplain(t *testing.T) {
	for _, width := range []int{80, 120} {
		text, _ := format.Explain("year-old-key", width)
		screen(t, fmt.Sprint("explain-", width), "keycare explain year-old-key", text)
	}
}

// What fix shows of a home that has something of each kind to fix.
func TestScreensFix(t *testing.T) {
	for name, words := range map[string][]string{"fix-dry-run": {"fix", "--dry-run"}, "fix": {"fix", "--yes"}, "fix-nothing-left": nil} {
		home := filepath.Join(t.TempDir(), "home")
		writeFile(t, filepath.Join(home, ".aws", "credentials"),
			"[work]\naws_access_key_id = \"AKIAZAVB57H55F3T4BKH\"\naws_secret_access_key = \"notARealSecretJustTheShapeOfOne000000000\"\n\n[a b]\nregion = eu-west-1\n", 0o600)
		for path, mode := range map[string]os.FileMode{".aws/credentials": 0o644, ".aws": 0o700} {
			if err := os.Chmod(filepath.Join(home, filepath.FromSlash(path)), mode); err != nil {
				t.Fatal(err)
			}
		}
		if words == nil {
			hereIn(home).run(t.Context(), "fix", "--yes")
			words = []string{"fix"}
		}
		h := hereIn(home)
		if code := h.run(t.Context(), words...); code != exitOK {
			t.Errorf("%s: exit code %d", name, code)
		}
		screen(t, name, "keycare "+strings.Join(words, " "), h.both.String(), home, "/home/dana")
	}
}

// "keycare" alone after an audit that found something.
func TestScreensStart(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	writeFile(t, filepath.Join(home, ".aws", "credentials"),
		"[work]\naws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = notARealSecretJustTheShapeOfOne000000000\n", 0o600)
	at := time.Date(2026, 11, 25, 17, 27, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		counts report.Counts
	}{{"start-after-findings", report.Counts{Critical: 1, High: 2, Medium: 1, Low: 4, Info: 5}}, {"start-after-nothing", report.Counts{Info: 3}}} {
		h := hereIn(home)
		rep := &report.Report{Time: at, Keys: 1, Counts: c.counts, Findings: []report.Finding{{Rule: "root-no-mfa", Severity: report.Critical}}}
		noteAudit(h.env, rep)
		if code := h.run(t.Context()); code != exitOK || h.talk.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s", c.name, code, &h.talk)
		}
		screen(t, c.name, "keycare", h.out.String(), at.Local().Format("2006-01-02 15:04 MST"), "2026-11-25 17:27 UTC")
	}
}
