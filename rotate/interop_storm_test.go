package rotate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// storm is two homes that hold the same key of one user, each with the real
// program behind a proxy of its own, which drops requests and replies and says
// when to kill.
type storm struct {
	t      *testing.T
	exe    string
	seed   uint64                   // of all that is left to chance
	begin  func(n int) *account     // one user with one key
	counts map[string]*atomic.Int64 // what happened, for the log
}

// account is what the two homes of a meeting talk to.
type account struct {
	url    string
	old    credfile.Pair
	works  func(p credfile.Pair) bool // asked of STS
	keys   func() (ids []string)      // that the user has
	passes func()                     // lets AWS's time go by; nil where nobody can
}

type stormHome struct {
	s     *storm
	at    *account
	name  string
	dir   string
	chaos *rand.Rand
	proxy *httptest.Server

	mu      sync.Mutex
	calm    bool
	killAt  int // the call at which the program is killed; -1: none
	calls   int
	kill    func()
	made    map[string]bool // keys that a request of this home made, answered or not
	deleted []string
}

func (s *storm) count(what string) { s.counts[what].Add(1) }

func (s *storm) home(name string, at *account, chaos *rand.Rand) *stormHome {
	h := &stormHome{s: s, at: at, name: name, dir: filepath.Join(s.t.TempDir(), "home"), chaos: chaos, killAt: -1, made: map[string]bool{}}
	if err := os.MkdirAll(filepath.Join(h.dir, ".aws"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	h.put(at.old)
	h.proxy = httptest.NewServer(http.HandlerFunc(h.serve))
	return h
}

func (h *stormHome) credentials() string { return filepath.Join(h.dir, ".aws", "credentials") }

func (h *stormHome) put(p credfile.Pair) {
	text := "# mine\n[default]\naws_access_key_id = " + p.ID + "\naws_secret_access_key = " + p.Secret.Reveal() + "\n"
	if err := os.WriteFile(h.credentials(), []byte(text), 0o600); err != nil {
		h.s.t.Error(err)
	}
}

func (h *stormHome) pair() credfile.Pair {
	b, err := os.ReadFile(h.credentials())
	if err != nil {
		h.s.t.Error(err)
	}
	paths := credfile.Paths{Credentials: h.credentials(), Config: filepath.Join(h.dir, ".aws", "config")}
	p, err := credfile.NewSet(paths, string(b), "").PairAt(credfile.CredentialsFile, "default")
	if err != nil {
		h.s.t.Errorf("home %s: %v", h.name, err)
	}
	return p
}

var keyInReply = regexp.MustCompile(`<AccessKeyId>(\w+)</AccessKeyId>`)

// serve passes a call on, as signed, or loses it, or its reply.
func (h *stormHome) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.mu.Lock()
	dice, at := h.chaos.Float64(), h.chaos.IntN(2)
	if h.calm {
		dice = 1
	}
	n := h.calls
	h.calls++
	kill := func() {}
	if n == h.killAt && h.kill != nil {
		kill, dice = h.kill, 1
	} else {
		at = -1
	}
	h.mu.Unlock()
	if at == 0 {
		kill()
		panic(http.ErrAbortHandler)
	}
	if dice < 0.08 {
		h.s.count("requests lost")
		panic(http.ErrAbortHandler)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, h.at.url+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header, req.Host = r.Header, r.Host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reply, err := io.ReadAll(resp.Body)
	// moto puts its refusals into one element more than AWS does.
	reply = []byte(strings.NewReplacer("<Errors><Error>", "<Error>", "</Error></Errors>", "</Error>").Replace(string(reply)))
	_ = resp.Body.Close()
	h.note(string(body), resp.StatusCode, string(reply))
	if at == 1 {
		kill()
		panic(http.ErrAbortHandler)
	}
	if err != nil || dice < 0.2 {
		h.s.count("replies lost")
		panic(http.ErrAbortHandler)
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(reply)
}

// note keeps what a call made or deleted, whether its reply arrives or not.
func (h *stormHome) note(form string, status int, reply string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case status != http.StatusOK:
	case strings.Contains(form, "Action=CreateAccessKey"):
		if m := keyInReply.FindStringSubmatch(reply); m != nil {
			h.made[m[1]] = true
		}
	case strings.Contains(form, "Action=DeleteAccessKey"):
		_, id, _ := strings.Cut(form, "AccessKeyId=")
		id, _, _ = strings.Cut(id, "&")
		h.deleted = append(h.deleted, id)
	}
}

// run runs the program to its end, or kills it.
func (h *stormHome) run(args ...string) (code int, out string) {
	cmd := exec.Command(h.s.exe, args...)
	state := filepath.Join(filepath.Dir(h.dir), "state")
	cmd.Env = []string{"HOME=" + h.dir, "USERPROFILE=" + h.dir, "XDG_STATE_HOME=" + state, "LOCALAPPDATA=" + state, "PATH=" + os.Getenv("PATH"),
		"AWS_ENDPOINT_URL=" + h.proxy.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_RETRY_MODE=standard", "AWS_MAX_ATTEMPTS=2"}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		h.s.t.Error(err)
		return -1, ""
	}
	dead := make(chan struct{})
	h.mu.Lock()
	h.calls, h.kill = 0, func() { _ = cmd.Process.Kill(); <-dead; h.s.count("kills") }
	h.mu.Unlock()
	_ = cmd.Wait()
	close(dead)
	return cmd.ProcessState.ExitCode(), said.String()
}

// weather begins or ends what goes wrong.
func (h *stormHome) weather(calm bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calm, h.killAt = calm, -1
	if !calm && h.chaos.IntN(2) == 0 {
		h.killAt = h.chaos.IntN(9)
	}
}

func (h *stormHome) inFlight() bool {
	_, out := h.run("status")
	return !strings.Contains(out, "no unfinished rotations")
}

// settle resumes in calm weather until nothing is in flight. What is left then is
// a watch that AWS's time alone ends, or the lack of any working key.
func (h *stormHome) settle() (code int, out string) {
	h.weather(true)
	for range 8 {
		if code, out = h.run("resume", "--yes"); !h.inFlight() {
			return code, out
		}
		if h.at.passes == nil || code == 4 { // it has waited for a key to answer as long as it may
			break
		}
		h.at.passes()
	}
	return code, out
}

// meet lets both homes rotate at the same time, each twice, with a resume between,
// and says what has become of them.
func (s *storm) meet(n int) {
	t := s.t
	at := s.begin(n)
	var homes [2]*stormHome
	for i, name := range []string{"a", "b"} {
		homes[i] = s.home(name, at, rand.New(rand.NewPCG(s.seed+uint64(n), uint64(i))))
		defer homes[i].proxy.Close()
	}
	var wg sync.WaitGroup
	var talk [2]strings.Builder
	for i, h := range homes {
		wg.Go(func() {
			for _, args := range [][]string{{"rotate", "--yes", "--timeout", "4s"}, {"resume", "--yes"}, {"rotate", "--yes", "--timeout", "4s"}} {
				h.weather(false)
				code, out := h.run(args...)
				fmt.Fprintf(&talk[i], "%s %v: exit %d\n%s\n", h.name, args, code, out)
			}
		})
	}
	wg.Wait()
	fail := func(format string, args ...any) {
		t.Errorf("run %d, seed %d: %s\n%s%s", n, s.seed, fmt.Sprintf(format, args...), talk[0].String(), talk[1].String())
	}
	for i, h := range homes {
		code, out := h.settle()
		fmt.Fprintf(&talk[i], "%s resume in the end: exit %d\n%s\n", h.name, code, out)
	}
	var with, without []*stormHome
	for _, h := range homes {
		if at.works(h.pair()) {
			with = append(with, h)
			s.count("homes with a working key")
		} else {
			without = append(without, h)
			s.count("homes without, that say so")
		}
	}
	if len(with) == 0 {
		fail("no home has a working key; the user's keys are %v", at.keys())
		return
	}
	for _, h := range without {
		id := h.pair().ID
		if _, out := h.run("audit", "--details"); !strings.Contains(out, "key-rejected") && !strings.Contains(out, "key-replaced") || !strings.Contains(out, id) {
			fail("home %s holds key %s, which does not work, and the audit does not say so:\n%s", h.name, id, out)
		}
		h.put(with[0].pair()) // as it says: the key of the other machine
	}
	for i, h := range homes {
		code, out := h.settle()
		if code == 4 {
			s.count("rotations that a person closed")
			code, out = h.run("resume", "--yes", "--keep-both")
		}
		fmt.Fprintf(&talk[i], "%s resume at last: exit %d\n%s\n", h.name, code, out)
		if code != 0 && code != 3 || h.inFlight() && at.passes != nil {
			fail("home %s: resume does not end: exit %d", h.name, code)
		}
		if p := h.pair(); !at.works(p) {
			fail("home %s holds key %s, which does not work", h.name, p.ID)
		}
		for _, id := range h.deleted {
			s.count("keys deleted")
			if id != at.old.ID && !h.made[id] && homes[1-i].made[id] {
				fail("home %s deleted key %s, which home %s made", h.name, id, homes[1-i].name)
			}
		}
	}
}

// blow runs so many meetings, a few at a time, and logs what happened.
func (s *storm) blow(runs, together int) {
	s.counts = map[string]*atomic.Int64{}
	for _, what := range []string{"kills", "requests lost", "replies lost", "keys deleted", "homes with a working key", "homes without, that say so", "rotations that a person closed"} {
		s.counts[what] = &atomic.Int64{}
	}
	if s.seed = uint64(time.Now().UnixNano()); os.Getenv("KEYCARE_SEED") != "" {
		s.seed, _ = strconv.ParseUint(os.Getenv("KEYCARE_SEED"), 10, 64)
	}
	s.t.Logf("seed %d (KEYCARE_SEED)", s.seed)
	room := make(chan struct{}, together)
	var wg sync.WaitGroup
	for n := range runs {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			s.meet(n)
		})
	}
	wg.Wait()
	for what, n := range s.counts {
		s.t.Logf("%d runs: %d %s", runs, n.Load(), what)
	}
}

