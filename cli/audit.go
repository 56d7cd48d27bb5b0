package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate/ask"
	"keycare/rotate/state"
)

// askTimeout bounds all online questions of an audit together.
const askTimeout = 10 * time.Second

func auditCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "say what is wrong with the keys on this machine",
		Description: "Reads the files, asks AWS about each long-term key (never about canary keys)\n" +
			"unless --offline is given, and changes nothing.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "profile", Usage: "look at this `PROFILE` alone; can be given more than once"},
			&cli.BoolFlag{Name: "offline", Usage: "make no network call; use what earlier audits learned"},
			&cli.StringFlag{Name: "max-age", Value: "90d", Usage: "the `AGE` that a key may reach"},
			&cli.StringFlag{Name: "max-unused", Value: "45d", Usage: "the `TIME` that a key may go unused"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say which profiles AWS would be asked about, and ask nothing"},
			&cli.StringFlag{Name: "format", Value: "table", Usage: "`FORMAT` of the report: " + orList(format.Names())},
			&cli.StringFlag{Name: "output", Usage: "write the report to `FILE` instead of standard output"},
			&cli.StringFlag{Name: "baseline", Usage: "show, and fail on, only what is not in `FILE`, an earlier report in JSON"},
			&cli.StringFlag{Name: "fail-on", Value: "high", Usage: "exit with 1 for a finding of this `LEVEL` or above: critical, high, medium, low, info or none"},
		},
		Action: action(e, runAudit),
	}
}

// auditOptions are the audit's flags, checked.
type auditOptions struct {
	profiles []string
	offline  bool
	dryRun   bool
	format   string
	output   string
	failOn   report.Severity
	policy   report.Policy
	baseline report.Baseline
	never    settings.NeverCall
	// downloads says to look among the downloads and on the desktop too. Some
	// systems ask the user first, so the timer and the first look do not.
	downloads bool
}

func auditOptionsOf(e *env, c *cli.Context) (o auditOptions, err error) {
	if err := noArgs(c); err != nil {
		return o, err
	}
	o.profiles, o.offline, o.output = c.StringSlice("profile"), c.Bool("offline"), c.String("output")
	o.dryRun, o.downloads = c.Bool("dry-run"), true
	if o.format, err = oneOf(c, "format", format.Names()...); err != nil {
		return o, err
	}
	s, err := e.Settings()
	if err != nil {
		return o, err
	}
	o.policy, o.never = policyOf(s), s.NeverCall
	for flag, to := range map[string]*time.Duration{"max-age": &o.policy.MaxAge, "max-unused": &o.policy.MaxUnused} {
		if !c.IsSet(flag) {
			continue
		}
		if *to, err = parseAge(c.String(flag)); err != nil || *to < 24*time.Hour {
			return o, usagef("--%s %q: must be a duration of at least a day, such as 90d", flag, c.String(flag))
		}
	}
	level := s.FailOn
	if c.IsSet("fail-on") {
		if level, err = oneOf(c, "fail-on", report.LevelNames()...); err != nil {
			return o, err
		}
	}
	if o.failOn, err = report.ParseSeverity(level); err != nil {
		return o, usagef("--fail-on: %w", err)
	}
	if path := c.String("baseline"); path != "" {
		b, err := e.Disk.ReadFile(path)
		if err == nil {
			o.baseline, err = report.ReadBaseline(b)
		}
		if err != nil {
			return o, usagef("--baseline %s: %w", path, err)
		}
	}
	return o, nil
}

func runAudit(e *env, c *cli.Context) error {
	o, err := auditOptionsOf(e, c)
	if err != nil {
		return err
	}
	in, asker, err := auditInput(e, o, e.Now())
	if err != nil {
		return err
	}
	if asker != nil {
		if o.dryRun {
			return sayWhom(e, asker, o.offline)
		}
		in.Online = onlineFacts(c.Context, e, asker, o.offline, in.Now)
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
	}
	rep := report.Audit(in)
	if o.baseline != nil {
		rep.Since(o.baseline)
	}
	if err := writeReport(e, rep, o); err != nil {
		return err
	}
	if len(in.ReadErrors) > 0 {
		return fmt.Errorf("the audit is not complete: %w", in.ReadErrors[0])
	}
	if rep.Fails(o.failOn) {
		return errFindings
	}
	return nil
}

