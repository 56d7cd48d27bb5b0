package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate/awstest"
)

// planted is a secret access key that stands where none belongs.
const planted = "pLanTed/7sEcret+oNe9wHere0NoneBelongs1sT"

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

// plant is one change of one of homeFiles.
type plant struct {
	field string
	file  string
	text  string
}

// plants puts text into every place of the files in turn: the value and the name
// of every setting, every header and comment, and lines of their own. In a key
// ID's place it stands behind the key ID, too, in the forms that people paste.
func plants(file, text, what string) []plant {
	var all []plant
	lines := strings.SplitAfter(text, "\n")
	with := func(n int, field, line string) {
		changed := slices.Clone(lines)
		changed[n] = line + "\n"
		all = append(all, plant{fmt.Sprintf("%s:%d %s", file, n+1, field), file, strings.Join(changed, "")})
	}
	section := ""
	for n, line := range lines {
		line = strings.TrimSuffix(line, "\n")
		name, value, setting := strings.Cut(line, " = ")
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
			with(n, section+" "+name, name+" = "+what)
			for form, s := range map[string]string{
				"CSV row": value + "," + what, "JSON tail": value + `", "SecretAccessKey": "` + what + `"`, "pair": value + " " + what,
				"glued": value + what, "tab": value + "\t" + what, "quoted": `"` + value + "," + what + `"`, "none": value + "[None]" + what,
			} {
				with(n, section+" "+name+" "+form, name+" = "+s)
			}
		case setting && name != "aws_secret_access_key" && name != "aws_session_token":
			with(n, section+" "+name, name+" = "+what)
			with(n, section+" "+name+" behind", line+what)
			if strings.Contains(value, "://") {
				with(n, section+" "+name+" host", name+" = http://"+strings.NewReplacer("/", "", "+", "").Replace(what)+".example:1")
				with(n, section+" "+name+" path", name+" = http://127.0.0.1:9/"+what)
				with(n, section+" "+name+" user", name+" = http://someone:"+url.PathEscape(what)+"@127.0.0.1:9/")
			}
		}
	}
	return all
}

// home is one machine with a plant.
type plantedHome struct {
	*plant
	dir string
}

// commands are all that read the files, or ask AWS, or change something. The
// word NAME is the planted text.
var plantedCommands = [][]string{
	{},
	{"audit", "--offline"},
	{"audit", "--dry-run"},
	{"audit"},
	{"audit", "--format", "json", "--offline"},
	{"audit", "--format", "csv", "--offline"},
	{"audit", "--format", "markdown", "--offline"},
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
}

