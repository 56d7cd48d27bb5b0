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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

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
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(strings.ToLower(name), "http") {
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
		head, err := httputil.DumpRequest(r, false)
		body, cut := io.ReadAll(r.Body)
		w.look(fmt.Sprintf("the request %s %s", r.Method, r.URL.Path[:min(len(r.URL.Path), 8)]), string(head)+string(body), err)
		if cut != nil {
			return // the command's time was over while it sent
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(rw, r)
	}))
	recorder.Config.SetKeepAlivesEnabled(false) // thousands of commands would leave their connections open
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

// lookFor sets the secret that may stand in no request. A request whose command has
// ended may still be looked at.
func (w *wire) lookFor(secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secret = secret
}

// taken are the leaks since the last look.
func (w *wire) taken() (leaks []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	leaks, w.leaks = w.leaks, nil
	return leaks
}

// each runs all commands for each plant and returns how many that were. Several
// run at the same time, for rotations wait.
func (w *wire) each(t *testing.T, all []plant, what string, check func(t *testing.T, p plant, by, out string)) int {
	w.lookFor(what)
	var runs atomic.Int64
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				p := all[i]
				dir := filepath.Join(t.TempDir(), "home")
				user := fmt.Sprintf("user%d", i)
				w.iam.AddUser(awstest.User{Name: user})
				key := w.iam.AddKey(user, time.Now().AddDate(0, 0, -400))
				files := maps.Clone(p.home)
				if p.file != "" {
					files[p.file] = p.text
				}
				w.furnish(t, dir, files, key)
				for j, args := range plantedCommands {
					if changes := slices.Contains(args, "--yes") || slices.Contains(args, "run"); !changes && (i+j)%3 > 0 && !testrun.IsLong() || testing.Short() && (i+j)%18 > 0 {
						continue // each command sees every third place, every eighteenth with -short
					}
					by := strings.Join(args, " ")
					args = slices.Clone(args)
					for n := range args {
						args[n] = strings.ReplaceAll(args[n], "NAME", what)
					}
					out := runIn(t, dir, args...)
					runs.Add(1)
					check(t, p, by, out)
					for _, l := range w.taken() {
						t.Errorf("about %s: %q: %s", p.field, by, l)
					}
				}
				l := &leaks{secrets: []string{what}}
				for file := range files {
					l.allow(filepath.Join(dir, file))
				}
				find := l.find
				if what == hostile {
					find = l.findPlain
				}
				for _, found := range find(filepath.Dir(dir)) {
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

// furnish writes the files of a home, with a key that works.
func (w *wire) furnish(t *testing.T, dir string, files map[string]string, key awstest.Key) {
	for file, text := range files {
		text = strings.NewReplacer("$ID", key.ID, "$SECRET", key.Secret, "$URL", w.url).Replace(text)
		writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), text, 0o600)
	}
}

// runIn runs a command in this process, on a machine of its own below dir. It
// reaches what the AWS files there name: the test's own variables name nothing.
func runIn(t *testing.T, dir string, args ...string) string {
	return runWith(t, dir, nil, args...)
}

// runWith is runIn with more variables. The SDK sees those of the process.
func runWith(t *testing.T, dir string, more map[string]string, args ...string) string {
	vars := []string{"HOME=" + dir, "USERPROFILE=" + dir, "PATH=/nowhere"}
	for name, value := range more {
		vars = append(vars, name+"="+value)
	}
	m := hereWith(vars)
	m.Folders = folders{Home: dir, State: filepath.Join(dir, "state"), Config: filepath.Join(dir, "settings")}
	// Without a network the timer's run would wait for one.
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	if code := m.run(ctx, args...); strings.Contains(m.both.String(), "this is a bug in keycare") {
		t.Errorf("%q ends with %d: %s", args, code, &m.both)
	}
	return m.both.String()
}
