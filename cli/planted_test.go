package cli

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/credfile/show"
	"keycare/report/format"
	"keycare/rotate/awstest"
)

// planted is a secret access key that stands where none belongs.
const planted = "pLanTed/7sEcret+oNe9wHere0NoneBelongs1sT"

// plantedBedrock is an API key for Amazon Bedrock in the form of the real ones.
var plantedBedrock = "ABSK" + base64.StdEncoding.EncodeToString([]byte("BedrockAPIKey-pl4n-at-123456789012:"+planted+"plant+Ed"))

// hostile steers a terminal, turns text around and is not UTF-8.
const hostile = "ho\x1b[31mst\x1b]0;t\x07\b\x7f\u009bi\u202el\u200be\xff"

// homeFiles are the files of a home with a bit of everything. $ID and $SECRET
// are a working pair of its own, $URL is where AWS is.
var homeFiles = map[string]string{
	".aws/credentials": `# the keys of this machine
[default]
aws_access_key_id = $ID
aws_secret_access_key = $SECRET
[session]
aws_access_key_id = ASIAQAAAAAAAQAAAAAAA
aws_secret_access_key = sEss10nSecretsEss10nSecretsEss10nSecret/
aws_session_token = t0kenT0kent0kenT0kent0kenT0kent0kenT0kent0kenT0kent0kenT0kent0ken
`,
	".aws/config": `[default]
region = us-east-1
output = json
endpoint_url = $URL
mfa_serial = arn:aws:iam::123456789012:mfa/someone
services = local
[profile session]
region = eu-west-1
endpoint_url = $URL
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = default
external_id = 4711
role_session_name = someone
region = us-east-1
endpoint_url = $URL
[profile person]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.com/start
[services local]
s3 =
    endpoint_url = http://127.0.0.1:9
`,
}

// plant is one change of one file of a home; with no file it is the home as it is.
type plant struct {
	field string
	home  map[string]string
	file  string
	text  string
}

// plants puts text into every place of a file of a home in turn: the value of
// every setting, every header and comment, and lines of their own. In a key ID's
// place it stands behind the key ID, too, in the forms that people paste.
func plants(home map[string]string, file, what string) []plant {
	var all []plant
	lines := strings.SplitAfter(home[file], "\n")
	with := func(n int, field, line string) {
		changed := slices.Clone(lines)
		changed[n] = line + "\n"
		all = append(all, plant{fmt.Sprintf("%s:%d %s", file, n+1, field), home, file, strings.Join(changed, "")})
	}
	section := ""
	for n, line := range lines {
		line = strings.TrimRight(line, "\r\n")
		name, value, setting := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		set := strings.TrimSuffix(line, value)
		switch {
		case line == "":
		case line[0] == '#':
			with(n, "comment", "# "+what)
		case line[0] == '[':
			section = strings.Trim(line, "[]")
			kind, _, typed := strings.Cut(section, " ")
			if typed {
				with(n, section, "["+kind+" "+what+"]")
			} else {
				with(n, section, "["+what+"]")
			}
			with(n, section+" tail", line+" "+what)
			with(n, section+" line", line+"\n"+what)
			with(n, section+" setting", line+"\n"+what+" = x")
		case setting && name == "aws_access_key_id":
			with(n, section+" "+name, set+what)
			for _, form := range [][2]string{
				{"CSV row", value + "," + what}, {"JSON tail", value + `", "SecretAccessKey": "` + what + `"`}, {"pair", value + " " + what},
				{"glued", value + what}, {"tab", value + "\t" + what}, {"quoted", `"` + value + "," + what + `"`}, {"none", value + "[None]" + what},
			} {
				with(n, section+" "+name+" "+form[0], set+form[1])
			}
		case setting && !strings.Contains(name, "secret") && !strings.Contains(name, "token"):
			with(n, section+" "+name, set+what)
			with(n, section+" "+name+" behind", line+what)
			if strings.Contains(value, "://") {
				with(n, section+" "+name+" host", set+"http://"+strings.NewReplacer("/", "", "+", "").Replace(what)+".example:1")
				with(n, section+" "+name+" path", set+"http://127.0.0.1:9/"+what)
				with(n, section+" "+name+" user", set+"http://someone:"+url.PathEscape(what)+"@127.0.0.1:9/")
			}
		}
	}
	return all
}

