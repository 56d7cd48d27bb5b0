package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// machine is a home with one key under three names, an IAM that knows it, and
// the program.
type machine struct {
	t     testing.TB
	dir   string
	iam   *awstest.Server
	exe   string
	env   []string
	old   awstest.Key
	leaks leaks
}

// The pair stands where %[1]s and %[2]s are; everything else must survive.
const (
	oddCredentials = "# keys of ann\r\n\r\n[work]\r\naws_access_key_id=%[1]s\r\naws_secret_access_key  =\t%[2]s \r\n" +
		"; the same\r\n[deploy]\r\naws_secret_access_key = %[2]s\r\naws_access_key_id = %[1]s\r\nregion = eu-west-1"
	oddConfig = "[default]\nregion = eu-west-1\n\n[profile spare]\naws_access_key_id = %[1]s\naws_secret_access_key = %[2]s\n"
)

func newMachine(t testing.TB) *machine {
	m := &machine{t: t, dir: t.TempDir(), exe: lookKeycare(t), iam: awstest.New(t, awstest.Options{AnyRegion: true})}
	m.iam.AddUser(awstest.User{Name: "ann"})
	m.old = m.iam.AddKey("ann", time.Now().AddDate(0, 0, -400))
	m.env = append(environment(filepath.Join(m.dir, "home"), m.iam.URL()), "PATH="+os.Getenv("PATH"))
	for path, text := range m.files() {
		writeFile(t, path, fmt.Sprintf(text, m.old.ID, m.old.Secret), 0o600)
		m.leaks.allow(path)
	}
	return m
}

func (m *machine) aws(name string) string { return filepath.Join(m.dir, "home", ".aws", name) }

func (m *machine) files() map[string]string {
	return map[string]string{m.aws("credentials"): oddCredentials, m.aws("config"): oddConfig}
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.exe, args...)
	cmd.Env, cmd.Dir = m.env, m.dir
	return cmd
}

// run runs the program to its end and returns what it printed.
func (m *machine) run(wantCode int, args ...string) string {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	m.leaks.heard(strings.Join(args, " "), out.String())
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != wantCode {
		m.t.Errorf("keycare %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, wantCode, out.String())
	}
	return out.String()
}

// status is what "keycare status" says, by a call in this process: it asks
// nobody and changes nothing.
func (m *machine) status() string {
	m.t.Helper()
	e, out, talk := testMachine(filepath.Join(m.dir, "home"))
	if code := execute(m.t.Context(), e, []string{"status"}); code != exitOK || talk.Len() > 0 {
		m.t.Errorf("keycare status: exit code %d\n%s", code, talk)
	}
	m.leaks.heard("status", out.String()+talk.String())
	return out.String()
}

// resume runs "keycare resume" to its end: all is well, or a rotation whose
// request for a new key had no answer was rolled back.
func (m *machine) resume() {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command("resume")
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	m.leaks.heard("resume", out.String())
	if code := cmd.ProcessState.ExitCode(); code != exitOK && !(code == exitFailed && strings.Contains(out.String(), "was rolled back")) {
		m.t.Errorf("keycare resume: exit code %d\n%s", code, out.String())
	}
}

// runKilled runs the program and kills it, as kill -9 does, at AWS call n, with
// or without that call's effect. It reports whether it came to that.
func (m *machine) runKilled(n int, effect bool, args ...string) (killed bool) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	started, dead := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.N != n {
			return awstest.Fault{}
		}
		mu.Lock()
		killed = true
		mu.Unlock()
		kill := func() { // the reply would come too late in any case
			<-started
			_ = cmd.Process.Kill()
			<-dead
		}
		if effect {
			return awstest.Fault{Kind: awstest.FaultDropAfter, After: kill}
		}
		return awstest.Fault{Kind: awstest.FaultDropBefore, Before: kill}
	})
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	close(dead)
	m.iam.SetFault(nil)
	m.leaks.heard(strings.Join(args, " "), out.String())
	mu.Lock()
	defer mu.Unlock()
	if !killed && !cmd.ProcessState.Success() {
		m.t.Errorf("keycare %q failed without a fault:\n%s", args, out.String())
	}
	return killed
}

