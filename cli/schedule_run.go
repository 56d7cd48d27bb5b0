package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/notice"
	"keycare/credfile"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate"
	"keycare/rotate/ask"
	"keycare/rotate/client"
	"keycare/rotate/job"
	"keycare/rotate/schedule"
	"keycare/rotate/state"
)

// defaultTimerGrace is how long the old key stays active after a rotation that
// nobody watches.
const defaultTimerGrace = "24h"

func scheduleRunCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "do what is due; this is what the timer starts",
		Description: "Waits for the network, finishes rotations that are not finished, once a day\n" +
			"rotates the keys of --rotate that are due and audits all keys, and tells you on\n" +
			"the desktop what needs you. Asks nobody anything.",
		Flags: append(timerFlags(),
			&cli.BoolFlag{Name: "always", Usage: "audit and rotate what is due even if that was done today"},
		),
		Action: action(e, runTimer),
	}
}

// timerFlags are what the timer may be told to do beside auditing.
func timerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "rotate", Usage: "rotate the key of this `PROFILE` when it is due; can be given more than once"},
		&cli.StringFlag{Name: "max-age", Value: "90d", Usage: "the `AGE` above which a key is due, in days"},
		&cli.StringFlag{Name: "grace", Value: defaultTimerGrace, Usage: "leave the old key active for this `TIME`, at least 1h"},
		&cli.StringFlag{Name: "retire", Value: string(state.Delete), Usage: "`WHAT` to do with the old key then: delete or deactivate"},
	}
}

// timerOptions are the flags of timerFlags, checked.
type timerOptions struct {
	rotate        []string
	maxAge, grace time.Duration
	retire        state.Retirement
}

func timerOptionsOf(e *env, c *cli.Context) (o timerOptions, err error) {
	if err := noArgs(c); err != nil {
		return o, err
	}
	o.rotate = c.StringSlice("rotate")
	for _, flag := range []string{"max-age", "grace", "retire"} {
		if c.IsSet(flag) && len(o.rotate) == 0 {
			return o, usagef("--%s goes with --rotate: without it the timer rotates nothing", flag)
		}
	}
	retire, err := oneOf(c, "retire", string(state.Delete), string(state.Deactivate))
	if err != nil {
		return o, err
	}
	o.retire = state.Retirement(retire)
	if o.grace, err = parseAge(c.String("grace")); err != nil || o.grace < rotate.MinGrace {
		return o, usagef("--grace %q: must be a duration of at least 1h, such as 24h or 7d", c.String("grace"))
	}
	if !c.IsSet("max-age") {
		set, err := e.Settings()
		if err != nil {
			return o, err
		}
		o.maxAge = set.MaxAge
	} else if o.maxAge, err = parseAge(c.String("max-age")); err != nil || o.maxAge < 24*time.Hour {
		return o, usagef("--max-age %q: must be a duration of at least a day, such as 90d", c.String("max-age"))
	}
	return o, nil
}

