package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/cli/usage"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
	"keycare/report"
)

func acceptCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "accept",
		Category:  "Automate",
		Usage:     "accept a finding until a day, with a reason",
		ArgsUsage: "[FINDING]",
		Description: "Writes an exception into keycare.ini: for one finding (FINDING is its ID, or the\n" +
			"beginning of it), or for all that fit --rule, --profile, --account, --key and\n" +
			"--file together. What is accepted is not counted, stays in the JSON, and comes\n" +
			"back after the day. Without a finding it lists those that are known offline, or\n" +
			"with --online all.",
		Flags: []cli.Flag{
			choice("rule", "", "findings of this `RULE`", report.RuleIDs()...).brief("a rule's ID, as \"keycare explain\" lists them"),
			profile("profile", "findings about this `PROFILE` alone", e.anyProfile),
			&cli.StringFlag{Name: "account", Usage: "findings about this `ACCOUNT`, 12 digits"},
			&cli.StringFlag{Name: "key", Usage: "findings about the key with this `ID`"},
			&cli.StringFlag{Name: "file", Usage: "findings about this `FILE`"},
			ageFlag("for", "90d", "accept it for this `TIME`, at most a year", day),
			&cli.StringFlag{Name: "reason", Usage: "the `REASON`, which the reports show"},
			&cli.BoolFlag{Name: "critical", Usage: "accept a critical finding too"},
			&cli.BoolFlag{Name: "online", Usage: "ask AWS too for what is found now, as audit does"},
			&cli.StringFlag{Name: "report", Usage: "look for the finding in `FILE`, a report in JSON"},
			&cli.BoolFlag{Name: "list", Usage: "list the exceptions and what each covers"},
			&cli.StringFlag{Name: "remove", Usage: "remove the exception `NAME`"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be written; write nothing"},
			&cli.BoolFlag{Name: "yes", Usage: "do not prompt"},
		},
		UsageText: usage.Examples(
			"keycare accept", "findings with their IDs",
			"keycare accept 4f2a --reason \"until March\"", "one finding",
			"keycare accept --rule old-key --reason \"...\"", "all of a rule",
			"keycare accept --list", "what is accepted",
			"keycare accept --remove old-key-4f2a91c3", "count it again"),
		Action: func(c *cli.Context) error {
			if c.Bool("list") {
				return action(e, runAccept)(c)
			}
			return writing(e, runAccept)(c)
		},
	}
}

// mostAccepted is how long an exception may hold.
const mostAccepted = 366 * day

// accepter is one run of accept.
type accepter struct {
	*env
	c   *cli.Context
	set *settings.Settings
	now time.Time
}

func runAccept(e *env, c *cli.Context) error {
	set, err := e.Settings()
	if err != nil {
		return err
	}
	a := &accepter{env: e, c: c, set: set, now: e.Now()}
	named := a.named()
	switch {
	case c.Bool("online") && c.IsSet("report"):
		return usagef("--report names a report: AWS is not asked as well; leave out --online")
	case c.Args().Len() > 1:
		return usagef("%q: accept takes one finding", c.Args().Get(1))
	case c.IsSet("remove") && (c.Bool("list") || c.Args().Present() || named != report.Exception{}):
		return usagef("--remove takes the name of an exception and nothing else")
	case c.Bool("list") && (c.Args().Present() || named != report.Exception{}):
		return usagef("--list lists all exceptions: give it no finding")
	case named.Account != "" && !accountID().MatchString(named.Account):
		return usagef("--account %s: must be 12 digits", show.Name(named.Account))
	case named.Key != "" && !show.IsKeyID(named.Key):
		return usagef("--key: must be a key ID (AKIA and 16 more characters)")
	case c.IsSet("remove"):
		return a.remove(c.String("remove"))
	case c.Args().Present() && named != report.Exception{}:
		return usagef("name one finding, or what fits by flags; not both")
	case c.Args().Present() || named != report.Exception{}:
		if _, _, err := a.terms(); err != nil {
			return err
		}
		if err := a.mayWrite(); err != nil {
			return err
		}
	case c.IsSet("reason") && !c.Bool("list"):
		return usagef("--reason of what? Name a finding; for their IDs: keycare accept")
	}
	rep, err := a.report()
	if err != nil {
		return err
	}
	switch {
	case c.Bool("list"):
		return a.list(rep)
	case !c.Args().Present() && named == report.Exception{}:
		return a.offer(rep)
	}
	return a.accept(rep, named)
}

// mayWrite is an error where a person would have to agree and none can be asked.
func (a *accepter) mayWrite() error {
	if a.c.Bool("dry-run") || a.c.Bool("yes") || a.canAsk() {
		return nil
	}
	return usagef("cannot prompt: not a terminal. Run it in a terminal, or pass --yes")
}

var accountID = pattern.Of(`^[0-9]{12}$`)