func buildKeycare(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "keycare.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "keycare")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// Two machines with the same key rotate at the same time, are killed and lose
// requests and replies; CloudTrail can be asked.
func TestStormOfTwoMachines(t *testing.T) {
	testrun.NotShort(t)
	s := &storm{t: t, exe: buildKeycare(t), begin: func(int) *account {
		var ahead atomic.Int64
		const name = "ann"
		server := awstest.New(t, awstest.Options{AnyRegion: true, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		server.SetTrailDelay(trailDelay)
		server.AddUser(awstest.User{Name: name})
		k := server.AddKey(name, time.Now().AddDate(0, 0, -100))
		return &account{url: server.URL(), old: credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)},
			works:  func(p credfile.Pair) bool { _, ok := server.Valid(p.ID, p.Secret.Reveal()); return ok },
			passes: func() { ahead.Add(int64(10 * time.Minute)) },
			keys: func() (ids []string) {
				for _, k := range server.Keys(name) {
					ids = append(ids, k.ID+" "+k.Status)
				}
				return ids
			},
		}
	}}
	if testrun.IsLong() {
		s.blow(60, 10)
	} else {
		s.blow(2, 2)
	}
}

// The same against moto, with its signature checks on. It has no CloudTrail and
// its time cannot be moved.
func TestInteropMotoStorm(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	m.must(nil, "iam", "create-user", "--user-name", "admin")
	m.must(nil, "iam", "put-user-policy", "--user-name", "admin", "--policy-name", "all", "--policy-document", all)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "admin")
	cfg := aws.Config{Region: client.DefaultRegion, BaseEndpoint: aws.String(m.url),
		Credentials: credentials.NewStaticCredentialsProvider(made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey, "")}
	admin, way := iam.NewFromConfig(cfg), client.FromConfig(cfg)
	s := &storm{t: t, exe: buildKeycare(t), begin: func(n int) *account {
		name := aws.String(fmt.Sprintf("user%d", n))
		_, err := admin.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
		if err == nil {
			_, err = admin.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("all"), PolicyDocument: aws.String(all)})
		}
		at := &account{url: m.url, works: func(p credfile.Pair) bool { _, _, err := way.Identity(t.Context(), p); return err == nil }}
		if err == nil {
			var k *iam.CreateAccessKeyOutput
			if k, err = admin.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name}); err == nil {
				at.old = credfile.Pair{ID: *k.AccessKey.AccessKeyId, Secret: credfile.NewSecret(*k.AccessKey.SecretAccessKey)}
			}
		}
		if err != nil {
			t.Error(err)
		}
		at.keys = func() (ids []string) {
			list, err := admin.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: name})
			if err != nil {
				return []string{err.Error()}
			}
			for _, k := range list.AccessKeyMetadata {
				ids = append(ids, *k.AccessKeyId+" "+string(k.Status))
			}
			return ids
		}
		return at
	}}
	s.blow(50, 5)
}