// plantsOf are those of all files of a home.
func plantsOf(home map[string]string, what string) (all []plant) {
	for _, file := range slices.Sorted(maps.Keys(home)) {
		all = append(all, plants(home, file, what)...)
	}
	return all
}

// plantedCommands are all that read the files, or ask AWS, or change something.
// The word NAME is the planted text.
var plantedCommands = slices.Concat(eachFormat(), [][]string{
	{},
	{"audit", "--offline"},
	{"audit", "--dry-run"},
	{"audit"},
	{"audit", "--profile", "NAME"},
	{"fix", "--dry-run"},
	{"status"},
	{"status", "--format", "json"},
	{"settings"},
	{"rotate", "--dry-run"},
	{"rotate", "--dry-run", "--format", "json"},
	{"rotate", "--dry-run", "--all"},
	{"rotate", "--dry-run", "--", "NAME"},
	{"rotate", "--dry-run", "role"},
	{"rotate", "--dry-run", "session"},
	{"replace-root", "--dry-run"},
	{"policy"},
	{"schedule", "print", "--kind", "cron"},
	{"schedule", "run"},
	{"resume", "--yes"},
	{"explain"},
	{"fix", "--yes"},
	{"rotate", "--yes", "--all", "--format", "json"},
	{"resume", "--yes", "--format", "json"},
	{"status"},
})

// eachFormat is an audit in each format.
func eachFormat() (commands [][]string) {
	for _, name := range format.Names() {
		commands = append(commands, []string{"audit", "--offline", "--format", name})
	}
	return commands
}

// TestPlantedSecret plants a secret in every place of a home in turn, runs the
// commands, and looks for it in all that is printed, in all files that are
// written, in all requests and in all names that are looked up. The long run
// does the same with every home of testdata/cases.
func TestPlantedSecret(t *testing.T) {
	w := newWire(t)
	all := plantsOf(homeFiles, planted)
	if testrun.IsLong() {
		for _, home := range caseHomes(t) {
			all = append(all, plantsOf(home, planted)...)
		}
	}
	runs := w.each(t, all, planted, func(t *testing.T, p plant, by, out string) {
		if leaked(out, planted) {
			t.Errorf("%s: %q prints the secret:\n%s", p.field, by, excerpt(out))
		}
	})
	t.Logf("%d places, %d runs, %d requests, %d names looked up", len(all), runs, w.requests.Load(), w.lookups.Load())
	if w.requests.Load() < 100 {
		t.Error("hardly a request was made: the test looks at nothing")
	}
}

// TestPlantedBedrockKey is the same for an API key for Bedrock, in the files and
// around them; the quick run looks at some of the places.
func TestPlantedBedrockKey(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the folder of the moment cannot be removed there")
	}
	w := newWire(t)
	check := func(t *testing.T, p plant, by, out string) {
		if leaked(out, plantedBedrock) {
			t.Errorf("%s: %q prints the key:\n%s", p.field, by, excerpt(out))
		}
	}
	runs := w.each(t, thinned(plantsOf(homeFiles, plantedBedrock), 6), plantedBedrock, check)
	around := []around{{field: "another variable", vars: map[string]string{"MODELS_KEY": plantedBedrock}}}
	around = append(around, thinned(slices.Concat(aroundSettings(plantedBedrock), aroundVariables(plantedBedrock)), 20)...)
	runs += w.eachAround(t, around, plantedBedrock, check)
	t.Logf("%d runs, %d requests, %d names looked up", runs, w.requests.Load(), w.lookups.Load())
}

// thinned is every so many-th of all; in the long run, all.
func thinned[T any](all []T, every int) (some []T) {
	if testrun.IsLong() {
		return all
	}
	for i := 0; i < len(all); i += every {
		some = append(some, all[i])
	}
	return some
}

