package rotate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// lockWait bounds how long a run waits for another one.
const lockWait = 30 * time.Second

const day = 24 * time.Hour

// Plan is Rotate without any effect: it looks at the files, asks AWS what may
// be asked without changing anything, and says what Rotate would do. It resumes
// nothing.
func (o *Options) Plan(ctx context.Context, profiles ...string) ([]Result, error) {
	plan := *o
	if !plan.Yes { // to plan past the questions
		plan.Confirm = func(string) (bool, error) { return true, nil }
	}
	plan.defaults()
	jobs := plan.jobs(profiles)
	each(pending(jobs), func(b *job) {
		if j := plan.unfinished(b.id); j != nil {
			b.result = Result{Outcome: Skipped, Profile: b.profile, Old: j.Old, New: j.New, Places: []string{},
				Why: fmt.Sprintf("profile %q: a rotation of key %s is not finished; \"keycare rotate\" or \"keycare resume\" finishes it, and no other is begun", b.profile, j.Old)}
			return
		}
		a, err := plan.connect(ctx, b.profile)
		if err == nil {
			b.journal, b.target, _, err = plan.prepareRead(ctx, a, b.profile)
		}
		if err != nil {
			b.failed(err)
			return
		}
		b.result = resultOf(b.journal, Planned)
		b.result.UsedBy = b.target.dependants()
		b.result.Notes = plan.modeNotes(b.target)
		if b.result.FreeSlot != "" {
			b.result.SecondIs = b.target.second
		}
		b.result.Diff = b.target.plan.Diff("(the new key)")
	})
	return collect(jobs)
}

// unfinished returns the rotation of key id that Rotate would finish first.
func (o *Options) unfinished(id string) *state.Journal {
	js, _ := o.State.Journals()
	for _, j := range js {
		if !j.Resting(o.Now()) && j.Direction != state.Watch && (j.Old == id || j.New == id || o.recovers(j, id)) {
			return j
		}
	}
	return nil
}

// modeNotes names the files that lose rights of others with the replacement.
func (o *Options) modeNotes(t *target) (notes []string) {
	for k, f := range t.set.Files() {
		fi, err := o.Disk.Stat(f.Path)
		if err != nil || runtime.GOOS == "windows" || fi.Mode().Perm()&0o077 == 0 ||
			!slices.ContainsFunc(t.places, func(p credfile.Place) bool { return int(p.Kind) == k }) {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s: mode %04o becomes %04o", f.Path, fi.Mode().Perm(), fi.Mode().Perm()&0o700))
	}
	return notes
}

// defaults fills in what was left out, and makes what people answer safe for
// rotations that go on at the same time.
func (o *Options) defaults() {
	if o.shared != nil {
		return
	}
	// The journal outlives this run, which may have been started elsewhere.
	for _, path := range []*string{&o.Paths.Credentials, &o.Paths.Config} {
		if abs, err := filepath.Abs(*path); err == nil && *path != "" {
			*path = abs
		}
	}
	o.shared = &sync.Mutex{}
	o.asking, o.files = &sync.Mutex{}, &sync.Mutex{}
	say := o.Say
	o.Say = func(format string, args ...any) {
		o.shared.Lock()
		defer o.shared.Unlock()
		say(format, args...)
	}
	if code := o.MFACode; code != nil {
		o.MFACode = func(serial string) (string, error) {
			o.asking.Lock()
			defer o.asking.Unlock()
			return code(serial)
		}
	}
	if o.Retire == "" {
		o.Retire = state.Delete
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.FreeSlot == "" {
		o.FreeSlot = FreeInactive
	}
	if o.Connect == nil {
		o.Connect = client.Connect
	}
}

// connect checks the files before the SDK's loader sees them.
func (o *Options) connect(ctx context.Context, profile string) (*client.AWS, error) {
	if _, err := o.examine(profile); err != nil {
		return nil, err
	}
	return o.Connect(ctx, o.Paths, profile)
}

// lock takes locks, waiting for another run for a while.
func (o *Options) lock(ctx context.Context, names []string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	return credfile.Lock(ctx, names...)
}

// prepare is everything before the first effect, on AWS or on disk.
func (o *Options) prepare(ctx context.Context, a *client.AWS, profile string) (*state.Journal, *target, client.Signer, error) {
	j, t, help, err := o.prepareRead(ctx, a, profile)
	if err != nil {
		return nil, nil, nil, err
	}
	return j, t, help, o.probe(t)
}

func (o *Options) prepareRead(ctx context.Context, a *client.AWS, profile string) (*state.Journal, *target, client.Signer, error) {
	t, err := o.examine(profile)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := t.plan.CheckWithSDK(ctx); err != nil {
		return nil, nil, nil, err
	}
	ow, err := o.ask(ctx, a, t)
	if err != nil {
		return nil, nil, nil, err
	}
	if age := ow.at.Sub(ow.created); o.OlderThan > 0 && age < o.OlderThan+day {
		return nil, nil, nil, &NotDue{t.pair.ID, age, o.OlderThan}
	}
	free, active, err := o.slot(ctx, a, t, ow)
	if err != nil {
		return nil, nil, nil, err
	}
	j := &state.Journal{ID: state.NewID(), User: ow.user, UserName: ow.name, Profile: profile, Paths: o.Paths, Auth: ow.auth,
		Old: t.pair.ID, FreeSlot: free, FreeActive: active, Retire: o.Retire, Grace: o.Grace, Started: ow.at}
	t.asked = o.Now()
	if j.Started.IsZero() {
		j.Started = t.asked
	}
	for _, k := range ow.keys {
		j.Before = append(j.Before, k.ID)
	}
	for _, p := range t.places {
		j.Places = append(j.Places, state.Section{Kind: p.Kind, Profile: p.Profile})
	}
	return j, t, ow.help, nil
}

// begin writes the intent down: from here on a crash is resumed.
func (o *Options) begin(a *client.AWS, j *state.Journal, t *target, help client.Signer) (*run, error) {
	j.Started = j.Started.Add(o.Now().Sub(t.asked)) // a person may have thought about it for long
	if err := o.State.Begin(j); err != nil {
		return nil, errors.Join(err, o.State.Remove(j.ID)) // it may be there, though not durably
	}
	if err := o.State.OpenRecovery(j.ID, t.pair); err != nil {
		return nil, errors.Join(err, o.State.DropRecovery(j.ID), o.State.Remove(j.ID))
	}
	r := newRun(o, a, j)
	r.old, r.w.HaveOld, r.help = t.pair, true, help
	return r, nil
}
