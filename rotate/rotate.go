package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"keycare/credfile"
)

// lockWait bounds how long a run waits for another one.
const lockWait = 30 * time.Second

// Rotate replaces the key of profile, everywhere it stands in the two files. An
// unfinished rotation of the same user is finished first. The error is a
// *Refused, a *HalfDone, or says what failed before anything was done.
func (o *Options) Rotate(ctx context.Context, profile string) (Result, error) {
	o.defaults()
	if _, err := o.examine(profile); err != nil { // before a lock file is made
		return Result{}, err
	}
	if err := o.State.Init(); err != nil {
		return Result{}, err
	}
	unlock, err := o.lock(ctx)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	a, err := o.connect(ctx, profile)
	if err != nil {
		return Result{}, err
	}
	if err := o.finishFirst(ctx, profile); err != nil {
		return Result{}, err
	}
	j, t, err := o.prepare(ctx, a, profile)
	if err != nil {
		return Result{}, err
	}
	unlockUser, err := o.lockUser(ctx, j)
	if err != nil {
		return Result{}, err
	}
	defer unlockUser()
	r, err := o.begin(a, j, t)
	if err != nil {
		return Result{}, err
	}
	out, err := r.loop(ctx)
	if out == Undone && err == nil {
		err = fmt.Errorf("the new key %s did not answer within %s, so the rotation was undone; profile %q keeps key %s: %w",
			j.New, o.Timeout, profile, j.Old, r.why)
	}
	return r.j.result(out), err
}

// Plan is Rotate without any effect: it looks at the files, asks AWS what may
// be asked without changing anything, and says what Rotate would do.
func (o *Options) Plan(ctx context.Context, profile string) (Result, error) {
	o.defaults()
	a, err := o.connect(ctx, profile)
	if err != nil {
		return Result{}, err
	}
	o.Yes = true // to plan past the questions
	if o.Confirm == nil {
		o.Confirm = func(string) (bool, error) { return true, nil }
	}
	j, t, err := o.prepareRead(ctx, a, profile)
	if err != nil {
		return Result{}, err
	}
	res := j.result(Planned)
	res.Diff = t.plan.Diff("(the new key)")
	return res, nil
}

func (o *Options) defaults() {
	if o.Retire == "" {
		o.Retire = Delete
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Connect == nil {
		o.Connect = Connect
	}
}

// connect checks the files before the SDK's loader sees them.
func (o *Options) connect(ctx context.Context, profile string) (*AWS, error) {
	if _, err := o.examine(profile); err != nil {
		return nil, err
	}
	return o.Connect(ctx, o.Paths, profile)
}

func (o *Options) lock(ctx context.Context) (unlock func(), err error) {
	names, err := o.lockNames()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	return credfile.Lock(ctx, names...)
}

func (o *Options) lockUser(ctx context.Context, j *Journal) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	return credfile.Lock(ctx, o.State.userLock(j.User.Account, j.User.UserID))
}

// prepare is everything before the first effect, on AWS or on disk.
func (o *Options) prepare(ctx context.Context, a *AWS, profile string) (*Journal, *target, error) {
	j, t, err := o.prepareRead(ctx, a, profile)
	if err != nil {
		return nil, nil, err
	}
	if err := o.probe(t, j.ID); err != nil {
		return nil, nil, err
	}
	if o.Yes {
		return j, t, nil
	}
	ok, err := o.confirm(fmt.Sprintf(
		"Rotate key %s of user %s (account %s) in %d place(s)? The old key will be %sd at once: other machines that use it will stop.",
		j.Old, j.UserName, j.User.Account, len(j.Places), o.Retire))
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, refuse("nothing was changed")
	}
	return j, t, nil
}

func (o *Options) prepareRead(ctx context.Context, a *AWS, profile string) (*Journal, *target, error) {
	t, err := o.examine(profile)
	if err != nil {
		return nil, nil, err
	}
	ow, err := o.ask(ctx, a, t)
	if err != nil {
		return nil, nil, err
	}
	free, err := o.slot(ctx, a, t, ow)
	if err != nil {
		return nil, nil, err
	}
	j := &Journal{ID: newID(), User: ow.user, UserName: ow.name, Profile: profile, Paths: o.Paths,
		Old: t.pair.ID, FreeSlot: free, Retire: o.Retire, Started: ow.at}
	if j.Started.IsZero() {
		j.Started = o.Now()
	}
	for _, k := range ow.keys {
		j.Before = append(j.Before, k.ID)
	}
	for _, p := range t.places {
		j.Places = append(j.Places, JournalPlace{p.Kind, p.Profile})
	}
	return j, t, nil
}

