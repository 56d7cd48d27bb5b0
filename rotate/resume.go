package rotate

import (
	"context"
	"errors"
	"slices"
	"time"

	"keycare/credfile"
)

// finishFirst resumes the rotations that concern the key of profile. One that
// comes to its end is what was asked for: its result is returned, and the key,
// which is new now, is not rotated again.
func (o *Options) finishFirst(ctx context.Context, profile string) (Result, error) {
	js, err := o.State.Journals()
	if err != nil || len(js) == 0 {
		return Result{}, err
	}
	t, err := o.examine(profile)
	if err != nil {
		return Result{}, err
	}
	for _, j := range js {
		if j.Direction == Watch || (j.Old != t.pair.ID && j.New != t.pair.ID && !o.recovers(j, t.pair.ID)) {
			continue
		}
		o.Say("finishing the rotation of key %s that was begun %s", j.Old, j.Started.UTC().Format(time.DateTime))
		res, err := o.resumeLocked(ctx, j.ID, j.Paths, o.lockNames(o.Paths))
		if err != nil || res.Outcome == Rotated {
			return res, err
		}
	}
	return Result{}, nil
}

func (o *Options) recovers(j *Journal, id string) bool {
	_, fresh, ok, _ := o.State.Recovery(j.ID)
	return ok && fresh.ID == id
}

// Resume finishes or undoes every unfinished rotation. One that fails does not
// stop the others; the error joins theirs.
func (o *Options) Resume(ctx context.Context) ([]Result, error) {
	o.defaults()
	if err := o.State.sweep(); err != nil {
		return nil, err
	}
	js, err := o.State.Journals()
	if err != nil {
		return nil, err
	}
	results := []Result{}
	var errs []error
	if o.probeLeft() {
		errs = append(errs, o.sweepLocked(ctx))
	}
	strays, err := o.State.strays()
	errs = append(errs, err)
	for _, id := range strays {
		errs = append(errs, o.resumeStray(ctx, id))
	}
	for _, j := range js {
		res, err := o.resumeLocked(ctx, j.ID, j.Paths, nil)
		if res.Outcome != "" {
			results = append(results, res)
		}
		errs = append(errs, err)
	}
	return results, errors.Join(errs...)
}

func (o *Options) sweepLocked(ctx context.Context) error {
	unlock, err := o.lock(ctx, o.lockNames(o.Paths))
	if err != nil {
		return err
	}
	defer unlock()
	return o.sweepProbes()
}

// resumeLocked takes the locks of a rotation that are not held yet, and resumes
// it: on its own files, wherever the environment points now.
func (o *Options) resumeLocked(ctx context.Context, id string, paths credfile.Paths, held []string) (Result, error) {
	own := *o
	own.Paths = paths
	names := slices.DeleteFunc(o.lockNames(paths), func(n string) bool { return slices.Contains(held, n) })
	unlock, err := own.lock(ctx, names)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	j, err := o.State.Journal(id)
	if err != nil || j == nil {
		return Result{}, err // finished while this run waited for the lock
	}
	unlockUser, err := own.lock(ctx, []string{o.State.userLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, err
	}
	defer unlockUser()
	// Only now nobody else writes it: what was decided meanwhile binds this run.
	if j, err = o.State.Journal(id); err != nil || j == nil {
		return Result{}, err
	}
	return own.resume(ctx, j)
}

// resume takes a rotation up from its journal, under the locks of its files and
// its user.
func (o *Options) resume(ctx context.Context, j *Journal) (Result, error) {
	old, fresh, ok, err := o.State.Recovery(j.ID)
	if err != nil {
		return j.result(Unfinished), &HalfDone{j, "its recovery file cannot be read", err}
	}
	a, err := o.Connect(ctx, j.Paths, j.Profile)
	if err != nil {
		return j.result(Unfinished), &HalfDone{j, "AWS cannot be reached", err}
	}
	r := newRun(o, a, j)
	r.w.Resumed = true
	r.old, r.fresh = old, fresh
	r.pairsFromFiles()
	if j.Direction != Grace {
		r.w.HaveOld, r.w.HaveNew = r.old.ID != "", r.fresh.ID != ""
	} else {
		r.w.HaveOld, r.w.HaveNew = ok && r.old.ID != "", ok && r.fresh.ID != ""
	}
	if r.old.ID == "" && r.fresh.ID == "" && j.Direction != Watch {
		return j.result(Unfinished), &HalfDone{j, "its recovery file is gone, and the files hold neither of its keys", nil}
	}
	if j.New == "" {
		j.New = r.fresh.ID
	}
	if j.Direction == Watch {
		return r.watch(ctx)
	}
	if o.KeepBoth && (j.Direction == Grace || j.Direction == Retire) {
		return r.keepBoth(ctx)
	}
	if j.New == "" && len(j.Sends) == 0 {
		// The crash was before, in or right after the one call that was not
		// noted: it may have been sent, and may still land.
		j.Sends = []Send{{From: j.Started, To: j.Started.Add(createTimeout)}}
	}
	if err := r.writerSweep(); err != nil {
		return j.result(Unfinished), &HalfDone{j, "its temporary files cannot be removed", err}
	}
	if j.Auth != (Auth{}) && (j.Direction != Grace || !o.Now().Before(j.GraceEnds)) {
		if err := r.signAgain(ctx); err != nil {
			return j.result(Unfinished), &HalfDone{j, "nobody may sign for it", err}
		}
	}
	out, err := r.loop(ctx)
	return j.result(out), err
}

// pairsFromFiles takes what the recovery file does not have from the places that
// hold it: the file is removed at the end of a rotation, or was never made.
func (r *run) pairsFromFiles() {
	if r.old.ID != "" && r.fresh.ID != "" {
		return
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return
	}
	for _, pl := range r.j.Places {
		switch p, err := set.PairAt(pl.Kind, pl.Profile); {
		case err != nil:
		case p.ID == r.j.Old && r.old.ID == "":
			r.old = p
		case p.ID == r.j.New && r.fresh.ID == "":
			r.fresh = p
		}
	}
}

// keepBoth closes a rotation that has switched and is not to retire the old key.
func (r *run) keepBoth(ctx context.Context) (Result, error) {
	if err := r.lookFiles(ctx); err != nil || r.w.Files != HoldNew {
		return r.j.result(Unfinished), &HalfDone{r.j, "not every place holds the new key", errors.Join(err, r.why)}
	}
	return r.j.result(KeptBoth), r.close(KeptBoth)
}

// signAgain gets the signer that the rotation began with: a session with MFA
// does not outlive its run.
func (r *run) signAgain(ctx context.Context) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return err
	}
	base := r.old
	if base.ID == "" { // the files hold the new key by now
		pl := r.j.Places[0]
		if base, err = set.PairAt(pl.Kind, pl.Profile); err != nil {
			return err
		}
	}
	r.help, err = r.helper(ctx, r.aws, r.j.Auth, set, base)
	return err
}

// watchFor is how long a create whose reply was lost is watched: AWS accepts a
// signed request for 15 minutes, and a list may be some minutes behind.
const watchFor = 20 * time.Minute

// watch looks whether a create whose reply was lost has landed after all.
func (r *run) watch(ctx context.Context) (Result, error) {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return Result{}, err
	}
	if r.old, err = set.PairAt(r.j.Places[0].Kind, r.j.Places[0].Profile); err != nil {
		return Result{}, err
	}
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
	if !r.mayStillLand() || r.Now().Sub(last) > watchFor {
		return Result{}, r.State.Remove(r.j.ID)
	}
	return Result{}, nil
}