// named is what the flags name.
func (a *accepter) named() report.Exception {
	ex := report.Exception{Rule: a.c.String("rule"), Profile: a.c.String("profile"), Account: a.c.String("account"), Key: a.c.String("key"), File: a.c.String("file")}
	if ex.File != "" {
		if abs, err := filepath.Abs(ex.File); err == nil {
			ex.File = abs
		}
	}
	return ex
}

// report is the one that is named, or what is known without asking AWS.
func (a *accepter) report() (*report.Report, error) {
	if path := a.c.String("report"); path != "" {
		b, err := a.readGiven(a.c.Context, path)
		if err != nil {
			return nil, usagef("--report: %w", err)
		}
		rep, err := report.Read(b)
		if err != nil {
			return nil, usagef("--report %s: %w", path, err)
		}
		return rep, nil
	}
	s := scopeOf(a.set)
	s.offline, s.downloads = !a.c.Bool("online"), true
	in, asker, err := gather(a.env, s)
	if err != nil {
		return nil, err
	}
	if asker != nil {
		in.Online = askAWS(a.c.Context, a.env, asker, s, in.Now)
	}
	return report.Audit(in), nil
}

// all are the findings of a report with those that are accepted already.
func all(rep *report.Report) []report.Finding {
	found := slices.Clone(rep.All())
	for _, x := range rep.Accepted {
		found = append(found, x.Finding)
	}
	return found
}

// accept writes an exception.
func (a *accepter) accept(rep *report.Report, named report.Exception) error {
	found := all(rep)
	ex, note := named, ""
	if id := a.c.Args().First(); id != "" {
		f, err := a.find(found, id)
		if err != nil {
			return err
		}
		ex = report.Exception{Rule: f.Rule, Fingerprint: f.Fingerprint}
		note = scrubbed(show.Flow(f.What))
	}
	ex.Name = nameFor(&ex)
	var err error
	if ex.Reason, ex.Until, err = a.terms(); err != nil {
		return err
	}
	covered := slices.DeleteFunc(found, func(f report.Finding) bool { return !ex.Covers(&f) })
	critical := slices.IndexFunc(covered, func(f report.Finding) bool { return f.Severity == report.Critical })
	if rule := report.RuleByID(ex.Rule); !a.c.Bool("critical") && (critical >= 0 || rule != nil && a.severityOf(rule) == report.Critical) {
		return fmt.Errorf("%s is critical: nothing was written. Fix it; to accept it all the same, pass --critical", ex.Rule)
	}
	file, err := a.openFile()
	if err != nil {
		return err
	}
	after, err := settings.Put(file.path, file.text, settings.Exception(ex), note, file.knownSettings())
	if err != nil {
		return fmt.Errorf("cannot write the exception: %w", err)
	}
	until := ex.Until.AddDate(0, 0, -1).Format(time.DateOnly)
	fmt.Fprintf(a.Out, "until %s this is accepted:\n", until)
	a.findings(covered, "matches nothing that is known now")
	fmt.Fprintf(a.Out, "in %s:\n%s", a.homely(file.path), indented(settings.Section(file.path, after, ex.Name)))
	done, err := a.write(file, after, "Accept it?")
	if err != nil || !done {
		return err
	}
	fmt.Fprintf(a.Out, "accepted; to undo it: %s\n", show.Command(a.Vars.GOOS, "keycare", "accept", "--remove", ex.Name))
	return nil
}

// severityOf is the severity of a rule by itself, or as the settings have it.
func (a *accepter) severityOf(r *report.Rule) report.Severity {
	if level, ok := a.set.Severity[r.ID]; ok {
		s, _ := report.ParseSeverity(level) // it was checked when it was read
		return s
	}
	return r.Severity
}

// find is the finding whose ID begins so.
func (a *accepter) find(found []report.Finding, id string) (*report.Finding, error) {
	if report.RuleByID(id) != nil {
		return nil, usagef("%q is a rule: for all its findings give --rule %s; \"keycare accept\" lists the findings with their IDs", id, id)
	}
	var fit []report.Finding
	for _, f := range found {
		same := func(g report.Finding) bool { return g.Fingerprint == f.Fingerprint }
		if strings.HasPrefix(f.Fingerprint, strings.ToLower(id)) && !slices.ContainsFunc(fit, same) {
			fit = append(fit, f)
		}
	}
	switch len(fit) {
	case 0:
		return nil, usagef("no finding that is known%s has an ID that begins with %q; \"keycare accept --online\" lists them all", offlineText(a.c), id)
	case 1:
		return &fit[0], nil
	}
	var ids []string
	for _, f := range fit {
		ids = append(ids, f.Fingerprint)
	}
	return nil, usagef("%d findings have IDs that begin with %q: %s", len(fit), id, strings.Join(ids, ", "))
}

// offlineText says that AWS was not asked.
func offlineText(c *cli.Context) string {
	if c.Bool("online") || c.IsSet("report") {
		return ""
	}
	return " offline"
}

