package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/state"
)

// Job is one run of the timer. Nothing in it may ask a person.
type Job struct {
	State state.Folder
	// Now and Wait are the clock; Jitter returns a number from 0 to 1 by which
	// waits are spread.
	Now    func() time.Time
	Wait   func(ctx context.Context, d time.Duration) error
	Jitter func() float64
	// Always does the daily part even if it was done a short while ago.
	Always bool

	// Reach returns nil if AWS answers, or if there is nothing to ask it.
	Reach func(ctx context.Context) error
	// Resume and Rotate are rotate's. Rotate is nil where no key is in the
	// timer's care.
	Resume func(ctx context.Context) ([]rotate.Result, error)
	Rotate func(ctx context.Context) ([]rotate.Result, error)
	// Audit may return what it found beside an error.
	Audit func(ctx context.Context) (*Audit, error)
	// Notify shows a notice on the desktop. What cannot be shown is logged, and
	// shown by the next run.
	Notify func(Notice) error
	// Clean takes out of a text what the person gave as a setting or an argument and
	// may be a secret. It may be nil.
	Clean func(string) string
}

// Audit is what the timer needs of an audit.
type Audit struct {
	Summary  string // one sentence
	Findings []Finding
	// Fails says that something at or above the limit was found, told or not.
	Fails bool
	// Unanswered says that AWS was asked and answered nothing.
	Unanswered bool
}

// Finding is one that is at or above the limit at which an audit fails.
type Finding struct{ Fingerprint, What, Fix string }

// Result is what a run did, for the one who started it.
type Result struct {
	Outcome Outcome
	// Idle: nothing was due, or another run was at work.
	Idle    bool
	Notices []Notice // told now
	Did     []string // all that was done and found, a sentence each
	Err     error
}

const (
	// daily is the time between two audits. It is less than a day, so that a
	// timer that starts a little earlier than yesterday does not skip a day.
	daily = 20 * time.Hour
	// weekly and monthly are when a notice is repeated that still holds: of what
	// stops the timer's own work, and of what is wrong with the keys, which may
	// be for others to mend.
	weekly  = 7 * 24 * time.Hour
	monthly = 30 * 24 * time.Hour
	// forget is when a notice that no longer holds is forgotten.
	forget = 90 * 24 * time.Hour
)

// waits are the times between the looks for the network, before they are
// spread: a laptop that has just woken needs some seconds, a hotel's network a
// few minutes.
var waits = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute}

