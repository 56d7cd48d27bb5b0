package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/cli/usage"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/report/format"
	"keycare/rotate/ask"
	"keycare/rotate/state"
)

func auditCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "audit",
		Category: "Look",
		Usage:    "report what is wrong with the keys on this machine",
		Description: "Reads the files, asks AWS about each long-term key (never about canary keys)\n" +
			"unless --offline is given, and changes nothing.",
		Flags: slices.Concat([]cli.Flag{
			profiles("profile", "check only this `PROFILE`", e.anyProfile),
			&cli.BoolFlag{Name: "offline", Usage: "make no network call; use what earlier audits learned"},
			&cli.BoolFlag{Name: "deep", Usage: "ask also who uses each key, and what a thief could do with it; needs the policy of \"keycare policy --deep\""},
			ageFlag("max-age", "90d", "the maximum `AGE` of a key", day),
			ageFlag("max-unused", "45d", "the maximum `TIME` a key may go unused", day),
			ageFlag("timeout", "", "wait for AWS this `TIME` at the most, and check everything; without it 22s to 2m, by the number of keys", time.Second),
			mfaCodeFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "list the keys AWS would be asked about, and ask nothing"},
		}, outputFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "open", Usage: "write the report as a page and open it in the browser"},
			&cli.StringFlag{Name: "baseline", Usage: "show, and fail on, only what is not in `FILE`, an earlier report in JSON"},
			&cli.BoolFlag{Name: "details", Usage: "show why each finding matters, its sources and every fix"},
			&cli.BoolFlag{Name: "all", Usage: "show low and info findings too"},
			&cli.BoolFlag{Name: "quiet", Usage: "print the summary line only"},
			choice("group-by", "", "group the findings by `WHAT`", "profile"),
			&cli.BoolFlag{Name: "all-users", Usage: "as root: audit the home of each user of this machine; --output is then a folder"},
			choice("fail-on", "high", "exit with 1 for a finding of this `LEVEL` or above", report.LevelNames()...),
		}),
		UsageText: usage.Examples(
			"keycare audit", "all profiles",
			"keycare audit --details", "why, and every fix",
			"keycare audit --deep", "who else uses the keys",
			"keycare audit -o json=r.json -o html=r.html", "two more reports",
			"keycare audit --baseline r.json", "what is new since"),
		Action: action(e, runAudit),
	}
}

// auditOptions are the audit's flags and settings.
type auditOptions struct {
	scope
	watch    ask.Watcher                               // sees the questions, where the timer asks
	code     func(user, serial string) (string, error) // of an MFA device; nil where nobody has one
	dryRun   bool
	outputs  []output
	reports  []settings.Report // of the timer
	scan     bool              // the timer looks for copies of keys, when that is due
	page     string            // is opened in the browser; empty for none
	failOn   report.Severity
	baseline report.Baseline
	look     format.Options
}

func auditOptionsOf(e *env, c *cli.Context) (o auditOptions, err error) {
	set, err := e.Settings()
	if err != nil {
		return o, err
	}
	o.scope = scopeOf(set)
	if c.IsSet("mfa-code") && c.Bool("offline") {
		return o, usagef("--mfa-code is for AWS, which --offline does not ask: pass only one of them")
	}
	if c.Bool("deep") && c.Bool("offline") {
		return o, usagef("--deep asks AWS, which --offline does not: pass only one of them")
	}
	if c.IsSet("deep") {
		o.deep = c.Bool("deep")
	}
	o.code = auditCode(e, c, set.MFACommand)
	o.profiles, o.offline, o.downloads = c.StringSlice("profile"), c.Bool("offline"), true
	o.copies = true
	o.dryRun = c.Bool("dry-run")
	for _, flag := range []string{"output", "save", "open"} {
		if o.dryRun && c.IsSet(flag) {
			return o, usagef("--dry-run writes no report: it cannot be used with --%s", flag)
		}
	}
	if o.look, err = lookOf(c); err != nil {
		return o, err
	}
	if o.outputs, err = outputsOf(e, c); err != nil {
		return o, err
	}
	if c.Bool("open") {
		if o.page, o.outputs, err = pageOf(e, o.outputs); err != nil {
			return o, err
		}
	}
	for flag, to := range map[string]*time.Duration{"max-age": &o.policy.MaxAge, "max-unused": &o.policy.MaxUnused} {
		if c.IsSet(flag) {
			*to = age(c, flag)
		}
	}
	if c.IsSet("timeout") {
		o.timeout = age(c, "timeout")
	}
	if o.failOn, err = failOnOf(set, c); err != nil {
		return o, err
	}
	if path := c.String("baseline"); path != "" {
		b, err := e.readGiven(c.Context, path)
		if err != nil {
			return o, usagef("--baseline: %w", err)
		}
		if o.baseline, err = report.ReadBaseline(b); err != nil {
			return o, usagef("--baseline %s: %w", path, err)
		}
	}
	return o, nil
}