func runTimer(e *env, c *cli.Context) error {
	schedule.DropConsole()
	t, err := timerOptionsOf(e, c)
	if err != nil {
		return err
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	set, err := e.Settings()
	if err != nil {
		return err
	}
	a := auditOptions{policy: policyOf(set), never: set.NeverCall}
	if a.failOn, err = report.ParseSeverity(set.FailOn); err != nil {
		return err
	}
	byHand := c.Bool("always") || e.Terminal.Out
	if !byHand { // the notices say it
		o.Say = func(string, ...any) {}
	}
	j := newJob(e, o, a, t)
	j.Always = c.Bool("always")
	if !set.Notices {
		j.Notify = func(job.Notice) error { return nil }
	}
	res, failed := j.Run(c.Context)
	if res == nil {
		return failed
	}
	for _, n := range res.Notices {
		fmt.Fprintf(e.Out, "%s: %s\n", n.Kind, n.Text)
	}
	if byHand {
		tellRun(e, res)
	}
	switch {
	case c.Context.Err() != nil:
		return errors.Join(c.Context.Err(), res.Err)
	case failed != nil:
		return errors.Join(failed, res.Err)
	case res.Err != nil:
		return toldError{res.Err}
	case res.Outcome == job.Findings:
		return errFindings
	}
	return nil
}

// tellRun tells the person who started a run by hand what it did.
func tellRun(e *env, res *job.Result) {
	if res.Idle {
		fmt.Fprintln(e.Out, "nothing is due; see: keycare schedule status")
	}
	for _, d := range res.Did {
		fmt.Fprintln(e.Out, d)
	}
}

// toldError is one that was told by a notice, in this run or in one before. It
// has its exit code and no text, or cron would send the same mail many times a
// day.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// newJob makes the timer's job of the options of a rotation and of an audit.
func newJob(e *env, o *rotate.Options, a auditOptions, t timerOptions) *job.Job {
	// Nobody can be asked, and nothing is deleted but what the job made old.
	o.Yes, o.Confirm, o.AskLine, o.MFACode = true, nil, nil, nil
	o.FreeSlot = rotate.FreeNever
	j := &job.Job{
		State: o.State, Now: o.Now, Wait: o.Wait, Jitter: rand.Float64,
		Reach:  func(ctx context.Context) error { return reach(ctx, o, a, t.rotate) },
		Resume: rotate.New(*o).Resume,
		Audit:  func(ctx context.Context) (*job.Audit, error) { return timerAudit(ctx, e, a, o.Now()) },
		Notify: func(n job.Notice) error { return notice.Show(n.Title(), n.Text) },
	}
	if len(t.rotate) > 0 {
		due := *o
		due.OlderThan, due.Grace, due.Retire = t.maxAge, t.grace, t.retire
		j.Rotate = func(ctx context.Context) ([]rotate.Result, error) { return rotate.New(due).Rotate(ctx, t.rotate...) }
	}
	return j
}

// mostWays bounds how many ways to AWS are looked at for the network, mostAsked
// how many profiles are looked at for ways.
const mostWays, mostAsked = 8, 64

// reach returns nil if AWS answers by any of the ways that the run may go: those
// of the profiles in its care, of rotations that are open, and of the keys that
// the audit asks about. One dead endpoint says nothing about the network.
func reach(ctx context.Context, o *rotate.Options, a auditOptions, care []string) error {
	set, err := credfile.Load(o.Disk, o.Paths)
	if err != nil {
		return nil // the audit says what is wrong with the files
	}
	var profiles []string
	asker := ask.Asker{Set: set, Profiles: set.Profiles(), Barred: a.never.Bars}
	for _, ask := range asker.Plan() {
		profiles = append(profiles, ask.Profile)
	}
	open, _ := o.State.Journals() // Resume says what is wrong with them
	matters := func(p string) bool {
		return slices.Contains(care, p) || slices.ContainsFunc(open, func(j *state.Journal) bool { return j.Profile == p })
	}
	profiles = append(slices.DeleteFunc(slices.Clone(profiles), func(p string) bool { return !matters(p) }), profiles...)
	ways := map[string]*client.AWS{}
	for _, p := range profiles[:min(len(profiles), mostAsked)] {
		way, err := client.Connect(ctx, o.Paths, p)
		if err != nil {
			continue // that is no matter of the network; the audit tells it
		}
		if ways[way.Where()] = way; len(ways) == mostWays {
			break
		}
	}
	if len(ways) == 0 {
		return nil
	}
	answers := make(chan error, len(ways))
	for _, way := range ways {
		go func() { answers <- way.Reaches(ctx) }()
	}
	var failed []error
	for range ways {
		err := <-answers
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// timerAudit audits all keys, with the limits of the settings.
func timerAudit(ctx context.Context, e *env, a auditOptions, now time.Time) (*job.Audit, error) {
	in, asker, err := auditInput(e, a, now)
	if err != nil {
		return nil, err
	}
	found := &job.Audit{}
	if asker != nil {
		in.Online = asker.Facts(ctx, askTimeout)
		found.Unanswered = len(in.Online) > 0
		for _, f := range in.Online {
			found.Unanswered = found.Unanswered && !f.Identity.Known() && !f.Rejected
		}
		keepFacts(ctx, e, asker, in.Online, now)
	}
	rep := report.Audit(in)
	found.Summary, found.Fails = format.Summary(rep), rep.Fails(a.failOn)
	for _, f := range rep.Findings {
		if f.Severity >= max(a.failOn, report.Info) {
			found.Findings = append(found.Findings, job.Finding{Fingerprint: f.Fingerprint, What: f.What, Fix: f.Repair.String()})
		}
	}
	return found, errors.Join(in.ReadErrors...) // the audit holds all the same
}