// Run does what is due. The error is of the run itself; what went wrong with
// keys is in the Result.
func (j *Job) Run(ctx context.Context) (*Result, error) {
	if err := j.State.Init(); err != nil {
		return nil, err
	}
	unlock, err := credfile.TryLock(lockPath(j.State))
	if errors.Is(err, credfile.ErrLocked) {
		return &Result{Outcome: Well, Idle: true}, nil
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	st, err := Load(j.State)
	if err != nil || st == nil { // a damaged one is made anew
		st = &Stamp{Version: stampVersion, Outcome: Well}
	}
	if st.Started = j.Now(); st.Since.IsZero() || st.Since.After(st.Started) {
		st.Since = st.Started
	}
	if err := st.save(j.State); err != nil {
		return nil, err
	}
	r := &run{Job: j, st: st}
	res := r.do(ctx)
	st.Ended = j.Now()
	return res, errors.Join(st.save(j.State), r.logErr)
}

type run struct {
	*Job
	st      *Stamp
	did     []string
	notices []Notice
	errs    []error
	logErr  error
	whole   bool // it has looked at everything
}

func (r *run) do(ctx context.Context) *Result {
	open, damaged := r.unfinished()
	if !r.due() && !open {
		r.show(nil)
		return &Result{Outcome: Well, Idle: true}
	}
	res := &Result{Outcome: Well}
	if err := r.network(ctx); err != nil {
		if ctx.Err() != nil {
			return &Result{Outcome: NoNetwork, Err: ctx.Err()}
		}
		res.Outcome = NoNetwork
		r.say("AWS does not answer: %v", firstLine(err))
		r.st.Dark++
		if late := r.st.Late(r.st.Started); late != "" && r.st.Dark > mostDark {
			r.notices = append(r.notices, Notice{Needs, "late", weekly, late + "; look at this machine's network and proxy, or run: keycare audit"})
		}
		return r.end(res)
	}
	r.st.Dark = 0
	if open || damaged != nil || r.due() {
		results, err := r.Resume(ctx)
		r.keys(ctx, results, err)
	}
	if r.due() && ctx.Err() == nil {
		if r.Rotate != nil {
			results, err := r.Rotate(ctx)
			r.keys(ctx, results, err)
		}
		r.audit(ctx, res)
	}
	return r.end(res)
}

// due reports whether the daily part is. A clock that was put back makes it so.
func (r *run) due() bool {
	since := r.st.Started.Sub(r.st.Audited)
	return r.Always || since >= daily || since < 0
}

// unfinished reports whether Resume has something to do. A rotation in its grace
// waits, and so does what only a person can be told.
func (r *run) unfinished() (open bool, damaged error) {
	js, damaged := r.State.Journals()
	for _, j := range js {
		open = open || !j.Resting(r.st.Started) && !j.OnlyOwed()
	}
	return open, damaged
}

// network waits until AWS answers.
func (r *run) network(ctx context.Context) error {
	for i := 0; ; i++ {
		err := r.Reach(ctx)
		if err == nil || i == len(waits) || ctx.Err() != nil {
			return err
		}
		spread := time.Duration((0.5 + r.Jitter()) * float64(waits[i]))
		if err := r.Wait(ctx, spread); err != nil {
			return err
		}
	}
}

// keys notes what became of rotations.
func (r *run) keys(ctx context.Context, results []rotate.Result, err error) {
	for _, res := range results {
		n, isNews := noticeOf(res)
		if _, told := r.st.Told[n.About]; told && res.Outcome == rotate.InGrace {
			continue // it rests
		}
		switch res.Outcome {
		case rotate.Rotated:
			r.say("profile %s: key %s is replaced by %s, the old key is %s", res.Profile, res.Old, res.New, res.Retired)
		case rotate.InGrace:
			r.say("profile %s: key %s is replaced by %s, the old key stays active until %s", res.Profile, res.Old, res.New,
				show.Time(res.GraceEnds))
		case rotate.Undone:
			r.say("profile %s keeps key %s", res.Profile, res.Old)
		}
		if isNews {
			r.notices = append(r.notices, n)
		}
	}
	if ctx.Err() != nil { // it was stopped: the next run goes on, and tells what is wrong
		r.errs = append(r.errs, flat(err)...)
		return
	}
	for _, e := range flat(err) {
		if errors.Is(e, credfile.ErrLocked) {
			r.say("another keycare is at work; left for the next run")
			continue
		}
		profile := ""
		if i := slices.IndexFunc(results, func(res rotate.Result) bool { return res.Error == e.Error() }); i >= 0 {
			profile = results[i].Profile
		}
		n := noticeOfError(e, profile)
		r.say("%s", n.Text)
		r.errs = append(r.errs, e)
		r.notices = append(r.notices, n)
	}
}

func (r *run) audit(ctx context.Context, res *Result) {
	a, err := r.Audit(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		r.say("%s", firstLine(err))
		r.errs = append(r.errs, err)
		r.notices = append(r.notices, noticeOfError(err, ""))
	}
	switch {
	case a == nil:
		return
	case a.Unanswered:
		res.Outcome = NoNetwork
		r.say("AWS stopped answering during the audit")
		return
	}
	r.st.Audited, r.st.Summary, r.whole = r.st.Started, r.clean(a.Summary), true
	if a.Fails {
		res.Outcome = Findings
	}
	for _, f := range a.Findings {
		text := f.What
		if f.Fix != "" {
			text += ". " + f.Fix
		}
		r.notices = append(r.notices, Notice{Needs, "finding " + f.Fingerprint, monthly, text})
	}
	r.say("audit: %s", a.Summary)
}

// end tells what was not told lately, and writes the log.
func (r *run) end(res *Result) *Result {
	res.Err = errors.Join(r.errs...)
	var half *rotate.HalfDone
	switch {
	case errors.As(res.Err, &half):
		res.Outcome = HalfDone
	case res.Err != nil:
		res.Outcome = Failed
	}
	res.Notices = r.untold()
	missed := r.show(res.Notices)
	r.st.Acted, r.st.Outcome, r.st.Did = r.st.Started, res.Outcome, r.did
	res.Did = r.did
	r.logErr = appendLog(r.State, r.st.Started, res.Outcome, append(r.did, missed...))
	return res
}

// untold returns the notices that are new or are to be repeated, and notes them
// as told.
func (r *run) untold() []Notice {
	var fresh []Notice
	now := r.st.Started
	maps.DeleteFunc(r.st.Told, func(_ string, at time.Time) bool { return now.Sub(at) > forget || at.After(now) })
	for i, n := range r.notices {
		n.Text, n.About = r.clean(show.Flow(n.Text)), r.clean(n.About)
		r.notices[i] = n
		if at, told := r.st.Told[n.About]; told && (n.Again == 0 || now.Sub(at) < n.Again) {
			continue
		}
		if r.st.Told == nil {
			r.st.Told = map[string]time.Time{}
		}
		r.st.Told[n.About] = now
		if !slices.Contains(fresh, n) {
			fresh = append(fresh, n)
		}
	}
	return fresh
}

func (r *run) clean(text string) string {
	if r.Clean == nil {
		return text
	}
	return r.Clean(text)
}

func (r *run) say(format string, args ...any) {
	line := r.clean(show.Flow(fmt.Sprintf(format, args...)))
	if !slices.Contains(r.did, line) { // Rotate resumes once more what Resume could not end
		r.did = append(r.did, line)
	}
}

// flat returns the errors that were joined.
func flat(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range many.Unwrap() {
			all = append(all, flat(e)...)
		}
		return all
	}
	return []error{err}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
