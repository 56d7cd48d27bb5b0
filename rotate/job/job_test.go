package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
	"keycare/credfile/facts"
	"keycare/rotate"
	"keycare/rotate/state"
)

// bench is a job whose parts a test sets one by one; all else is well.
type bench struct {
	*Job
	t     *testing.T
	now   time.Time
	slept []time.Duration
	shown []Notice
	did   []string // the parts in their order
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	note := func(what string) func(context.Context) ([]rotate.Result, error) {
		return func(context.Context) ([]rotate.Result, error) { b.did = append(b.did, what); return nil, nil }
	}
	b.Job = &Job{
		State:  state.Folder{Dir: t.TempDir(), Disk: diskfault.Unsynced{}},
		Now:    func() time.Time { return b.now },
		Jitter: func() float64 { return 0.5 },
		Wait: func(_ context.Context, d time.Duration) error {
			b.slept = append(b.slept, d)
			b.now = b.now.Add(d)
			return nil
		},
		Reach:  func(context.Context) error { return nil },
		Resume: note("resume"),
		Rotate: note("rotate"),
		Audit: func(context.Context) (*Audit, error) {
			b.did = append(b.did, "audit")
			return &Audit{Summary: "all is well"}, nil
		},
		Notify: func(n Notice) error { b.shown = append(b.shown, n); return nil },
	}
	return b
}

func (b *bench) run() *Result {
	b.t.Helper()
	b.did, b.shown, b.slept = nil, nil, nil
	res, err := b.Run(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return res
}

func (b *bench) stamp() *Stamp {
	b.t.Helper()
	st, err := Load(b.State)
	if err != nil || st == nil {
		b.t.Fatalf("stamp %v, %v", st, err)
	}
	return st
}

// Once a day all is done, in its order; between that nothing.
func TestRunDaily(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, "resume rotate audit"},
		{4 * time.Hour, ""},
		{15 * time.Hour, ""},
		{time.Hour, "resume rotate audit"},
		{-48 * time.Hour, "resume rotate audit"}, // the clock was put right
	} {
		b.now = b.now.Add(c.after)
		res := b.run()
		if got := strings.Join(b.did, " "); got != c.want || res.Idle != (c.want == "") || len(b.shown) > 0 {
			t.Errorf("%s later: did %q, want %q: %+v", c.after, got, c.want, res)
		}
	}
	b.Always = true
	if b.run(); len(b.did) != 3 {
		t.Errorf("told to do all: did %q", b.did)
	}
}

// A network that comes back while the run waits is used. One that does not
// leaves all to the next run.
func TestRunWaitsForNetwork(t *testing.T) {
	b := newBench(t)
	looks := 0
	b.Reach = func(context.Context) error {
		if looks++; looks < 4 {
			return errors.New("no route to host")
		}
		return nil
	}
	if res := b.run(); res.Outcome != Well || len(b.slept) != 3 || len(b.did) != 3 {
		t.Errorf("%+v, waited %v, did %v", res, b.slept, b.did)
	}
	b.now = b.now.Add(24 * time.Hour)
	b.Reach = func(context.Context) error { return errors.New("no route to host") }
	res := b.run()
	if res.Outcome != NoNetwork || res.Err != nil || len(b.did) > 0 || len(b.slept) != len(waits) || len(b.shown) > 0 {
		t.Errorf("%+v, waited %v, did %v", res, b.slept, b.did)
	}
	for i, d := range b.slept {
		if d < waits[i]/2 || d > waits[i]*3/2 {
			t.Errorf("wait %d is %s", i, d)
		}
	}
	b.now = b.now.Add(20 * 24 * time.Hour) // switched off for long, then a network after a while
	for range mostDark - 1 {
		if b.run(); len(b.shown) > 0 {
			t.Errorf("told of the network at once: %+v", b.shown)
		}
	}
	b.Reach = func(context.Context) error { return nil }
	b.run()
	b.Reach = func(context.Context) error { return errors.New("no route to host") }
	b.now = b.now.Add(20 * 24 * time.Hour)
	if b.run(); len(b.shown) > 0 {
		t.Errorf("told of the network at once, after one that was there: %+v", b.shown)
	}
	b.Reach = func(context.Context) error { return nil }
	b.run()
	b.Reach = func(context.Context) error { return errors.New("no route to host") }
	told := 0
	for range 4 * 18 { // eighteen days without a network
		b.now = b.now.Add(6 * time.Hour)
		b.run()
		told += len(b.shown)
	}
	if told != 2 {
		t.Errorf("told %d times that there is no network, want 2", told)
	}
	if late := b.stamp().Late(b.now); !strings.Contains(late, "18 days ago") {
		t.Errorf("late: %q", late)
	}
}

