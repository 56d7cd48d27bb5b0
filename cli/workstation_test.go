package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/report"
	"keycare/rotate"
	"keycare/rotate/awstest"
	"keycare/rotate/job"
	"keycare/rotate/state"
)

// workstation is a laptop whose clock and network a test holds: a home, a state
// folder and an IAM. Profile work, of user dana, is in the timer's care; profile
// deploy is not.
type workstation struct {
	t      *testing.T
	iam    *awstest.Server
	mu     sync.Mutex
	now    time.Time
	online bool
	calls  []call // all requests that reached IAM
	told   []told
	paths  credfile.Paths
	never  settings.NeverCall
	care   []string // profiles in the timer's care
}

type call struct {
	at     time.Time
	action string
}

type told struct {
	at time.Time
	job.Notice
}

const dana, deploy = "dana", "deploy"

func newWorkstation(t *testing.T) *workstation {
	s := &workstation{t: t, now: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC), online: true, care: []string{"work"}}
	s.iam = awstest.New(t, awstest.Options{Now: s.clock, AnyRegion: true})
	s.iam.SetUseRecording(time.Hour, 15*time.Minute)
	s.iam.AddUser(awstest.User{Name: dana})
	s.iam.AddUser(awstest.User{Name: deploy})
	for _, user := range []string{dana, deploy} { // the report is not there at once, and would be waited for
		s.iam.Deny(user, "iam:GetCredentialReport", "iam:GenerateCredentialReport")
	}
	s.iam.SetFault(func(c awstest.Call) awstest.Fault {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.online {
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		s.calls = append(s.calls, call{s.now, c.Action})
		return awstest.Fault{}
	})
	home := t.TempDir()
	for _, v := range environment(home, s.iam.URL()) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "settings"))
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	var err error
	if s.paths, err = credfile.Locate(credfile.OSEnv()); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, p := range [][2]string{{"work", dana}, {"deploy", deploy}} {
		k := s.iam.AddKey(p[1], s.now.AddDate(0, 0, -80))
		fmt.Fprintf(&text, "# %s\n[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n\n", p[1], p[0], k.ID, k.Secret)
	}
	if err := os.MkdirAll(filepath.Dir(s.paths.Credentials), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.paths.Credentials, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *workstation) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *workstation) wait(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	return context.Cause(ctx)
}

// job is a run as the timer would start it now.
func (s *workstation) job() *job.Job {
	e := testEnv()
	e.Now = s.clock
	j := newJob(e, rotate.Options{
		Paths: s.paths, State: s.state(), Disk: diskfault.Unsynced{}, Now: s.clock, Wait: s.wait, Barred: s.never.Bars,
		Say: func(string, ...any) {}, Timeout: rotate.DefaultTimeout,
	}, auditOptions{scope: scope{never: s.never}, failOn: report.High}, timerOptions{
		rotate: s.care, maxAge: 90 * 24 * time.Hour, grace: 24 * time.Hour, retire: state.Delete,
	})
	j.Jitter = func() float64 { return 0.5 }
	j.Notify = func(n job.Notice) error {
		s.told = append(s.told, told{s.clock(), n})
		return nil
	}
	return j
}

func (s *workstation) state() state.Folder {
	s.t.Helper()
	state, err := testEnv().State()
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

func (s *workstation) run() *job.Result {
	s.t.Helper()
	res, err := s.job().Run(s.t.Context())
	if err != nil {
		s.t.Fatalf("%s: %v", s.clock(), err)
	}
	return res
}

// inFile returns the pair of profile work, and fails if it does not work.
func (s *workstation) inFile() string {
	s.t.Helper()
	set, err := credfile.Load(disk.OS{}, s.paths)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := set.Agreed("work")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, ok := s.iam.Works(got.Pair.ID, got.Pair.Secret.Reveal()); !ok {
		s.t.Fatalf("%s: key %s in the file does not work", s.clock(), got.Pair.ID)
	}
	return got.Pair.ID
}

// age is how old the key is.
func (s *workstation) age(id string) time.Duration {
	for _, k := range s.iam.Keys(dana) {
		if k.ID == id {
			return s.clock().Sub(k.Created)
		}
	}
	return 0
}

// asked lists the calls. A run does not wait for the replies to all its looks for a
// network.
func (s *workstation) asked() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// count counts the calls of an action since the n-th call.
func (s *workstation) count(n int, action string) (found int) {
	for _, c := range s.asked()[n:] {
		if c.action == action {
			found++
		}
	}
	return found
}

func (s *workstation) notices(kind job.Kind) (found int) {
	for _, n := range s.told {
		if n.Kind == kind {
			found++
		}
	}
	return found
}

// The first weeks of the year below: one rotation with its grace, weekends, days
// without a network.
func TestScheduleWeeks(t *testing.T) {
	s := newWorkstation(t)
	rotated, _ := s.live(28)
	if rotated != 1 || s.notices(job.Done) != 1 || s.notices(job.Trouble) != 0 || s.notices(job.Needs) == 0 {
		t.Errorf("%d rotations; notices %+v", rotated, s.told)
	}
}
