package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/rotate/state"
)

// finishFirst resumes the rotations that concern the key of profile. One that
// comes to its end, or into its grace, is what was asked for: its result is
// returned, and the key, which is new now, is not rotated again.
func (o *Options) finishFirst(ctx context.Context, profile string) (Result, error) {
	js, err := InFlight(o.State)
	if err != nil {
		o.Say("%v", err) // of another user perhaps; the slots tell if not
	}
	if len(js) == 0 {
		return Result{}, nil
	}
	t, err := o.examine(profile)
	if err != nil {
		return Result{}, err
	}
	for _, j := range js {
		if j.Old != t.pair.ID && j.New != t.pair.ID && !o.recovers(j, t.pair.ID) {
			continue
		}
		if j.Resting(o.Now()) {
			continue // the second key, which is refused with its reason
		}
		if j.Direction == state.Watch {
			// Whatever it finds that it may not delete, the rotation finds too.
			_, _ = o.resumeLocked(ctx, j.ID, j.Paths, o.lockNames(o.Paths))
			continue
		}
		if !slices.Equal(o.lockNames(j.Paths), o.lockNames(o.Paths)) && j.Old == t.pair.ID {
			return Result{}, refuse("profile %q: key %s is being replaced in %s, by a rotation that is not finished; put the new key here too, then run \"keycare resume\"", profile, j.Old, j.Paths.Credentials)
		}
		o.Say("finishing the rotation of key %s that was begun %s", j.Old, j.Started.UTC().Format(time.DateTime))
		res, err := o.resumeLocked(ctx, j.ID, j.Paths, o.lockNames(o.Paths))
		if err != nil || res.Outcome == Rotated || res.Outcome == InGrace {
			return res, err
		}
	}
	return Result{}, nil
}

func (o *Options) recovers(j *state.Journal, id string) bool {
	_, fresh, ok, _ := o.State.Recovery(j.ID)
	return ok && fresh.ID == id
}

// Resume finishes or undoes every unfinished rotation. One that fails does not
// stop the others; the error joins theirs. It works on the files of the journals:
// Paths may be empty, and then only a recovery file without a journal is an
// error.
func (o *Options) Resume(ctx context.Context) ([]Result, error) {
	o.defaults()
	if err := o.State.Sweep(); err != nil {
		return nil, err
	}
	js, err := InFlight(o.State)
	results := []Result{}
	errs := []error{err}
	if o.probeLeft() {
		errs = append(errs, o.sweepLocked(ctx))
	}
	strays, err := o.State.WithoutJournal()
	errs = append(errs, err)
	for _, id := range strays {
		if o.Paths.Credentials == "" { // its files are not known
			errs = append(errs, credfile.ErrNoHome)
			break
		}
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
		return Result{}, &HalfDone{&state.Journal{ID: id, UserName: "(see \"keycare status\")"}, "it cannot be taken up", err}
	}
	defer unlock()
	j, err := o.State.Journal(id)
	if err != nil || j == nil {
		return Result{}, damagedIsHalfDone(err) // finished while this run waited for the lock
	}
	unlockUser, err := own.lock(ctx, []string{o.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, &HalfDone{j, "it cannot be taken up", err}
	}
	defer unlockUser()
	// Only now nobody else writes it: what was decided meanwhile binds this run.
	if j, err = o.State.Journal(id); err != nil || j == nil {
		return Result{}, damagedIsHalfDone(err)
	}
	return own.resume(ctx, j)
}

// resume takes a rotation up from its journal, under the locks of its files and
// its user.
func (o *Options) resume(ctx context.Context, j *state.Journal) (Result, error) {
	old, fresh, ok, err := o.State.Recovery(j.ID)
	if err != nil {
		return resultOf(j, Unfinished), &HalfDone{j, "its recovery file cannot be read", err}
	}
	a, err := o.Connect(ctx, j.Paths, j.Profile)
	if err != nil {
		return resultOf(j, Unfinished), &HalfDone{j, "AWS cannot be reached", err}
	}
	r := newRun(o, a, j)
	r.w.Resumed = true
	r.old, r.fresh = old, fresh
	r.pairsFromFiles()
	if j.Direction != state.Grace {
		r.w.HaveOld, r.w.HaveNew = r.old.ID != "", r.fresh.ID != ""
	} else {
		r.w.HaveOld, r.w.HaveNew = ok && r.old.ID != "", ok && r.fresh.ID != ""
	}
	switch {
	case j.Direction == state.Keep:
		return resultOf(j, KeptBoth), r.close(KeptBoth)
	case o.KeepBoth:
		return r.keepBoth(ctx)
	}
	if r.old.ID == "" && r.fresh.ID == "" && j.Direction != state.Watch {
		return resultOf(j, Unfinished), &HalfDone{j, "its recovery file is gone, and the files hold neither of its keys", nil}
	}
	if j.New == "" {
		j.New = r.fresh.ID
	}
	if j.Direction == state.Watch {
		return r.watch(ctx)
	}
	if j.New == "" && len(j.Sends) == 0 {
		// The crash was before, in or right after the one call that was not
		// noted: it may have been sent, and may still land.
		j.Sends = []state.Send{{From: j.Started, To: j.Started.Add(createTimeout)}}
	}
	if err := r.writerSweep(); err != nil {
		return resultOf(j, Unfinished), &HalfDone{j, "its temporary files cannot be removed", err}
	}
	if j.Auth != (state.Auth{}) && !j.Resting(o.Now()) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(j, Unfinished), &HalfDone{j, "nobody may sign for it", err}
		}
	}
	out, err := r.loop(ctx)
	return resultOf(j, out), err
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