// auditInput reads all that an audit looks at on this machine. The Asker, which
// has the keys that AWS may be asked about, is nil if the files cannot be read.
func auditInput(e *env, o auditOptions, now time.Time) (report.Input, *ask.Asker, error) {
	paths, err := e.Paths()
	if err != nil {
		return report.Input{}, nil, err
	}
	in := report.Input{
		Local: home.ReadLocal(e.Disk, e.Vars, paths), Beside: home.ReadBeside(e.Disk, e.Vars, paths), Offline: o.offline, Profiles: o.profiles,
		Now: now, Policy: o.policy, Never: o.never.Bars,
	}
	if o.downloads {
		in.Local.Siblings = append(in.Local.Siblings, home.ReadDownloads(e.Disk, e.Vars, e.Folders.Downloads, e.Folders.Desktop)...)
	}
	in.Set, err = credfile.Load(e.Disk, paths)
	if err != nil {
		in.ReadErrors = append(in.ReadErrors, err)
	} else if err := in.Set.MustHave(o.profiles); err != nil {
		return report.Input{}, nil, err
	}
	if folder, err := e.State(); err == nil { // where there is no place for one, nothing is in flight
		var untrusted *state.Untrusted
		if in.Rotations, err = folder.Rotations(); errors.As(err, &untrusted) {
			in.StateFault = &facts.StateFault{Path: untrusted.Path, Why: untrusted.Why, Command: untrusted.Command}
		} else if err != nil {
			in.ReadErrors = append(in.ReadErrors, err)
		}
	}
	if in.Set == nil {
		return in, nil, nil
	}
	asker := &ask.Asker{Set: in.Set, Profiles: o.profiles, Barred: o.never.Bars}
	if len(asker.Profiles) == 0 {
		asker.Profiles = in.Set.Profiles()
	}
	return in, asker, nil
}

// onlineFacts asks AWS, unless offline, and completes the answers with what
// earlier audits learned. A cache that cannot be written is not the audit's
// failure.
func onlineFacts(ctx context.Context, e *env, asker *ask.Asker, offline bool, now time.Time) map[string]facts.Online {
	facts := map[string]facts.Online{}
	if !offline {
		facts = asker.Facts(ctx, askTimeout)
	}
	keepFacts(ctx, e, asker, facts, now)
	return facts
}

// keepFacts completes the facts with what is kept of earlier audits, and keeps
// what is new.
func keepFacts(ctx context.Context, e *env, asker *ask.Asker, facts map[string]facts.Online, now time.Time) {
	state, err := e.State()
	if err != nil {
		return // nothing is kept
	}
	cache := state.FactCache()
	if cache.Merge(asker.Set, facts, now) && ctx.Err() == nil {
		if err := state.SaveFacts(cache); err != nil {
			e.say("keycare: what was learned is not kept for later audits: %v", err)
		}
	}
}

// sayWhom tells which profiles would be asked about.
func sayWhom(e *env, asker *ask.Asker, offline bool) error {
	plan := asker.Plan()
	if offline {
		plan = nil
	}
	for _, a := range plan {
		fmt.Fprintf(e.Out, "would ask AWS about key %s of profile %q\n", a.KeyID, a.Profile)
	}
	if len(plan) == 0 {
		fmt.Fprintln(e.Out, "would ask AWS nothing")
	}
	return nil
}

// writeReport renders first and writes then, so that a failure leaves no half
// report. A report names keys and weaknesses: its file is for its owner alone.
func writeReport(e *env, rep *report.Report, o auditOptions) error {
	out := e.Out
	var buf bytes.Buffer
	if o.output != "" {
		out = &buf
	}
	err := format.Write(out, o.format, rep, e.table(o.output == ""))
	if err != nil || o.output == "" {
		return err
	}
	temp := o.output + ".new"
	if err := disk.WriteAtomic(e.Disk, o.output, temp, buf.Bytes(), 0o600); err != nil {
		return fmt.Errorf("cannot write the report to %s: %w", o.output, err)
	}
	return nil
}

// table is how a report is shown to people.
func (e *env) table(onScreen bool) format.Options {
	o := format.Options{Home: e.Folders.Home}
	if onScreen {
		o.Width, o.Color = e.Terminal.Width, e.Terminal.Color
	}
	return o
}
