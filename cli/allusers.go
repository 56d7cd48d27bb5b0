package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/settings"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/report/format"
)

// This file is the audit of all users' homes, by root. Root reads nothing in a
// home: a child with the user's rights audits it, and what the child says is
// taken for what that user might have written.

// userAudit is what came of one home.
type userAudit struct {
	userHome
	// Report is nil where there is none; Why then says why.
	Report *report.Report
	// Why says why there is no report, or in what it is not complete.
	Why  string
	File string // where the report was written
}

// nothing says that the home has no AWS files and nothing to tell of.
func (u *userAudit) nothing() bool {
	r := u.Report
	return u.Why == "" && r != nil && len(r.Files)+len(r.Findings)+len(r.Accepted)+len(r.Unread) == 0
}

// childEnd is how a child ended and what it said.
type childEnd struct {
	out  []byte
	talk string
	code int
}

const (
	childLimit = 5 * time.Minute // for the audit of one home
	childCount = 4               // at once
)

// passedOn are the flags that the audit of each home gets too.
var passedOn = []string{"offline", "deep", "max-age", "max-unused", "timeout"}

func runAllUsers(e *env, c *cli.Context) error {
	if err := mayBecomeOthers(); err != nil {
		return err
	}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if c.IsSet(name) && !slices.Contains(append([]string{"all-users", "output", "format", "fail-on", "debug"}, passedOn...), name) {
			return usagef("--all-users audits each home whole, so it does not go with --%s", name)
		}
	}
	form := c.String("format")
	if form != "table" && form != "json" {
		return usagef("--all-users has the formats table and json, not %s", form)
	}
	set, err := e.rootSettings()
	if err != nil {
		return err
	}
	failOn, err := failOnOf(set, c)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find keycare's own file: %w", err)
	}
	var folder *reportFolder
	if name := c.String("output"); name != "" {
		if folder, err = openReportFolder(name); err != nil {
			return err
		}
		defer folder.Close()
	}
	users, err := accountsHere(c.Context, e.Vars.GOOS)
	if err != nil {
		return fmt.Errorf("cannot list the users of this machine: %w", err)
	}
	homes, missing := homesOf(e.Disk, users)
	words := []string{e.Program, "audit", "--format", "json", "--fail-on", failOn.String()}
	for _, name := range passedOn {
		switch {
		case !c.IsSet(name):
		case name == "offline", name == "deep":
			words = append(words, "--"+name+"="+c.String(name))
		default:
			words = append(words, "--"+name, c.String(name))
		}
	}
	from := origin(e)
	limit := childLimit
	if c.IsSet("timeout") {
		limit = max(limit, age(c, "timeout")+time.Minute)
	}
	a := auditor{ctx: c.Context, from: from, program: program, argv: words, environ: e.handedOn(), limit: limit}
	all := a.audit(homes)
	if c.Context.Err() != nil {
		return context.Cause(c.Context)
	}
	if folder != nil {
		folder.keep(all)
	}
	m := merge(all, missing, e.Now(), from)
	if form == "json" {
		err = m.writeJSON(e)
	} else {
		m.writeTable(e, c.String("output"))
	}
	if err != nil {
		return err
	}
	return m.verdict(failOn)
}

// rootSettings are those of root. Where HOME is another user's, as sudo may keep
// it, that user's file is not read: it might be a link.
func (e *env) rootSettings() (*settings.Settings, error) {
	if e.Host() == nil {
		return e.Settings()
	}
	s, err := settings.Load(e.Disk, "", e.Environ, e.knownSettings())
	if err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

// auditor runs the audits.
type auditor struct {
	ctx     context.Context
	program string
	argv    []string
	environ []string // beside that of each user
	limit   time.Duration
	from    report.Origin // of the reports, but for the user
}

// audit audits the homes, a few at once.
func (a auditor) audit(homes []userHome) []*userAudit {
	all := make([]*userAudit, len(homes))
	slots := make(chan struct{}, childCount)
	var wg sync.WaitGroup
	for i, h := range homes {
		all[i] = &userAudit{userHome: h, Why: h.Refused}
		if h.Refused != "" {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			a.one(all[i])
		})
	}
	wg.Wait()
	return all
}