// anyOf returns a pair of the files that belongs to the user: of the places of
// the rotation, else of any other profile.
func (r *run) anyOf(ctx context.Context, set *credfile.Set) credfile.Pair {
	asked := map[string]bool{}
	try := func(p credfile.Pair) bool {
		if p.ID == "" || asked[p.ID] || !credfile.FactsOf(p.ID).MayAsk() {
			return false
		}
		asked[p.ID] = true
		id, _, err := r.aws.Identity(ctx, p)
		return err == nil && sameUser(id, r.j.User) == Yes
	}
	for _, pl := range r.j.Places {
		if p, err := set.PairAt(pl.Kind, pl.Profile); err == nil && try(p) {
			return p
		}
	}
	for _, profile := range set.Profiles() {
		got, err := set.Agreed(profile)
		account, _ := credfile.AccountOf(got.Pair.ID)
		if err == nil && account == r.j.User.Account && try(got.Pair) {
			return got.Pair
		}
	}
	return credfile.Pair{}
}

// keepBoth closes a rotation where it stands, at a person's word, and deletes no
// key. It refuses while the recovery file may hold what nobody else has: a pair
// that works and that no place holds.
func (r *run) keepBoth(ctx context.Context) (Result, error) {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the files cannot be read", err}
	}
	for _, p := range []credfile.Pair{r.fresh, r.old} {
		if p.ID == "" || len(set.Mentions(p.ID)) > 0 {
			continue
		}
		if atSTS, _ := r.prove(ctx, p); atSTS != NotYet && atSTS != No && !r.otherWorks(ctx, set) {
			return resultOf(r.j, Unfinished), &HalfDone{r.j, fmt.Sprintf("no file holds key %s, which works, nor another key that does: put it into a profile first (%s has its secret)", p.ID, r.State.RecoveryPath(r.j.ID)), r.why}
		}
	}
	if err := r.decide(state.Keep); err != nil {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the decision cannot be noted", err}
	}
	return resultOf(r.j, KeptBoth), r.close(KeptBoth)
}

// otherWorks reports whether every place that is still there holds a key that
// works, whosever it is.
func (r *run) otherWorks(ctx context.Context, set *credfile.Set) bool {
	works := false
	for _, pl := range r.j.Places {
		p, err := set.PairAt(pl.Kind, pl.Profile)
		if err != nil {
			continue
		}
		if _, _, err := r.aws.Identity(ctx, p); err != nil {
			return false
		}
		works = true
	}
	return works
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
	if r.old = r.anyOf(ctx, set); r.old.ID == "" {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "no profile holds a working key of the user any more, so nobody can look whether a lost request made one", nil}
	}
	if r.j.Auth != (state.Auth{}) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(r.j, Unfinished), &HalfDone{r.j, "nobody may sign for it", err}
		}
	}
	if err := r.lookList(ctx); err != nil || r.w.Listed != Yes {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "IAM does not tell whether a lost request made a key", errors.Join(err, r.why)}
	}
	switch {
	case len(r.w.Unknown) > 0 && r.w.Orphan == Yes:
		if err := r.deleteOrphan(ctx); err != nil {
			return Result{}, err
		}
	case len(r.w.Unknown) > 0:
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the user has a key that keycare did not make for sure: " + r.w.Unknown[0], nil}
	}
	last := r.j.Sends[len(r.j.Sends)-1].To
	if !r.mayStillLand() || r.listedAt.Sub(last) > watchFor {
		return Result{}, r.State.Remove(r.j.ID)
	}
	return Result{}, nil
}
