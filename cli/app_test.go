package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) {
	// Most of the time the programs wait, as AWS wants it: more of them side by side
	// than there are processors. Who sets -parallel gets that.
	if err := flag.Set("test.parallel", strconv.Itoa(max(8, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	testscript.Main(testrun.InMemory{M: m}, map[string]func(){
		"keycare": func() { os.Exit(runKeycare()) },
		"nothing": func() {}, // an empty program that links the same packages, for benchmarks
	})
}

// runKeycare is main, for the program that the tests start.
func runKeycare() int {
	ctx, stop := signal.NotifyContext(context.Background(), Signals...)
	defer stop()
	return Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
}

// TestScripts runs the real program in a home and against an IAM of each
// script's own. Each of its runs ends with a search for secrets, in all forms, in
// what it printed, what it asked AWS and what it left on disk.
func TestScripts(t *testing.T) {
	const dir = "../testdata/script"
	needRun(t, dir)
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Setup:               setup,
		Condition:           condition,
		Cmds:                commands,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// needRun fails for a script that runs keycare in another way than by "run",
// since then nobody would look for secrets in its output.
func needRun(t *testing.T, dir string) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`(?m)^(?:\[.*\] *)*!? *exec .*\bkeycare\b`)
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := other.Find(text); at != nil {
			t.Errorf("%s: %q: use \"run CODE keycare\"", name, at)
		}
	}
}

// world is what a script has beside the script engine's own state.
type world struct {
	t      testing.TB
	iam    *awstest.Server
	faults faults
	leaks  leaks
	ahead  atomic.Int64 // of AWS's clock
	held   map[string]func() error
	hidden []string // variables of a script with secrets
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// hideSecrets takes the script's own secrets out of the environment, which what
// keycare starts inherits, and returns them.
func (w *world) hideSecrets(ts *testscript.TestScript) map[string]string {
	were := map[string]string{}
	for _, name := range w.hidden {
		were[name] = ts.Getenv(name)
		ts.Setenv(name, "")
	}
	return were
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// setup gives a script its home, its IAM and an environment in which nothing
// leads to the developer's own files and keys. Files in ~/.aws get the modes
// that "aws configure" gives them.
func setup(e *testscript.Env) error {
	t := e.T().(testing.TB)
	w := &world{t: t, held: make(map[string]func() error)}
	w.iam = awstest.New(t, awstest.Options{AnyRegion: true, Now: w.now})
	w.iam.SetFault(w.faults.decide)
	// As at AWS: a use shows later, so that an audit does not see its own.
	w.iam.SetUseRecording(time.Hour, 15*time.Minute)
	w.iam.SetSummary(awstest.DefaultAccount, map[string]int{"AccountMFAEnabled": 1})
	w.iam.SetPasswordPolicy(awstest.DefaultAccount, &awstest.PasswordPolicy{
		MinLength: 14, Reuse: 24, Symbols: true, Numbers: true, Uppercase: true, Lowers: true})
	e.Values[worldKey{}] = w
	home := filepath.Join(e.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	for _, v := range environment(home, w.iam.URL()) {
		name, value, _ := strings.Cut(v, "=")
		e.Setenv(name, value)
	}
	err := filepath.WalkDir(filepath.Join(home, ".aws"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipAll // no ~/.aws
		case d.IsDir():
			return chmod(path, 0o700)
		}
		return chmod(path, 0o600)
	})
	if err != nil {
		return err
	}
	if err := expectSystemPaths(filepath.Join(e.WorkDir, "want")); err != nil {
		return err
	}
	// State as keycare leaves it, whatever the umask of the test.
	_ = filepath.WalkDir(filepath.Join(e.WorkDir, "state"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipAll
		case d.IsDir():
			return chmod(path, 0o700)
		}
		return chmod(path, 0o600)
	})
	for _, name := range []string{"credentials", "config"} {
		w.leaks.allow(filepath.Join(home, ".aws", name))
	}
	w.leaks.allow(filepath.Join(e.WorkDir, "want"))
	if err := w.leaks.learnFiles(e.WorkDir); err != nil {
		return err
	}
	e.Defer(func() {
		if !testrun.IsLong() && !strings.Contains(t.Name(), "/rotate-copies") && !strings.Contains(t.Name(), "/rotate-after") {
			return // the search after each run has found nothing, and making the matcher takes a while
		}
		for _, leak := range w.leaks.findAll(e.WorkDir) {
			t.Errorf("%s", leak)
		}
	})
	return nil
}

var awsPath = regexp.MustCompile(`~/\.aws/[a-z]+`)

// expectSystemPaths writes the paths in what a script expects as this system does.
func expectSystemPaths(dir string) error {
	if filepath.Separator == '/' {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		b, readErr := os.ReadFile(name)
		b = awsPath.ReplaceAllFunc(b, func(path []byte) []byte { return []byte(filepath.FromSlash(string(path))) })
		err = errors.Join(err, readErr, os.WriteFile(name, b, 0o600))
	}
	return err
}

var systemPath = regexp.MustCompile(`~\\\.aws\\[a-z]+`)

// unixPaths writes what was shown with the paths of the AWS files as Unix does.
func unixPaths(text string) string {
	return systemPath.ReplaceAllStringFunc(text, func(path string) string { return strings.ReplaceAll(path, `\`, "/") })
}

// canLink reports whether links can be made and followed. wine only makes them.
var canLink = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "keycare-link-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	if os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600) != nil || os.Symlink("file", filepath.Join(dir, "link")) != nil {
		return false
	}
	b, err := os.ReadFile(filepath.Join(dir, "link"))
	return err == nil && string(b) == "text"
})

func condition(name string) (bool, error) {
	switch name {
	case "links":
		return canLink(), nil
	case "permissions": // can a program be run that is bound by them?
		return canUnprivileged(), nil
	case "mounts":
		return canMount(), nil
	case "root": // can a program be run as any user?
		return os.Geteuid() == 0 && canUnprivileged(), nil
	}
	return false, fmt.Errorf("no such condition")
}

// lookKeycare finds the program that TestMain put into the PATH.
func lookKeycare(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("keycare")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A tagged build says its tag, any other what is known of its commit.
func TestVersionOf(t *testing.T) {
	for _, tt := range []struct {
		module string
		vcs    []debug.BuildSetting
		want   string
	}{
		{"v1.2.3", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}, "v1.2.3"},
		{"", nil, "development"},
		{"(devel)", []debug.BuildSetting{{Key: "GOOS", Value: "linux"}}, "development"},
		{"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-23T14:37:00Z"}, {Key: "vcs.modified", Value: "false"}},
			"development-0123456789ab of 2026-11-23"},
		{"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-23T14:37:00Z"}, {Key: "vcs.modified", Value: "true"}},
			"development-0123456789ab+changes of 2026-11-23"},
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: tt.module}, Settings: tt.vcs}); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.module, got, tt.want)
		}
	}
}
