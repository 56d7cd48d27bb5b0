package cli

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"keycare/credfile/disk"
	"keycare/report"
)

func TestReadPasswd(t *testing.T) {
	got := readPasswd("root:x:0:0:root:/root:/bin/sh\n# no user\n\nhalf:x:1:1\n+::::::\nlast:x:4294967294:7::/nonexistent:/usr/sbin/nologin\r\nbad:x:-1:0:::\nhuge:x:99999999999:0:::\n")
	want := []account{{"root", 0, 0, "/root"}, {"last", 4294967294, 7, "/nonexistent"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	got = readDirectory("nobody   -2\nann  501\n", "nobody   -2\nann  20\n", "nobody   /var/empty\nann      /Users/ann smith\nhalf  /x\n")
	want = []account{{"nobody", 4294967294, 4294967294, "/var/empty"}, {"ann", 501, 20, "/Users/ann smith"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// statOnly is a disk of which root may look at no more than what a home is.
type statOnly struct {
	disk.FS
	seen []string
}

func (s *statOnly) Stat(name string) (fs.FileInfo, error) {
	s.seen = append(s.seen, name)
	return os.Stat(name)
}

func TestHomesOf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no user's number")
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"ann", "zoe"} {
		if err := os.Mkdir(in(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(in("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if disk.Self() < 0 {
		t.Skip("users have no numbers here")
	}
	if err := os.Symlink(in("ann"), in("link")); err != nil {
		t.Fatal(err)
	}
	me := disk.Self()
	d := &statOnly{}
	homes, missing := homesOf(d, []account{
		{"zed", me + 7, 1, in("zoe")}, {"guest", me + 8, 1, in("link")}, {"ann", me, 1, in("ann")}, {"zoe", me + 9, 1, in("zoe")},
		{"gone", 5, 1, in("gone")}, {"file", 5, 1, in("file")}, {"below", 5, 1, in("file/x")}, {"relative", 5, 1, "x"}, {"none", 5, 1, ""},
	})
	var names []string
	for _, h := range homes {
		names = append(names, h.Name)
	}
	// One for each home: its owner, or else the first.
	if got := strings.Join(names, " "); got != "ann zed" || missing != 5 {
		t.Errorf("got %s, %d missing", got, missing)
	}
	if me != 0 {
		homes, _ = homesOf(d, []account{{"toor", 0, 0, in("ann")}})
		if len(homes) != 1 || !strings.Contains(homes[0].Refused, "root reads nothing there") {
			t.Errorf("got %+v", homes)
		}
	}
}

func TestReportFileNames(t *testing.T) {
	var homes []userHome
	for i, name := range []string{"ann", "../../etc/passwd", "Bob", "bob", "dom\\carl", "", "-x", ".ssh", "uid-9", strings.Repeat("a", 65)} {
		homes = append(homes, userHome{account: account{Name: name, UID: i}})
	}
	got := strings.Join(fileNames(homes), " ")
	if want := "ann.json uid-1.json uid-2.json uid-3.json uid-4.json uid-5.json uid-6.json uid-7.json uid-8.json uid-9.json"; got != want {
		t.Errorf("got %s", got)
	}
}

// What another user's process prints is taken for nothing but a report.
func TestForeignReport(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzQ8pLmX2v"
	text := func(change func(f *report.Finding, r *report.Report)) []byte {
		f := report.Finding{Rule: "old-key", Severity: report.Medium, Fingerprint: strings.Repeat("a", 32), What: "old", Profiles: []string{"x"}}
		r := &report.Report{Version: report.Version, Time: testEnv().Now()}
		if change != nil {
			change(&f, r)
		}
		r.Findings = []report.Finding{f}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	r, err := readForeignReport(text(func(f *report.Finding, r *report.Report) {
		f.KeyID = secret
		f.What, f.Why, f.Sources = "\x1b]0;x\x07 "+secret, secret, []string{"\x1b[2J"}
		f.Profiles, f.Repair.Command = []string{secret + "\u202e"}, "keycare \x1b[8m"+secret
		r.Counts.Critical, r.Unread = 7, []string{"/home/\x1b" + secret}
		r.SeveritySet = map[string]report.Severity{secret: report.Low}
		r.Accepted = []report.Accepted{{Finding: *f, Reason: secret}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	out, err := render(r)
	if err != nil || strings.Contains(out, secret[:20]) || strings.ContainsAny(out, "\x1b\x07\u202e") {
		t.Errorf("%v: %q", err, out)
	}
	if r.Counts != (report.Counts{Medium: 1}) || r.Excepted != 1 || r.Findings[0].Why != report.RuleByID("old-key").Why {
		t.Errorf("got %+v", r)
	}
	good := string(text(nil))
	for name, b := range map[string]string{
		"nothing": "", "no report": "{}", "a list": "[]", "more after it": good + "{}", "half": good[:len(good)-9],
		"another version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"no rule":         string(text(func(f *report.Finding, _ *report.Report) { f.Rule = "rm -rf" })),
		"no severity":     string(text(func(f *report.Finding, _ *report.Report) { f.Severity = report.AboveAll })),
		"no account":      string(text(func(f *report.Finding, _ *report.Report) { f.Account = "../x" })),
		"no fingerprint":  string(text(func(f *report.Finding, _ *report.Report) { f.Fingerprint = secret })),
	} {
		if _, err := readForeignReport([]byte(b)); err == nil {
			t.Errorf("%s is taken for a report", name)
		}
	}
	if _, err := readForeignReport([]byte(good)); err != nil {
		t.Error(err)
	}
}

// Root's proxy passwords, MFA program and keys are no user's.
func TestHandedOn(t *testing.T) {
	e := testEnv()
	var said strings.Builder
	e.Err = &said
	e.Environ = []string{
		"HTTPS_PROXY=http://proxy:3128", "http_proxy=http://u:hunter22@proxy", "KEYCARE_MAX_AGE=30d", "KEYCARE_MFA_COMMAND=x", "KEYCARE_COPIES_FILES=x", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_PROFILE=x", "LD_PRELOAD=x", "AWS_CA_BUNDLE=/etc/ca.pem", "XDG_STATE_HOME=/root", "KEYCARE_LONG=1", "AWS_ENDPOINT_URL_IAM=http://x", "NO_PROXY=",
	}
	got := strings.Join(e.handedOn(), " ")
	if got != "HTTPS_PROXY=http://proxy:3128 KEYCARE_MAX_AGE=30d AWS_CA_BUNDLE=/etc/ca.pem AWS_ENDPOINT_URL_IAM=http://x" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(said.String(), "http_proxy holds a password") || strings.Contains(said.String(), "hunter22") {
		t.Errorf("said %s", said.String())
	}
}

func TestAllUsersVerdict(t *testing.T) {
	found := &report.Report{Findings: []report.Finding{{Severity: report.High}}, Counts: report.Counts{High: 1}}
	for name, c := range map[string]struct {
		all  []*userAudit
		want int
	}{
		"well":             {[]*userAudit{{Report: &report.Report{}}}, exitOK},
		"a finding":        {[]*userAudit{{Report: &report.Report{Files: []string{"x"}}}, {Report: found}}, exitFindings},
		"one was not read": {[]*userAudit{{Report: found}, {Why: "closed"}}, exitFailed},
		"one in part":      {[]*userAudit{{Report: found, Why: "in part"}}, exitFailed},
	} {
		err := merge(c.all, 0, testEnv().Now(), report.Origin{}).verdict(report.High)
		if got := exitCode(t.Context(), &env{Err: &strings.Builder{}}, err); got != c.want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func goodReport(t *testing.T) *report.Report {
	t.Helper()
	r, err := readForeignReport([]byte(`{"version":1,"time":"2026-01-02T03:04:05Z","files":["/h/.aws/credentials"],"findings":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// docs/json.md names each field of the document about all users.
func TestDocsAllUsers(t *testing.T) {
	_, page, _ := strings.Cut(readDoc(t, "../docs/json.md"), "### All users")
	page, _, _ = strings.Cut(page, "\n## ")
	for _, of := range []reflect.Type{reflect.TypeFor[merged](), reflect.TypeFor[mergedReport]()} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if of.Field(i).IsExported() && !strings.Contains(page, "`"+name+"`") {
				t.Errorf("docs/json.md does not name %s", name)
			}
		}
	}
}