// An audit that AWS did not answer is made again by the next run.
func TestRunUnanswered(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) { return &Audit{Unanswered: true, Fails: true}, nil }
	if res := b.run(); res.Outcome != NoNetwork || !b.stamp().Audited.IsZero() {
		t.Errorf("%+v", res)
	}
	b.now = b.now.Add(time.Hour)
	if b.run(); len(b.did) != 2 {
		t.Errorf("did %v", b.did)
	}
}

// Each thing is told once, and again only after a time.
func TestRunNotices(t *testing.T) {
	half := &rotate.HalfDone{Journal: &state.Journal{ID: "7", Old: "AKIAOLD", Profile: "work"}, Why: "it is kept",
		Err: &rotate.OldKeyUsed{Use: facts.Use{Service: "s3", Region: "eu-west-1"}, Grace: time.Hour}}
	n := 0
	for _, c := range []struct {
		name  string
		set   func(*bench)
		kind  Kind
		text  string
		times int // in 40 days
		out   Outcome
	}{
		{"rotated", func(b *bench) {
			b.Rotate = func(context.Context) ([]rotate.Result, error) {
				return []rotate.Result{{Outcome: rotate.InGrace, Profile: "work", Old: "AKIAOLD", New: "AKIANEW"}}, nil
			}
		}, Done, "AKIANEW", 1, Well},
		{"in use", func(b *bench) {
			b.Resume = func(context.Context) ([]rotate.Result, error) { return nil, errors.Join(half) }
		}, InUse, "s3 in eu-west-1", 6, HalfDone},
		{"refused", func(b *bench) {
			b.Rotate = func(context.Context) ([]rotate.Result, error) {
				n++
				return nil, fmt.Errorf("today: %w", &rotate.Refused{Why: fmt.Sprintf("the key is %d days old", n)})
			}
		}, Needs, "days old", 6, Failed},
		{"failed", func(b *bench) {
			b.Audit = func(context.Context) (*Audit, error) {
				n++
				return nil, fmt.Errorf("operation error IAM, RequestID: %x-%d, denied", n*7919, n)
			}
		}, Trouble, "denied", 6, Failed},
		{"found", func(b *bench) {
			b.Audit = func(context.Context) (*Audit, error) {
				return &Audit{Summary: "1 critical", Fails: true, Findings: []Finding{{"f1", "a root key", "keycare replace-root"}}}, nil
			}
		}, Needs, "a root key. keycare replace-root", 2, Findings},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.set(b)
			var all []Notice
			for range 40 {
				b.now = b.now.Add(24 * time.Hour)
				res := b.run()
				if res.Outcome != c.out {
					t.Fatalf("outcome %s", res.Outcome)
				}
				all = append(all, b.shown...)
			}
			if len(all) != c.times || all[0].Kind != c.kind || !strings.Contains(all[0].Text, c.text) {
				t.Errorf("%d notices, want %d: %+v", len(all), c.times, all)
			}
		})
	}
}

// Many notices are one on the desktop, and all of them in the result.
func TestRunMerges(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) {
		a := &Audit{Fails: true}
		for i := range 9 {
			a.Findings = append(a.Findings, Finding{fmt.Sprint("f", i), fmt.Sprint("finding ", i), ""})
		}
		return a, nil
	}
	if res := b.run(); len(res.Notices) != 9 || len(b.shown) != 1 || !strings.Contains(b.shown[0].Text, "8 more") {
		t.Errorf("%d notices, shown %+v", len(res.Notices), b.shown)
	}
}