// one audits one home.
func (a auditor) one(u *userAudit) {
	if a.ctx.Err() != nil {
		u.Why = "interrupted"
		return
	}
	environ := append([]string{"HOME=" + u.Home, "USER=" + u.Name, "LOGNAME=" + u.Name, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, a.environ...)
	end, err := runAs(a.ctx, u.account, groupsOf(a.ctx, u.account), a.program, a.argv, environ, a.limit)
	if err != nil {
		u.Why = err.Error()
		return
	}
	said := firstLine(end.talk)
	rep, err := readForeignReport(end.out)
	if err == nil {
		rep.Origin = a.from
		rep.User = report.User{Name: show.Plain(u.Name), UID: strconv.Itoa(u.UID)}
	}
	switch {
	case err != nil && said != "":
		u.Why = said
	case err != nil:
		u.Why = fmt.Sprintf("its audit ended with exit code %d and no report: %v", end.code, err)
	case end.code == exitOK || end.code == exitFindings:
		u.Report = rep
	case end.code == exitFailed:
		u.Report, u.Why = rep, cmp.Or(said, "its audit is not complete")
	default:
		u.Why = cmp.Or(said, fmt.Sprintf("its audit ended with exit code %d", end.code))
	}
}

// firstLine is the first message of a child, bounded, for the middle of another.
func firstLine(talk string) string {
	for line := range strings.Lines(talk) {
		if text, ok := strings.CutPrefix(line, "keycare: "); ok {
			text = strings.TrimPrefix(strings.TrimSpace(text), "the audit is not complete: ")
			runes := []rune(show.Flow(scrubbed(text)))
			return string(runes[:min(len(runes), 400)])
		}
	}
	return ""
}

// handedOn are the variables that the users' audits get from root's environment:
// how AWS is reached, and what of keycare's settings an audit judges by. None that holds a password: the
// user could read it.
func (e *env) handedOn() (environ []string) {
	judged := []string{"KEYCARE_MAX_AGE", "KEYCARE_MAX_UNUSED", "KEYCARE_AUDIT_TIMEOUT", "KEYCARE_ACCOUNTS", "KEYCARE_RULES_OFF",
		"KEYCARE_NEVER_CALL_PROFILES", "KEYCARE_NEVER_CALL_KEYS", "KEYCARE_NEVER_CALL_ACCOUNTS"}
	reach := []string{"AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "TZ"}
	for _, v := range e.Environ {
		name, value, _ := strings.Cut(v, "=")
		upper := strings.ToUpper(name)
		ours := slices.Contains(judged, name)
		if value == "" || !ours && !slices.Contains(reach, upper) && !strings.HasPrefix(name, "AWS_ENDPOINT_URL") {
			continue
		}
		if u, err := url.Parse(value); !ours && (err == nil && u.User != nil || strings.Contains(value, "@")) {
			e.warn("%s holds a password, which users could read: their audits run without it", name)
			continue
		}
		environ = append(environ, v)
	}
	return environ
}

// merged is what came of all homes.
type merged struct {
	Version  int            `json:"version"`
	Time     time.Time      `json:"time"`
	Host     report.Host    `json:"host"`
	Tool     report.Tool    `json:"tool"`
	Run      string         `json:"run"`      // the same in all reports of this run
	Complete bool           `json:"complete"` // all of them
	Counts   report.Counts  `json:"counts"`
	Users    []mergedReport `json:"users"` // those with AWS files or findings, and those that could not be audited
	// Without counts the homes with neither, Missing the users without a home.
	Without int `json:"homes_without_files"`
	Missing int `json:"users_without_home"`

	all []*userAudit
}

func merge(all []*userAudit, missing int, now time.Time, from report.Origin) *merged {
	m := &merged{Version: report.Version, Time: now.UTC().Truncate(time.Second), Host: from.Host, Tool: from.Tool, Run: from.Run, Complete: true, Missing: missing, Users: []mergedReport{}}
	for _, u := range all {
		if u.nothing() {
			m.Without++
			continue
		}
		m.all = append(m.all, u)
		m.Complete = m.Complete && u.Why == "" && u.Report.Complete
		if u.Report != nil {
			m.Counts = m.Counts.Plus(u.Report.Counts)
		}
	}
	return m
}

// verdict is the error with which the command ends: the worst of all homes.
func (m *merged) verdict(failOn report.Severity) error {
	var open []string
	fails := false
	for _, u := range m.all {
		if u.Why != "" {
			open = append(open, show.Plain(u.Name))
		}
		fails = fails || u.Report != nil && u.Report.Fails(failOn)
	}
	switch {
	case len(open) > 0:
		return fmt.Errorf("the audit of %s is not complete: %s", show.Count(len(open), "home"), strings.Join(open, ", "))
	case fails:
		return errFindings
	}
	return nil
}

// render is a report in JSON as root keeps it.
func render(r *report.Report) (string, error) {
	var b strings.Builder
	err := format.Write(&b, "json", r, format.Options{})
	return b.String(), err
}