// pair is the one pair that stands in all places, once every other byte has
// been compared.
func (m *machine) pair() (id, secret string) {
	m.t.Helper()
	id, secret, err := pairIn(m.aws("credentials"), "deploy")
	if err != nil {
		m.t.Fatal(err)
	}
	for path, text := range m.files() {
		got, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		if string(got) != fmt.Sprintf(text, id, secret) {
			m.t.Errorf("%s: bytes other than the pair's changed, or not every place holds key %s", filepath.Base(path), id)
		}
	}
	return id, secret
}

// anyPairWorks reports whether a place of the files has a pair that AWS takes.
func (m *machine) anyPairWorks() bool {
	for _, at := range [][2]string{{"credentials", "work"}, {"credentials", "deploy"}, {"config", "spare"}} {
		id, secret, err := pairIn(m.aws(at[0]), at[1])
		if err != nil {
			m.t.Errorf("%s: %v", at[0], err)
			continue
		}
		if _, ok := m.iam.Valid(id, secret); ok {
			return true
		}
	}
	return false
}

// private demands that everything on this machine is closed to others, also
// what a killed run left.
func (m *machine) private() {
	m.t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Mode().Perm()&0o077 != 0 {
			m.t.Errorf("%s has mode %04o", path, fi.Mode().Perm())
		}
		return err
	})
	if err != nil {
		m.t.Error(err)
	}
}

// check holds the promise against what is there after a resume.
func (m *machine) check() {
	m.t.Helper()
	id, secret := m.pair()
	if _, ok := m.iam.Valid(id, secret); !ok {
		m.t.Errorf("key %s, which the files hold, does not work", id)
	}
	if keys := m.iam.Keys("ann"); len(keys) != 1 || keys[0].ID != id {
		m.t.Errorf("the user has keys %v, want %s alone", keys, id)
	}
	left, err := filepath.Glob(filepath.Join(m.dir, "state", "keycare", "rotations", "*"))
	if err != nil || len(left) > 0 && !m.watched(left) {
		m.t.Errorf("left in the state folder: %v %v", left, err)
	}
	left, err = filepath.Glob(filepath.Join(m.dir, "home", ".aws", ".keycare-*"))
	if err != nil || len(left) > 0 {
		m.t.Errorf("left beside the files: %v %v", left, err)
	}
	m.noLeaks()
}

// watched reports whether all that is left is the journal of a create that was
// sent and may still be carried out.
func (m *machine) watched(left []string) bool {
	m.t.Helper()
	b, err := os.ReadFile(left[0])
	if err != nil {
		m.t.Fatal(err)
	}
	return len(left) == 1 && bytes.Contains(b, []byte(`"direction": "watch"`))
}

// TestKilled kills a rotation at every AWS call that it makes, right before and
// right after the call's effect, and then resumes it.
func TestKilled(t *testing.T) {
	for _, effect := range []bool{false, true} {
		for _, retire := range []string{"delete", "deactivate"} {
			t.Run(fmt.Sprintf("%s effect %v", retire, effect), func(t *testing.T) {
				if retire != "delete" {
					testrun.Long(t) // it differs in the last two calls
				}
				t.Parallel()
				for n := 0; ; n++ {
					killed := false
					t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
						killed = killedAt(t, n, effect, retire)
					})
					if !killed {
						break
					}
					if n > 50 {
						t.Fatal("it makes ever more calls")
					}
				}
			})
		}
	}
}

