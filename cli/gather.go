package cli

import (
	"context"
	"errors"
	"time"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
	"keycare/report"
	"keycare/rotate/ask"
	"keycare/rotate/job"
	"keycare/rotate/state"
)

// scope is what an audit looks at, and by what it judges.
type scope struct {
	profiles []string // empty for all
	offline  bool
	deep     bool // ask also who uses each key and what its user may do
	// downloads says to look among the downloads and on the desktop too. Some
	// systems ask the user first, so the timer and keycare alone do not.
	downloads bool
	// filesAlone says to look at the AWS files and at nothing else.
	filesAlone bool
	// copies says to tell of the copies of keys that the last scan found.
	copies bool
	policy report.Policy
	never  settings.NeverCall
	// timeout is how long AWS may take for all answers, and says to ask everything; 0
	// is a time that grows with the keys.
	timeout time.Duration
}

// scopeOf is the scope that the settings ask for.
func scopeOf(s *settings.Settings) scope {
	return scope{policy: policyOf(s), never: s.NeverCall, timeout: s.AuditTimeout, deep: s.Deep}
}

// policyOf is what the settings say about the audit's rules.
func policyOf(s *settings.Settings) report.Policy {
	p := report.Policy{MaxAge: s.MaxAge, MaxUnused: s.MaxUnused, Accounts: s.Accounts, Off: s.RulesOff}
	for _, e := range s.Exceptions {
		p.Exceptions = append(p.Exceptions, report.Exception(e))
	}
	for rule, level := range s.Severity {
		if p.Severity == nil {
			p.Severity = map[string]report.Severity{}
		}
		p.Severity[rule], _ = report.ParseSeverity(level) // it was checked when it was read
	}
	return p
}

// gather reads all that an audit looks at on this machine. The Asker, which has
// the keys that AWS may be asked about, is nil if the files cannot be read.
func gather(e *env, s scope) (report.Input, *ask.Asker, error) {
	paths, err := e.Paths()
	if err != nil {
		return report.Input{}, nil, err
	}
	in := report.Input{
		AWSFiles: home.ReadAWSFiles(e.Disk, e.Vars, paths), OtherFiles: home.ReadOtherFiles(e.Disk, e.Vars, paths), Offline: s.offline, Deep: s.deep && !s.offline, Profiles: s.profiles, Partial: !s.downloads,
		Now: e.Now(), Policy: s.policy, NeverCall: s.never.Bars, Origin: origin(e),
	}
	in.AWSFiles.EnvBedrock = home.BedrockVariables(e.Environ)
	in.Set, err = credfile.Load(e.Disk, paths)
	if err != nil {
		in.ReadErrors = append(in.ReadErrors, err)
	} else if err := in.Set.MustHave(s.profiles); err != nil {
		return report.Input{}, nil, err
	}
	if folder, err := e.State(); err == nil { // where there is no place for one, nothing is in flight
		var untrusted *state.Untrusted
		if in.Rotations, err = folder.Rotations(); errors.As(err, &untrusted) {
			in.StateFault = &facts.StateFault{Path: untrusted.Path, Why: untrusted.Why, Command: untrusted.Command}
		} else if err != nil {
			in.ReadErrors = append(in.ReadErrors, err)
		} else if in.Replaced, err = folder.Replaced(); err != nil {
			in.ReadErrors = append(in.ReadErrors, err)
		}
		if st, err := job.Load(folder); err == nil && st != nil && !st.Ended.IsZero() { // a damaged one is the status's matter
			in.Timer = &report.TimerRun{LastRun: st.Ended.UTC().Truncate(time.Second), Outcome: string(st.Outcome)}
		}
	}
	if !s.filesAlone {
		readKeyFiles(e, &in, s)
	}
	if in.Set == nil {
		return in, nil, nil
	}
	if s.copies && len(s.profiles) == 0 {
		lastScan(e, &in)
	}
	asker := &ask.Asker{Set: in.Set, Profiles: s.profiles, Barred: s.never.Bars, All: s.timeout > 0, Deep: s.deep}
	if len(asker.Profiles) == 0 {
		asker.Profiles = in.Set.Profiles()
	}
	return in, asker, nil
}

// readKeyFiles looks into the files that have names of files of keys.
func readKeyFiles(e *env, in *report.Input, s scope) {
	var downloads []string
	if s.downloads {
		downloads = []string{e.Folders.Downloads, e.Folders.Desktop}
	}
	paths, err := e.Paths()
	if err != nil {
		return
	}
	in.KeyFiles = home.ReadKeyFiles(e.Disk, e.Vars, paths, in.AWSFiles, downloads, func() ([]copies.Key, []string) {
		in.OwnKeys = ownKeys(e, *in)
		return in.OwnKeys, accountsOf(in.OwnKeys, s.policy.Accounts)
	})
}

// askAWS asks, unless offline, and completes the answers with what earlier
// audits learned.
func askAWS(ctx context.Context, e *env, asker *ask.Asker, s scope, now time.Time) map[string]facts.Online {
	answers := map[string]facts.Online{}
	if !s.offline {
		line := e.progress("asking AWS", "", 0)
		defer line.Done()
		asker.Watch = line
		answers = asker.Facts(ctx, s.timeout)
	}
	remember(ctx, e, asker, answers, now)
	return answers
}

// remember completes the answers with what is kept of earlier audits, and keeps
// what is new. That it cannot be kept is not the audit's failure.
func remember(ctx context.Context, e *env, asker *ask.Asker, answers map[string]facts.Online, now time.Time) {
	folder, err := e.State()
	if err != nil {
		return // nothing is kept
	}
	cache := folder.FactCache()
	if cache.Merge(asker.Set, answers, now) && ctx.Err() == nil && !folder.Guest() {
		if err := folder.SaveFacts(cache); err != nil {
			e.say("keycare: what was learned is not kept for later audits: %v", err)
		}
	}
}