// TestSecretsOfCases runs the commands in the homes of testdata/cases as they
// are, and looks for their own secrets.
func TestSecretsOfCases(t *testing.T) {
	w := newWire(t)
	t.Setenv("AWS_ENDPOINT_URL", w.url)
	var all []plant
	for name, home := range caseHomes(t) {
		all = append(all, plant{field: name, home: home})
	}
	runs := w.each(t, all, "case+one/case+one/case+one/case+one/abcd", func(t *testing.T, p plant, by, out string) {
		l := &leaks{}
		for _, text := range p.home {
			l.learnText(text)
		}
		l.secrets = slices.DeleteFunc(l.secrets, show.IsKeyID) // in the wrong place, but no secret
		if l.secretIn(out) || strings.Contains(out, "case+") {
			t.Errorf("%s: %q prints a secret:\n%s", p.field, by, excerpt(out))
		}
		shownPlainly(t, p, by, out)
	})
	t.Logf("%d homes, %d runs, %d requests", len(all), runs, w.requests.Load())
}

// caseHomes are the files of the homes of testdata/cases.
func caseHomes(t *testing.T) map[string]map[string]string {
	t.Helper()
	homes := map[string]map[string]string{}
	dir := filepath.Join("..", "testdata", "cases")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		name, file, inside := strings.Cut(filepath.ToSlash(rel), "/")
		if err != nil || !inside || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if homes[name] == nil {
			homes[name] = map[string]string{}
		}
		homes[name][file] = string(b)
		return err
	})
	if err != nil || len(homes) < 30 {
		t.Fatalf("%d homes, %v", len(homes), err)
	}
	return homes
}

// TestHostileText is the same for text that steers a terminal: whatever is
// printed shows as itself.
func TestHostileText(t *testing.T) {
	w := newWire(t)
	all := plantsOf(homeFiles, hostile)
	if !testrun.IsLong() {
		for i := range len(all) / 3 {
			all[i] = all[3*i]
		}
		all = all[:len(all)/3]
	}
	runs := w.each(t, all, hostile, shownPlainly)
	t.Logf("%d places, %d runs", len(all), runs)
}

func shownPlainly(t *testing.T, p plant, by, out string) {
	for line := range strings.SplitSeq(out, "\n") {
		if !show.Printable(strings.ReplaceAll(line, "\t", "")) {
			t.Errorf("%s: %q prints %q", p.field, by, line)
		}
	}
}

// TestHostileReplies does the same for what AWS, or whoever answers in its place,
// says: codes, messages, names and pages.
func TestHostileReplies(t *testing.T) {
	const text = "ho\u202est\u009b31m\u200b\x7f\u2066i\ufeffle"
	fault := func(code, message string) string {
		return "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error><RequestId>1</RequestId></ErrorResponse>"
	}
	replies := map[string]struct {
		status int
		body   string
	}{
		"denied":  {403, fault("AccessDenied", "User: "+text+" is not authorized to perform: iam:"+text)},
		"unknown": {403, fault("InvalidClientTokenId", text)},
		"secret":  {403, fault("SignatureDoesNotMatch", text)},
		"code":    {400, fault(text, text)},
		"page":    {200, "<html>" + text + "\x1b[31m</html>"},
		"identity": {200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/" + text +
			"</Arn><UserId>AIDA" + text + "</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"},
	}
	w := newWire(t)
	runs := 0
	for name, reply := range replies {
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Amzn-Requestid", "1")
			rw.WriteHeader(reply.status)
			_, _ = io.WriteString(rw, reply.body)
		}))
		defer s.Close()
		w.url = s.URL
		dir := filepath.Join(t.TempDir(), "home")
		w.iam.AddUser(awstest.User{Name: name})
		w.furnish(t, dir, homeFiles, w.iam.AddKey(name, time.Now()))
		for _, args := range [][]string{{"audit"}, {"audit", "--format", "json"}, {"rotate", "--yes"}, {"rotate", "--dry-run", "--format", "json"}, {"replace-root", "--dry-run"}, {"resume", "--yes"}, {"status"}} {
			out := runIn(t, dir, args...)
			runs++
			shownPlainly(t, plant{field: "reply " + name}, strings.Join(args, " "), out)
		}
	}
	t.Logf("%d replies, %d runs", len(replies), runs)
}

// leaked reports whether text holds a half of a secret, as it is or as URLs write
// it, or as it is in a host name.
func leaked(text, secret string) bool {
	l := &leaks{secrets: []string{secret}}
	return l.secretIn(text) || strings.Contains(strings.ToLower(text), strings.ToLower(strings.NewReplacer("/", "", "+", "").Replace(secret))[:16])
}

func excerpt(s string) string {
	if len(s) > 1500 {
		s = s[:1500] + " ..."
	}
	return s
}