// TestPlantedSecret plants a secret in every place of the files in turn, runs
// every command, and looks for it in all that is printed, in all files that are
// written, in all requests and in all names that are looked up.
func TestPlantedSecret(t *testing.T) {
	w := newWire(t)
	var all []plant
	for _, file := range slices.Sorted(maps.Keys(homeFiles)) {
		all = append(all, plants(file, homeFiles[file], planted)...)
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

// TestHostileText is the same for text that steers a terminal: whatever is
// printed shows as itself.
func TestHostileText(t *testing.T) {
	w := newWire(t)
	var all []plant
	for _, file := range slices.Sorted(maps.Keys(homeFiles)) {
		all = append(all, plants(file, homeFiles[file], hostile)...)
	}
	if !long {
		for i := range all { // a third of them, another third each day would not be the same test twice
			if i%3 == 0 {
				all[i/3] = all[i]
			}
		}
		all = all[:len(all)/3]
	}
	runs := w.each(t, all, hostile, func(t *testing.T, p plant, by, out string) {
		for line := range strings.SplitSeq(out, "\n") {
			if !show.Printable(strings.ReplaceAll(line, "\t", "")) {
				t.Errorf("%s: %q prints %q", p.field, by, line)
			}
		}
	})
	t.Logf("%d places, %d runs", len(all), runs)
}

var long = os.Getenv("KEYCARE_LONG") != ""

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

// wire is the network of the test: an IAM behind a recorder, and nothing else.
type wire struct {
	iam      *awstest.Server
	url      string
	secret   string
	requests atomic.Int64
	lookups  atomic.Int64
	mu       sync.Mutex
	leaks    []string
}

func newWire(t *testing.T) *wire {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(strings.ToLower(name), "http") || strings.HasPrefix(name, "KEYCARE_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &wire{iam: awstest.New(t, awstest.Options{AnyRegion: true})}
	target, err := url.Parse(w.iam.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	recorder := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		dump, err := httputil.DumpRequest(r, true)
		w.look(fmt.Sprintf("the request %s %s", r.Method, r.URL.Path[:min(len(r.URL.Path), 8)]), string(dump), err)
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(recorder.Close)
	w.url = recorder.URL
	// No name has an address. The question is looked at.
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: w.nameServer}
	t.Cleanup(func() { net.DefaultResolver = before })
	return w
}

func (w *wire) nameServer(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		var size uint16
		if binary.Read(far, binary.BigEndian, &size) != nil {
			return
		}
		question := make([]byte, size)
		_, err := io.ReadFull(far, question)
		w.lookups.Add(1)
		w.look("the name of a host", string(question), err)
		if len(question) < 4 {
			return
		}
		question[2], question[3] = 0x81, 0x83 // answer: no such name
		_ = binary.Write(far, binary.BigEndian, size)
		_, _ = far.Write(question)
	}()
	return near, nil
}

func (w *wire) look(what, text string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || w.secret != "" && leaked(text, w.secret) {
		w.leaks = append(w.leaks, fmt.Sprintf("%s holds the secret (%v)", what, err))
	}
}

// each runs all commands for each plant and returns how many that were. Several
// run at the same time, for rotations wait.
func (w *wire) each(t *testing.T, all []plant, what string, check func(t *testing.T, p plant, by, out string)) int {
	w.secret = what
	var runs atomic.Int64
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				p := all[i]
				dir := filepath.Join(t.TempDir(), "home")
				user := fmt.Sprintf("user%d", i)
				w.iam.AddUser(awstest.User{Name: user})
				key := w.iam.AddKey(user, time.Now().AddDate(0, 0, -400))
				for file, text := range homeFiles {
					if file == p.file {
						text = p.text
					}
					text = strings.NewReplacer("$ID", key.ID, "$SECRET", key.Secret, "$URL", w.url).Replace(text)
					writeFile(t, filepath.Join(dir, file), text, 0o600)
				}
				for _, args := range plantedCommands {
					by := strings.Join(args, " ")
					args = slices.Clone(args)
					for j := range args {
						args[j] = strings.ReplaceAll(args[j], "NAME", what)
					}
					out := runIn(t, dir, args...)
					runs.Add(1)
					check(t, p, by, out)
					w.mu.Lock()
					for _, l := range w.leaks {
						t.Errorf("about %s: %q: %s", p.field, by, l)
					}
					w.leaks = nil
					w.mu.Unlock()
				}
				l := &leaks{secrets: []string{what}}
				for file := range homeFiles {
					l.allow(filepath.Join(dir, file))
				}
				for _, found := range l.find(filepath.Dir(dir)) {
					t.Errorf("%s: %s", p.field, found)
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return int(runs.Load())
}

// runIn runs a command in this process, on a machine of its own below dir.
func runIn(t *testing.T, dir string, args ...string) string {
	vars := map[string]string{"HOME": dir, "USERPROFILE": dir, "PATH": "/nowhere"}
	var out bytes.Buffer
	var mu sync.Mutex
	to := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	})
	e := &env{
		Program: "keycare",
		Vars:    credfile.Env{Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, GOOS: runtime.GOOS},
		Environ: []string{"HOME=" + dir, "PATH=/nowhere"},
		Disk:    disk.OS{}, Now: time.Now,
		In: strings.NewReader(""), Out: show.NewWriter(to, false), Err: show.NewWriter(to, false),
		Folders: folders{Home: dir, State: filepath.Join(dir, "state"), Config: filepath.Join(dir, "settings")},
	}
	e.settings = sync.OnceValues(e.readSettings)
	// Without a network the timer's run would wait for one.
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	if code := execute(ctx, e, args); strings.Contains(out.String(), "this is a bug in keycare") {
		t.Errorf("%q ends with %d: %s", args, code, out.String())
	}
	e.flush()
	return out.String()
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
