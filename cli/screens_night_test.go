package cli

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// night is a machine at half past five in the afternoon in New York, on a terminal:
// one user, ann, whose key is in profile work. Waiting moves its clock.
type night struct {
	*here
	t      *testing.T
	iam    *awstest.Server
	old    awstest.Key
	now    time.Time
	clock  sync.Mutex
	ctx    context.Context
	stop   context.CancelCauseFunc
	cut    func() // the network is gone from now on
	screen strings.Builder
}

func newNight(t *testing.T, width int) *night {
	n := &night{t: t, now: time.Date(2026, 11, 25, 22, 26, 0, 0, time.UTC)}
	n.iam = awstest.New(t, awstest.Options{Now: n.time, AnyRegion: true})
	n.iam.AddUser(awstest.User{Name: "ann"})
	n.old = n.iam.AddKey("ann", n.now.AddDate(0, 0, -400))
	url, cut := cable(t, strings.TrimPrefix(n.iam.URL(), "http://"))
	n.cut = cut
	vars := append(environment(filepath.Join(t.TempDir(), "home"), "http://"+url), "AWS_MAX_ATTEMPTS=1")
	n.here = hereWith(vars)
	for _, v := range vars { // the SDK reads those of the process
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	n.env.Now, n.env.Wait = n.time, n.wait
	n.Terminal = terminals{Out: true, Err: true, Width: width, ErrWidth: width}
	n.Disk = diskfault.Unsynced{}
	n.write("[work]\naws_access_key_id = " + n.old.ID + "\naws_secret_access_key = " + n.old.Secret + "\n")
	n.ctx, n.stop = context.WithCancelCause(t.Context())
	return n
}

// cable leads a port to another until it is cut.
func cable(t *testing.T, to string) (address string, cut func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	cut = func() {
		mu.Lock()
		defer mu.Unlock()
		_ = ln.Close()
		for _, c := range open {
			_ = c.Close()
		}
		open = nil
	}
	t.Cleanup(cut)
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return ln.Addr().String(), cut
}

func (n *night) time() time.Time {
	n.clock.Lock()
	defer n.clock.Unlock()
	return n.now
}

func (n *night) wait(ctx context.Context, d time.Duration) error {
	n.passes(d)
	return context.Cause(ctx)
}

func (n *night) passes(d time.Duration) {
	n.clock.Lock()
	defer n.clock.Unlock()
	n.now = n.now.Add(d)
}

func (n *night) aws(name string) string { return filepath.Join(n.Folders.Home, ".aws", name) }

func (n *night) write(text string) {
	n.t.Helper()
	writeFile(n.t, n.aws("credentials"), text, 0o600)
}

// at has something happen at the nth call of an action, and the fault with it.
func (n *night) at(action string, nth int, f awstest.Fault) {
	var mu sync.Mutex
	n.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action != action {
			return awstest.Fault{}
		}
		if nth--; nth != 0 {
			return awstest.Fault{}
		}
		return f
	})
}

// run adds a command and what a person sees of it to the screen.
func (n *night) run(code int, words ...string) {
	n.t.Helper()
	n.both.Reset()
	if got := n.here.run(n.ctx, words...); got != code {
		n.t.Errorf("keycare %s: exit code %d, want %d\n%s", strings.Join(words, " "), got, code, &n.both)
	}
	n.screen.WriteString("$ keycare " + strings.Join(words, " ") + "\n" + n.both.String())
	n.ctx, n.stop = context.WithCancelCause(n.t.Context())
}

// quietly runs a command that is not shown.
func (n *night) quietly(code int, words ...string) {
	n.t.Helper()
	before := n.screen.String()
	n.run(code, words...)
	n.screen.Reset()
	n.screen.WriteString(before)
}

// types has a person at the terminal, who types that.
func (n *night) types(text string) {
	n.Terminal.In, n.In = true, io.TeeReader(strings.NewReader(text), n.Err)
}

// says adds a line about what happens between two commands.
func (n *night) says(line string) { n.screen.WriteString("# " + line + "\n") }

func (n *night) journal() *state.Journal {
	n.t.Helper()
	folder, err := n.State()
	if err != nil {
		n.t.Fatal(err)
	}
	js, err := folder.Journals()
	if err != nil || len(js) != 1 {
		n.t.Fatal(js, err)
	}
	return js[0]
}

// numbered gives key IDs, rotations' IDs and ports the same names in every run.
func numbered(text string) string {
	ids := map[string]string{}
	for _, id := range anyKeyID.FindAllString(text, -1) {
		ids[id] = cmp.Or(ids[id], keyNames[min(len(ids), len(keyNames)-1)])
	}
	for id, name := range ids {
		text = strings.ReplaceAll(text, id, name)
	}
	text = anyRotation.ReplaceAllString(text, "rotations/0123456789ab")
	text = anyAside.ReplaceAllString(text, "set-aside/0123456789ab")
	text = anyTemp.ReplaceAllString(text, ".keycare-0123456789ab")
	text = anyRequest.ReplaceAllString(text, "RequestID: 0")
	text = anyForget.ReplaceAllString(text, "--forget 0123456789ab")
	return anyPort.ReplaceAllString(text, "127.0.0.1:443")
}

var (
	anyRotation = regexp.MustCompile(`rotations/[0-9a-f]{12}`)
	anyAside    = regexp.MustCompile(`set-aside/[0-9a-f]{12}`)
	anyTemp     = regexp.MustCompile(`\.keycare-[0-9a-f]{12}`)
	anyRequest  = regexp.MustCompile(`RequestID: [0-9a-f-]+`)
	anyForget   = regexp.MustCompile(`--forget [0-9a-f]{12}`)
	anyPort     = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)
	keyNames    = []string{"AKIAEXAMPLEKEY000001", "AKIAEXAMPLEKEY000002", "AKIAEXAMPLEKEY000003", "AKIAEXAMPLEKEY000004", "AKIAEXAMPLEKEY000005"}
)

// filling is a disk on which there is room for no new file in a folder, once it is
// full.
type filling struct {
	disk.FS
	dir  string
	full atomic.Bool
}

func (f *filling) CreateNew(name string, perm fs.FileMode) (disk.File, error) {
	if f.full.Load() && filepath.Dir(name) == f.dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOSPC}
	}
	return f.FS.CreateNew(name, perm)
}