func killedAt(t *testing.T, n int, effect bool, retire string) (killed bool) {
	m := newMachine(t)
	killed = m.runKilled(n, effect, "rotate", "work", "--yes", "--retire", retire)
	m.private()
	if !m.anyPairWorks() {
		t.Error("no pair in the files works")
	}
	keys := m.iam.Keys("ann")
	if len(keys) > 2 {
		t.Errorf("the user has %d keys", len(keys))
	}
	journals, err := filepath.Glob(filepath.Join(m.dir, "state", "keycare", "rotations", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) > 1 && len(journals) == 0 && killed {
		t.Error("the user has two keys and no journal names them")
	}
	status := m.status()
	if begun := strings.Contains(status, m.old.ID) && !strings.Contains(status, "no rotation in flight"); begun != (len(journals) > 0) {
		t.Errorf("%d journals, status says:\n%s", len(journals), status)
	}
	m.resume()
	if retire == "deactivate" { // the inactive key is there on purpose
		i := slices.IndexFunc(m.iam.Keys("ann"), func(k awstest.KeyInfo) bool { return k.Status == awstest.Inactive })
		if id, _ := m.pair(); i >= 0 && id != m.old.ID {
			m.iam.DeleteKey(m.old.ID)
		}
	}
	m.check()
	if status := m.status(); strings.Contains(status, "unfinished") {
		t.Errorf("after resume, status says:\n%s", status)
	}
	m.run(exitOK, "rotate", "work", "--yes") // nothing stands in the way of the next one
	m.check()
	return killed
}

// TestLateCreate: the request for a new key is still under way when keycare is
// killed, and is carried out only after a resume has found nothing to clean up.
// A later resume finds the key that nobody knows.
func TestLateCreate(t *testing.T) {
	m := newMachine(t)
	cmd := m.command("rotate", "work", "--yes")
	started, dead := make(chan struct{}), make(chan struct{})
	land, landed := make(chan struct{}), make(chan struct{})
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		<-started
		_ = cmd.Process.Kill()
		<-dead
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: land, After: func() { close(landed) }}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	close(dead)
	m.resume()
	m.check()
	m.iam.SetFault(nil)
	close(land)
	<-landed
	if status := m.status(); !strings.Contains(status, "may still make a key") {
		t.Errorf("status says:\n%s", status)
	}
	m.resume()
	m.check()
}

// TestInterrupted interrupts a rotation, as Ctrl-C does, at every AWS call that
// it makes. Exit code 130 promises that nothing is left half done.
func TestInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts on Windows")
	}
	for n := 0; ; n++ {
		reached := false
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			m := newMachine(t)
			var code int
			reached, code = m.runSignalled(os.Interrupt, n, "rotate", "work", "--yes")
			switch code {
			case exitInterrupted:
				m.check()
			case exitHalf:
				m.resume()
			case exitOK: // it came too late
			default:
				t.Errorf("exit code %d", code)
			}
			m.check()
		})
		if !reached || t.Failed() {
			return
		}
	}
}

// runSignalled runs the program and sends it a signal at AWS call n, which is
// answered once the signal has been sent.
func (m *machine) runSignalled(signal os.Signal, n int, args ...string) (reached bool, code int) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	var sent atomic.Bool
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.N == n && !sent.Swap(true) {
			<-started
			_ = cmd.Process.Signal(signal)
		}
		return awstest.Fault{}
	})
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	m.iam.SetFault(nil)
	m.leaks.heard(strings.Join(args, " "), out.String())
	return sent.Load(), cmd.ProcessState.ExitCode()
}

// TestKilledTwice kills the resume as well, at every call of its own, after
// each point at which the rotation can be killed.
func TestKilledTwice(t *testing.T) {
	testrun.Long(t)
	for n := range 9 {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			for again := 0; ; again++ {
				m := newMachine(t)
				m.runKilled(n, true, "rotate", "work", "--yes")
				m.iam.ResetCalls()
				killed := m.runKilled(again, true, "resume")
				if !m.anyPairWorks() {
					t.Errorf("resume killed at call %d: no pair in the files works", again)
				}
				m.resume()
				m.check()
				if !killed || t.Failed() {
					break
				}
			}
		})
	}
}
