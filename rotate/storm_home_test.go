package rotate

import (
	"bytes"
	"context"
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

	"keycare/credfile"
)

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
