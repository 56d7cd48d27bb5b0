package cli

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate/ask"
)

func auditCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "audit",
		Category: "Look",
		Usage:    "say what is wrong with the keys on this machine",
		Description: "Reads the files, asks AWS about each long-term key (never about canary keys)\n" +
			"unless --offline is given, and changes nothing.",
		Flags: []cli.Flag{
			profiles("profile", "look at this `PROFILE` alone", e.anyProfile),
			&cli.BoolFlag{Name: "offline", Usage: "make no network call; use what earlier audits learned"},
			ageFlag("max-age", "90d", "the `AGE` that a key may reach", day),
			ageFlag("max-unused", "45d", "the `TIME` that a key may go unused", day),
			&cli.BoolFlag{Name: "dry-run", Usage: "say which profiles AWS would be asked about, and ask nothing"},
			choice("format", format.Names()[0], "`FORMAT` of the report", format.Names()...),
			&cli.StringFlag{Name: "output", Usage: "write the report to `FILE` instead of standard output"},
			&cli.StringFlag{Name: "baseline", Usage: "show, and fail on, only what is not in `FILE`, an earlier report in JSON"},
			&cli.BoolFlag{Name: "all-users", Usage: "as root: audit the home of each user of this machine, as that user; --output then names a folder, with a report in JSON for each"},
			choice("fail-on", "high", "exit with 1 for a finding of this `LEVEL` or above", report.LevelNames()...),
		},
		UsageText: usage.Examples(
			"keycare audit", "all profiles",
			"keycare audit --profile work --max-age 60d", "one profile, stricter",
			"keycare audit --offline", "make no network call",
			"keycare audit --format json --output r.json", "for another program",
			"keycare audit --baseline r.json", "what is new since"),
		Action: action(e, runAudit),
	}
}

// auditOptions are the audit's flags and settings.
type auditOptions struct {
	scope
	dryRun   bool
	format   string
	output   string
	failOn   report.Severity
	baseline report.Baseline
}

func auditOptionsOf(e *env, c *cli.Context) (o auditOptions, err error) {
	set, err := e.Settings()
	if err != nil {
		return o, err
	}
	o.scope = scopeOf(set)
	o.profiles, o.offline, o.downloads = c.StringSlice("profile"), c.Bool("offline"), true
	o.dryRun, o.format, o.output = c.Bool("dry-run"), c.String("format"), c.String("output")
	for flag, to := range map[string]*time.Duration{"max-age": &o.policy.MaxAge, "max-unused": &o.policy.MaxUnused} {
		if c.IsSet(flag) {
			*to = age(c, flag)
		}
	}
	level := set.FailOn
	if c.IsSet("fail-on") {
		level = c.String("fail-on")
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
	if c.Bool("all-users") {
		return runAllUsers(e, c)
	}
	o, err := auditOptionsOf(e, c)
	if err != nil {
		return err
	}
	e.sayGuest()
	in, asker, err := gather(e, o.scope)
	if err != nil {
		return err
	}
	if asker != nil {
		if o.dryRun {
			return sayWhom(e, asker, o.offline)
		}
		in.Online = askAWS(c.Context, e, asker, o.offline, in.Now)
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
	switch {
	case rep.Fails(o.failOn):
		return errFindings
	case rep.Undecided(o.failOn):
		return fmt.Errorf("the audit is incomplete, so a finding at or above %s may be missing: %s", o.failOn, strings.Join(rep.Incomplete, "; "))
	}
	return nil
}

// sayWhom tells which profiles would be asked about.
func sayWhom(e *env, asker *ask.Asker, offline bool) error {
	plan := asker.Plan()
	if offline {
		plan = nil
	}
	for _, a := range plan {
		fmt.Fprintf(e.Out, "would ask AWS about key %s of profile %s\n", a.KeyID, show.Name(a.Profile))
	}
	if len(plan) == 0 {
		fmt.Fprintln(e.Out, "would ask AWS nothing")
	}
	return nil
}

// writeReport renders first and writes then, so that a failure leaves no half
// report. A report names keys and weaknesses: its file is for its owner alone.
func writeReport(e *env, rep *report.Report, o auditOptions) error {
	look := format.Options{Home: e.Folders.Home}
	if o.output == "" {
		look.Width, look.Color = e.Terminal.Width, e.Terminal.Color
	}
	var text bytes.Buffer
	if err := format.Write(&text, o.format, rep, look); err != nil {
		return err
	}
	if o.output == "" {
		_, err := e.Out.Write(text.Bytes())
		return err
	}
	if err := disk.WriteAtomic(e.Disk, o.output, o.output+".new", text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("cannot write the report to %s: %w", o.output, err)
	}
	return nil
}