// lookOf is how the table is to look.
func lookOf(c *cli.Context) (format.Options, error) {
	look := format.Options{Details: c.Bool("details"), All: c.Bool("all"), Quiet: c.Bool("quiet"), ByProfile: c.String("group-by") != ""}
	var given []string
	for _, flag := range []string{"quiet", "details", "all", "group-by"} {
		if c.IsSet(flag) && (flag == "group-by" || c.Bool(flag)) {
			given = append(given, "--"+flag)
		}
	}
	switch {
	case len(given) > 0 && c.String("format") != format.Names()[0]:
		return look, usagef("%s changes the table: it cannot be used with --format %s", given[0], c.String("format"))
	case look.Quiet && len(given) > 1:
		return look, usagef("--quiet prints the summary line only: it cannot be used with %s", given[1])
	}
	return look, nil
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
		asker.MFACode = o.code
		in.Online = askAWS(c.Context, e, asker, o.scope, in.Now)
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
	}
	rep := report.Audit(in)
	if in.Set != nil && !o.offline && len(o.profiles) == 0 {
		noteAudit(e, rep)
	}
	follow(e, rep, len(o.profiles) == 0)
	if o.baseline != nil {
		rep.Since(o.baseline)
	}
	if err := writeReports(e, []*report.Report{rep}, o.outputs, o.look); err != nil {
		return err
	}
	if o.page != "" {
		openPage(e, o.page)
	}
	if len(in.ReadErrors) > 0 {
		return fmt.Errorf("the audit is not complete: %w", in.ReadErrors[0])
	}
	switch {
	case rep.Fails(o.failOn):
		return errFindings
	case rep.Undecided(o.failOn):
		why := ": " + strings.Join(rep.Incomplete, "; ")
		if slices.Contains(o.outputs, output{format.Names()[0], ""}) {
			why = "" // the last line of the table has it
		}
		return fmt.Errorf("the audit is incomplete, so a finding at or above %s may be missing%s", o.failOn, why)
	}
	return nil
}

// noteAudit keeps what an audit of all profiles found, for "keycare" alone. That it
// cannot be kept is not the audit's failure, and facts.json tells of it.
func noteAudit(e *env, rep *report.Report) {
	folder, err := e.State()
	if err != nil || folder.Guest() || rep.Keys == 0 {
		return
	}
	last := state.LastAudit{Time: rep.Time, Counts: map[string]int{}}
	for _, s := range report.Severities {
		if n := rep.Counts.Of(s); n > 0 {
			last.Counts[s.String()] = n
		}
	}
	if len(rep.Findings) > 0 {
		last.Worst = titleOf(rep.Findings[0].Rule)
	}
	_ = folder.SaveLastAudit(last)
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

// failOnOf is the level at which a command fails: the flag's, or else that of the
// settings.
func failOnOf(set *settings.Settings, c *cli.Context) (report.Severity, error) {
	level := set.FailOn
	if c.IsSet("fail-on") {
		level = c.String("fail-on")
	}
	s, err := report.ParseSeverity(level)
	if err != nil {
		return s, usagef("--fail-on: %w", err)
	}
	return s, nil
}
