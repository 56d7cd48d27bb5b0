package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

	copies map[string]string // templates like those of files, by path
}

// The pair stands where %[1]s and %[2]s are; everything else must survive.
const (
	oddCredentials = "# keys of ann\r\n\r\n[work]\r\naws_access_key_id=%[1]s\r\naws_secret_access_key  =\t%[2]s \r\n" +
		"; the same\r\n[deploy]\r\naws_secret_access_key = %[2]s\r\naws_access_key_id = %[1]s\r\nregion = eu-west-1"
	oddConfig = "[default]\nregion = eu-west-1\n\n[profile spare]\naws_access_key_id = %[1]s\naws_secret_access_key = %[2]s\n"
)

// bareMachine is one without the files.
func bareMachine(t testing.TB) *machine {
	m := &machine{t: t, dir: t.TempDir(), exe: lookKeycare(t), iam: awstest.New(t, awstest.Options{AnyRegion: true})}
	m.iam.AddUser(awstest.User{Name: "ann"})
	m.old = m.iam.AddKey("ann", time.Now().AddDate(0, 0, -400))
	m.env = append(environment(filepath.Join(m.dir, "home"), m.iam.URL()), "PATH="+os.Getenv("PATH"))
	return m
}

func newMachine(t testing.TB) *machine {
	m := bareMachine(t)
	for path, text := range m.files() {
		writeFile(t, path, fmt.Sprintf(text, m.old.ID, m.old.Secret), 0o600)
		m.leaks.allow(path)
	}
	return m
}

func (m *machine) aws(name string) string { return filepath.Join(m.dir, "home", ".aws", name) }

func (m *machine) files() map[string]string {
	all := map[string]string{m.aws("credentials"): oddCredentials, m.aws("config"): oddConfig}
	maps.Copy(all, m.copies)
	return all
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
	h := hereIn(filepath.Join(m.dir, "home"))
	if code := h.run(m.t.Context(), "status"); code != exitOK || h.talk.Len() > 0 {
		m.t.Errorf("keycare status: exit code %d\n%s", code, &h.talk)
	}
	m.leaks.heard("status", h.both.String())
	return h.out.String()
}

// resume runs "keycare resume" to its end: all is well, or a rotation whose
// request for a new key had no answer was rolled back.
func (m *machine) resume() string {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command("resume")
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	m.leaks.heard("resume", out.String())
	if code := cmd.ProcessState.ExitCode(); code != exitOK && !(code == exitFailed && strings.Contains(out.String(), "was rolled back")) {
		m.t.Errorf("keycare resume: exit code %d\n%s", code, out.String())
	}
	return out.String()
}

// callsOf is how many calls of AWS a run makes that nothing disturbs.
func callsOf(t testing.TB, args ...string) int {
	t.Helper()
	m := newMachine(t)
	m.run(exitOK, args...)
	return len(m.iam.Calls())
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
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		mode, err := modeOf(path)
		if err == nil && mode&0o077 != 0 {
			m.t.Errorf("%s has mode %04o", path, mode)
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
	if beside, _ := filepath.Glob(filepath.Join(m.dir, "src", ".keycare-*")); len(beside) > 0 {
		left = append(left, beside...)
	}
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
