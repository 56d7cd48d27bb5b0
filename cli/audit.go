package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/adrg/xdg"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
	"keycare/rotate/ask"
)

// askTimeout bounds all online questions of an audit together.
const askTimeout = 10 * time.Second

func auditCommand() *cli.Command {
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
			&cli.StringFlag{Name: "format", Value: "table", Usage: "`FORMAT` of the report: table, json, csv or markdown"},
			&cli.StringFlag{Name: "output", Usage: "write the report to `FILE` instead of standard output"},
			&cli.StringFlag{Name: "baseline", Usage: "show, and fail on, only what is not in `FILE`, an earlier report in JSON"},
			&cli.StringFlag{Name: "fail-on", Value: "high", Usage: "exit with 1 for a finding of this `LEVEL` or above: critical, high, medium, low, info or none"},
		},
		Action: runAudit,
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

func auditOptionsOf(c *cli.Context) (o auditOptions, err error) {
	if err := noArgs(c); err != nil {
		return o, err
	}
	o.profiles, o.offline, o.output = c.StringSlice("profile"), c.Bool("offline"), c.String("output")
	o.dryRun, o.downloads = c.Bool("dry-run"), true
	if o.format, err = oneOf(c, "format", "table", "json", "csv", "markdown"); err != nil {
		return o, err
	}
	s, err := loadSettings()
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
		b, err := os.ReadFile(path)
		if err == nil {
			o.baseline, err = report.ReadBaseline(b)
		}
		if err != nil {
			return o, usagef("--baseline %s: %w", path, err)
		}
	}
	return o, nil
}

func runAudit(c *cli.Context) error {
	o, err := auditOptionsOf(c)
	if err != nil {
		return err
	}
	in, asker, err := auditInput(o, time.Now())
	if err != nil {
		return err
	}
	if asker != nil {
		if o.dryRun {
			return sayWhom(asker, o.offline)
		}
		in.Online = onlineFacts(c.Context, asker, o.offline, in.Now)
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
	}
	rep := report.Audit(in)
	if o.baseline != nil {
		rep.Since(o.baseline)
	}
	if err := writeReport(rep, o); err != nil {
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
func auditInput(o auditOptions, now time.Time) (report.Input, *ask.Asker, error) {
	env := credfile.OSEnv()
	paths, err := credfile.Locate(env)
	if err != nil {
		return report.Input{}, nil, err
	}
	in := report.Input{
		Local: home.ReadLocal(disk.OS{}, env, paths), Beside: home.ReadBeside(disk.OS{}, env, paths), Offline: o.offline, Profiles: o.profiles,
		Now: now, Policy: o.policy, Never: o.never.Bars,
	}
	if o.downloads {
		in.Local.Siblings = append(in.Local.Siblings, home.ReadDownloads(disk.OS{}, env, xdg.UserDirs.Download, xdg.UserDirs.Desktop)...)
	}
	in.Set, err = credfile.Load(disk.OS{}, paths)
	if err != nil {
		in.ReadErrors = append(in.ReadErrors, err)
	} else if err := in.Set.MustHave(o.profiles); err != nil {
		return report.Input{}, nil, err
	}
	if in.Rotations, err = ownState().Rotations(); err != nil {
		in.ReadErrors = append(in.ReadErrors, err)
	}
	if in.Set == nil {
		return in, nil, nil
	}
	asker := &ask.Asker{Set: in.Set, Profiles: o.profiles, Never: o.never.Bars}
	if len(asker.Profiles) == 0 {
		asker.Profiles = in.Set.Profiles()
	}
	return in, asker, nil
}

// onlineFacts asks AWS, unless offline, and completes the answers with what
// earlier audits learned. A cache that cannot be written is not the audit's
// failure.
func onlineFacts(ctx context.Context, asker *ask.Asker, offline bool, now time.Time) map[string]facts.Online {
	facts := map[string]facts.Online{}
	if !offline {
		facts = asker.Facts(ctx, askTimeout)
	}
	keepFacts(ctx, asker, facts, now)
	return facts
}

// keepFacts completes the facts with what is kept of earlier audits, and keeps
// what is new.
func keepFacts(ctx context.Context, asker *ask.Asker, facts map[string]facts.Online, now time.Time) {
	folder := ownState()
	cache := folder.FactCache()
	if cache.Merge(asker.Set, facts, now) && ctx.Err() == nil {
		if err := folder.SaveFacts(cache); err != nil {
			fmt.Fprintf(os.Stderr, "keycare: what was learned is not kept for later audits: %v\n", err)
		}
	}
}

// sayWhom tells which profiles would be asked about.
func sayWhom(asker *ask.Asker, offline bool) error {
	plan := asker.Plan()
	if offline {
		plan = nil
	}
	for _, a := range plan {
		fmt.Printf("would ask AWS about key %s of profile %q\n", a.KeyID, a.Profile)
	}
	if len(plan) == 0 {
		fmt.Println("would ask AWS nothing")
	}
	return nil
}

// writeReport renders first and writes then, so that a failure leaves no half
// report. A report names keys and weaknesses: its file is for its owner alone.
func writeReport(rep *report.Report, o auditOptions) error {
	var out io.Writer = os.Stdout
	var buf bytes.Buffer
	if o.output != "" {
		out = &buf
	}
	var err error
	switch o.format {
	case "json":
		err = report.JSON(out, rep)
	case "csv":
		err = report.CSV(out, rep)
	case "markdown":
		err = report.Markdown(out, rep)
	default:
		err = report.Table(out, rep, tableOptions(o.output == ""))
	}
	if err != nil || o.output == "" {
		return err
	}
	temp := o.output + ".new"
	if err := disk.WriteAtomic(disk.OS{}, o.output, temp, buf.Bytes(), 0o600); err != nil {
		return fmt.Errorf("cannot write the report to %s: %w", o.output, err)
	}
	return nil
}

func tableOptions(stdout bool) report.TableOptions {
	o := report.TableOptions{Home: homeDir()}
	fd := int(os.Stdout.Fd())
	if !stdout || !term.IsTerminal(fd) {
		return o
	}
	if width, _, err := term.GetSize(fd); err == nil {
		o.Width = width
	}
	terminal := os.Getenv("TERM")
	o.Color = os.Getenv("NO_COLOR") == "" && terminal != "dumb" && (terminal != "" || runtime.GOOS == "windows")
	return o
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}
