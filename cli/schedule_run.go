package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate"
	"keycare/rotate/job"
	"keycare/rotate/schedule"
	"keycare/rotate/state"
)

func scheduleRunCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "do what is due; this is what the timer runs",
		Description: "Waits for the network and finishes unfinished rotations. Once a day it rotates the\n" +
			"keys of --rotate that are due, audits all keys, and shows on the desktop what needs\n" +
			"you. Never prompts.",
		Flags: append(timerFlags(e),
			&cli.BoolFlag{Name: "always", Usage: "audit and rotate what is due, even if that was done today"},
		),
		UsageText: usage.Examples(
			"keycare schedule run", "do now what the timer would",
			"keycare schedule run --always", "even if it was done today"),
		Action: writing(e, runTimer),
	}
}

// timerFlags are what the timer may be told to do beside auditing. The grace is
// how long the old key stays active after a rotation that nobody watches.
func timerFlags(e *env) []cli.Flag {
	return []cli.Flag{
		profiles("rotate", "rotate the key of this `PROFILE` when it is due", e.keyProfile),
		ageFlag("max-age", "90d", "the `AGE` at which a key is due", day),
		ageFlag("grace", "24h", "keep the old key active for this `TIME`", rotate.MinGrace),
		retireFlag("`WHAT` to do with the old key then"),
	}
}

// timerOptions are the flags of timerFlags, checked.
type timerOptions struct {
	rotate        []string
	maxAge, grace time.Duration
	retire        state.Retirement
}

func timerOptionsOf(e *env, c *cli.Context) (o timerOptions, err error) {
	o.rotate = c.StringSlice("rotate")
	for _, flag := range []string{"max-age", "grace", "retire"} {
		if c.IsSet(flag) && len(o.rotate) == 0 {
			return o, usagef("--%s needs --rotate: without it the timer rotates nothing", flag)
		}
	}
	o.retire, o.grace = state.Retirement(c.String("retire")), age(c, "grace")
	o.maxAge, err = maxAge(e, c)
	return o, err
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
	a := auditOptions{scope: scopeOf(set), reports: set.Reports, scan: set.Scan}
	if a.failOn, err = report.ParseSeverity(set.FailOn); err != nil {
		return err
	}
	byHand := c.Bool("always") || e.Terminal.Out
	if !byHand { // the notices say it
		o.Say = func(string, ...any) {}
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress, a.watch = line, line
	j := newJob(e, o, a, t)
	j.Always = c.Bool("always")
	reach := j.Reach
	j.Reach = func(ctx context.Context) error {
		line.Next("waiting for the network", "", 0)
		return reach(ctx)
	}
	if !set.Notices {
		j.Notify = func(job.Notice) error { return nil }
	}
	res, failed := j.Run(c.Context)
	line.Done()
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

// newJob makes the timer's job of the options of a rotation and of an audit.
func newJob(e *env, o rotate.Options, a auditOptions, t timerOptions) *job.Job {
	// Nobody can be asked, and nothing is deleted but what the job made old.
	o.Yes, o.Confirm, o.AskLine, o.MFACode = true, nil, nil, nil
	o.FreeSlot = rotate.FreeNever
	j := &job.Job{
		State: o.State, Now: o.Now, Wait: o.Wait, Jitter: rand.Float64,
		Reach:  job.Network{Disk: o.Disk, Paths: o.Paths, State: o.State, Care: t.rotate, Barred: o.Barred}.Reach,
		Resume: func(ctx context.Context) ([]rotate.Result, error) { return rotate.New(o).Resume(ctx) },
		Audit:  func(ctx context.Context) (*job.Audit, error) { return timerAudit(ctx, e, a) },
		Notify: func(n job.Notice) error { return e.Notify(n.Title(), n.Text) },
	}
	if w, ok := e.Out.(*show.Writer); ok {
		j.Clean = w.Without
	}
	if len(t.rotate) > 0 {
		due := o
		due.OlderThan, due.Grace, due.Retire = t.maxAge, t.grace, t.retire
		j.Rotate = func(ctx context.Context) ([]rotate.Result, error) { return rotate.New(due).Rotate(ctx, t.rotate...) }
	}
	return j
}

// timerAudit audits all keys, with the limits of the settings.
func timerAudit(ctx context.Context, e *env, a auditOptions) (*job.Audit, error) {
	if a.scan {
		within, cancel := context.WithTimeout(ctx, scanWithin)
		scanIfDue(within, e, a.policy.Accounts)
		cancel()
	}
	a.copies = true
	in, asker, err := gather(e, a.scope)
	if err != nil {
		return nil, err
	}
	found := &job.Audit{}
	if asker != nil {
		asker.Watch = a.watch
		in.Online = asker.Facts(ctx, a.timeout)
		found.Unanswered = len(in.Online) > 0
		for _, f := range in.Online {
			found.Unanswered = found.Unanswered && !f.Identity.Known() && !f.Rejected
		}
		remember(ctx, e, asker, in.Online, in.Now)
	}
	in.Timer = &report.TimerRun{LastRun: in.Now.UTC().Truncate(time.Second), Outcome: "audited"} // this run's own end is not known yet
	rep := report.Audit(in)
	var kept error
	if asker != nil && !found.Unanswered {
		noteAudit(e, rep)
		follow(e, rep, true)
		kept = keepReport(e, rep, a.reports)
	}
	found.Summary, found.Fails = format.Summary(rep), rep.Fails(a.failOn)
	for _, f := range rep.Findings {
		if f.Severity >= max(a.failOn, report.Info) {
			fix := report.Repair{Text: show.Sentence(f.Repair.Text), Command: f.Repair.Command} // it follows a full stop
			found.Findings = append(found.Findings, job.Finding{Fingerprint: f.Fingerprint, What: f.What, Fix: fix.String()})
		}
	}
	return found, errors.Join(append(in.ReadErrors, kept)...) // the audit holds all the same
}