// terms are reason and end.
func (a *accepter) terms() (reason string, until time.Time, err error) {
	reason = strings.TrimSpace(a.c.String("reason"))
	long := age(a.c, "for")
	switch {
	case reason == "":
		return "", until, usagef("--reason is missing: say why this may be so until then")
	case !show.Printable(reason) || len(reason) > 300:
		return "", until, usagef("--reason must be one line of at most 300 bytes")
	case strings.Contains(reason, "`") && strings.ContainsAny(reason, ";#"):
		return "", until, usagef("--reason: keycare.ini cannot hold ; or # together with a `: leave one of them out")
	case show.SecretLike(reason):
		return "", until, usagef("--reason: it has what may be a secret, or a key ID in it: say it without")
	case long > mostAccepted:
		return "", until, usagef("--for %s: at most a year", a.c.String("for"))
	}
	return reason, a.now.UTC().Add(long).Truncate(day).Add(day), nil
}

// nameFor is the name of an exception: the same for the same things.
func nameFor(ex *report.Exception) string {
	if ex.Fingerprint != "" {
		return ex.Rule + "-" + report.ShortID(ex.Fingerprint)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{ex.Rule, ex.Profile, ex.Account, ex.Key, ex.File}, "\x00")))
	return cmp.Or(ex.Rule, "several") + "-" + hex.EncodeToString(sum[:4])
}

// remove takes an exception out of the file.
func (a *accepter) remove(name string) error {
	if !slices.ContainsFunc(a.set.Exceptions, func(x settings.Exception) bool { return x.Name == name }) {
		return usagef("there is no exception %s; \"keycare accept --list\" lists them", show.Name(name))
	}
	if err := a.mayWrite(); err != nil {
		return err
	}
	file, err := a.openFile()
	if err != nil {
		return err
	}
	after, err := settings.Drop(file.path, file.text, name, file.knownSettings())
	if err != nil {
		return fmt.Errorf("cannot remove the exception: %w", err)
	}
	fmt.Fprintf(a.Out, "out of %s:\n%s", a.homely(file.path), indented(settings.Section(file.path, file.text, name)))
	done, err := a.write(file, after, "Remove it?")
	if err == nil && done {
		fmt.Fprintln(a.Out, "removed")
	}
	return err
}

// write asks and writes; it reports whether it did.
func (a *accepter) write(file *iniFile, after, question string) (bool, error) {
	switch {
	case a.c.Bool("dry-run"):
		fmt.Fprintln(a.Out, "nothing was changed")
		return false, nil
	case !a.c.Bool("yes"):
		ok, err := a.confirm(a.c.Context, question)
		if err != nil {
			return false, err
		}
		if !ok {
			fmt.Fprintln(a.Out, "nothing was changed")
			return false, nil
		}
	}
	return true, file.write(a.c.Context, after)
}

// offer lists what can be accepted.
func (a *accepter) offer(rep *report.Report) error {
	if len(rep.Findings) == 0 {
		fmt.Fprintf(a.Out, "no findings are known%s, so there is nothing to accept\n", offlineText(a.c))
	} else {
		a.findings(rep.Findings, "")
		fmt.Fprintf(a.Out, "\nkeycare accept ID --for 90d --reason \"...\"\n")
	}
	return nil
}

// findings are lines with the ID of each.
func (a *accepter) findings(found []report.Finding, none string) {
	if len(found) == 0 {
		fmt.Fprintf(a.Out, "  (%s)\n", none)
	}
	for _, f := range found {
		fmt.Fprintln(a.Out, a.row(fmt.Sprintf("  %s  %-8s  ", report.ShortID(f.Fingerprint), f.Severity), a.homely(show.Flow(f.What))))
	}
}

// list lists the exceptions.
func (a *accepter) list(rep *report.Report) error {
	if len(a.set.Exceptions) == 0 {
		fmt.Fprintln(a.Out, "nothing is accepted")
		return nil
	}
	found := all(rep)
	for i, x := range a.set.Exceptions {
		ex := report.Exception(x)
		state := "until " + ex.Until.AddDate(0, 0, -1).Format(time.DateOnly)
		if !a.now.Before(ex.Until) {
			state = "ended on " + ex.Until.AddDate(0, 0, -1).Format(time.DateOnly)
		}
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		fmt.Fprintf(a.Out, "%s  %s: %s\n", show.Plain(ex.Name), state, show.Plain(ex.Reason))
		a.findings(slices.DeleteFunc(slices.Clone(found), func(f report.Finding) bool { return !ex.Covers(&f) }), "matches nothing that is known"+offlineText(a.c))
	}
	return nil
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + strings.TrimRight(line, "\r\n") + "\n")
	}
	return b.String()
}

// errMeanwhile says that another program wrote the settings.
var errMeanwhile = errors.New("it was changed meanwhile: run it again")