// begin writes the intent down: from here on a crash is resumed.
func (o *Options) begin(a *AWS, j *Journal, t *target) (*run, error) {
	if err := o.State.Save(j); err != nil {
		return nil, err
	}
	if err := o.State.OpenRecovery(j.ID, t.pair); err != nil {
		return nil, errors.Join(err, o.State.Remove(j.ID))
	}
	r := newRun(o, a, j)
	r.old, r.w.HaveOld = t.pair, true
	return r, nil
}

// finishFirst resumes the rotations that concern the key of profile.
func (o *Options) finishFirst(ctx context.Context, profile string) error {
	js, err := o.State.Journals()
	if err != nil || len(js) == 0 {
		return err
	}
	t, err := o.examine(profile)
	if err != nil {
		return err
	}
	for _, j := range js {
		if j.Direction == Watch || (j.Old != t.pair.ID && j.New != t.pair.ID && !o.recovers(j, t.pair.ID)) {
			continue
		}
		o.Say("finishing the rotation of key %s that was begun %s", j.Old, j.Started.UTC().Format(time.DateTime))
		if _, err := o.resume(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) recovers(j *Journal, id string) bool {
	_, fresh, ok, _ := o.State.Recovery(j.ID)
	return ok && fresh.ID == id
}

// Resume finishes or undoes every unfinished rotation. One that fails does not
// stop the others; the error joins theirs.
func (o *Options) Resume(ctx context.Context) ([]Result, error) {
	o.defaults()
	js, err := o.State.Journals()
	if err != nil {
		return nil, err
	}
	var results []Result
	var errs []error
	for _, j := range js {
		res, err := o.resumeLocked(ctx, j)
		if res.Outcome != "" {
			results = append(results, res)
		}
		errs = append(errs, err)
	}
	return results, errors.Join(errs...)
}

func (o *Options) resumeLocked(ctx context.Context, j *Journal) (Result, error) {
	own := *o
	own.Paths = j.Paths
	unlock, err := own.lock(ctx)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	// It may have been finished while this run waited for the lock.
	if _, err := o.Disk.Stat(o.State.journalPath(j.ID)); errors.Is(err, fs.ErrNotExist) {
		return Result{}, nil
	}
	return own.resume(ctx, j)
}

// resume takes a rotation up from its journal, under the lock of its files.
func (o *Options) resume(ctx context.Context, j *Journal) (Result, error) {
	unlock, err := o.lockUser(ctx, j)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	old, fresh, ok, err := o.State.Recovery(j.ID)
	if err != nil {
		return j.result(Unfinished), &HalfDone{j, "its recovery file cannot be read", err}
	}
	a, err := o.Connect(ctx, j.Paths, j.Profile)
	if err != nil {
		return j.result(Unfinished), &HalfDone{j, "AWS cannot be reached", err}
	}
	r := newRun(o, a, j)
	r.old, r.fresh = old, fresh
	r.w = World{Resumed: true, HaveOld: ok && old.ID != "", HaveNew: ok && fresh.ID != ""}
	if j.New == "" {
		j.New = fresh.ID
	}
	if j.Direction == Watch {
		return r.watch(ctx)
	}
	if !r.w.HaveNew && len(j.Sends) == 0 {
		// The crash was before, in or right after the one call that was not
		// noted: it may have been sent, and may still land.
		j.Sends = []Send{{From: j.Started, To: j.Started.Add(createTimeout)}}
	}
	if err := r.writerSweep(); err != nil {
		return j.result(Unfinished), &HalfDone{j, "its temporary files cannot be removed", err}
	}
	out, err := r.loop(ctx)
	return j.result(out), err
}

// goodFor is how long AWS accepts a signed request: a create whose reply was
// lost can take effect until then.
const goodFor = 15 * time.Minute

// watch looks whether a create whose reply was lost has landed after all.
func (r *run) watch(ctx context.Context) (Result, error) {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return Result{}, err
	}
	signer, err := set.PairAt(r.j.Places[0].Kind, r.j.Places[0].Profile)
	if err != nil {
		return Result{}, err
	}
	r.old = signer
	if err := r.lookList(ctx); err != nil || r.w.Listed != Yes {
		return Result{}, errors.Join(err, r.why)
	}
	switch {
	case len(r.w.Unknown) > 0 && r.w.Orphan == Yes:
		if err := r.deleteOrphan(ctx); err != nil {
			return Result{}, err
		}
	case len(r.w.Unknown) > 0:
		return r.j.result(Unfinished), &HalfDone{r.j, "the user has a key that keycare did not make for sure: " + r.w.Unknown[0], nil}
	}
	last := r.j.Sends[len(r.j.Sends)-1].To
	if !r.mayStillLand() || r.Now().Sub(last) > goodFor {
		return Result{}, r.State.Remove(r.j.ID)
	}
	return Result{}, nil
}