// A run that was killed, and a timer that stands still, can be told.
func TestStamp(t *testing.T) {
	b := newBench(t)
	if st, err := Load(b.State); st != nil || err != nil || st.Late(b.now) != "" {
		t.Errorf("before the first run: %+v, %v", st, err)
	}
	if b.run(); b.stamp().Killed() {
		t.Error("killed, after a run")
	}
	b.now = b.now.Add(24 * time.Hour)
	b.Audit = func(context.Context) (*Audit, error) { panic("killed") }
	func() {
		defer func() { _ = recover() }()
		b.run()
	}()
	if !b.stamp().Killed() {
		t.Error("not killed, after a kill")
	}
	if late := b.stamp().Late(b.now.Add(8 * 24 * time.Hour)); !strings.Contains(late, "8 days") {
		t.Errorf("late: %q", late)
	}
	if late := b.stamp().Late(b.now.Add(24 * time.Hour)); late != "" {
		t.Errorf("late after a day: %q", late)
	}
}

// A damaged stamp is made anew, and says so where it is only read.
func TestStampDamaged(t *testing.T) {
	b := newBench(t)
	b.run()
	if err := os.WriteFile(stampPath(b.State), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(b.State); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v", err)
	}
	if b.run(); len(b.did) != 3 {
		t.Errorf("did %v", b.did)
	}
	b.stamp()
}

// The log is bounded, begins with a whole line and keeps the newest.
func TestLogBounded(t *testing.T) {
	s := state.Folder{Dir: t.TempDir(), Disk: diskfault.Unsynced{}}
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	for i := range 300 {
		if err := appendLog(s, at.Add(time.Duration(i)*time.Hour), Well, []string{strings.Repeat("word ", 200), fmt.Sprint("run ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.ReadFile(LogPath(s))
	if err != nil || len(log) > mostLog || len(log) < mostLog/2 {
		t.Fatalf("%d bytes, %v", len(log), err)
	}
	if !strings.HasPrefix(string(log), "2026-") || !strings.HasSuffix(string(log), "run 299\n") {
		t.Errorf("log begins %q, ends %q", log[:30], log[len(log)-30:])
	}
}

// An audit beside an error counts: it is not made again by each run.
func TestRunAuditWithError(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) {
		return &Audit{Summary: "half"}, errors.New("a file is a folder")
	}
	if res := b.run(); res.Outcome != Failed || b.stamp().Audited.IsZero() {
		t.Errorf("%+v", res)
	}
	b.now = b.now.Add(4 * time.Hour)
	if res := b.run(); !res.Idle {
		t.Errorf("four hours later: %+v", res)
	}
}

// A run that is stopped tells of no trouble: the next one goes on.
func TestRunStopped(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	half := &rotate.HalfDone{Journal: &state.Journal{ID: "7"}, Why: "interrupted", Err: context.Canceled}
	b.Rotate = func(context.Context) ([]rotate.Result, error) { stop(); return nil, half }
	res, err := b.Run(ctx)
	if err != nil || len(res.Notices) > 0 || len(b.stamp().Told) > 0 || !errors.As(res.Err, &half) {
		t.Errorf("%+v, %v", res, err)
	}
}

// A timer that never got an answer is late, too.
func TestStampNeverAnswered(t *testing.T) {
	b := newBench(t)
	b.Reach = func(context.Context) error { return errors.New("no route to host") }
	for range 10 {
		b.run()
		b.now = b.now.Add(24 * time.Hour)
	}
	if late := b.stamp().Late(b.now); !strings.Contains(late, "never got an answer") {
		t.Errorf("late: %q", late)
	}
}

// What a terminal would obey is not told.
func TestRunPlainText(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) { return nil, errors.New("profile a\x1b[31m\u202eb\a") }
	res := b.run()
	if got := res.Notices[0].Text + strings.Join(res.Did, ""); strings.ContainsAny(got, "\x1b\u202e\a") {
		t.Errorf("told %q", got)
	}
}

// A pipe in the place of the log is an error, not a wait for ever.
func TestRunLogIsNoFile(t *testing.T) {
	b := newBench(t)
	if err := os.MkdirAll(LogPath(b.State), 0o700); err != nil {
		t.Fatal(err)
	}
	if res, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no plain file") || res.Outcome != Well {
		t.Errorf("%+v, %v", res, err)
	}
}
