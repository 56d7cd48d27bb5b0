package rotate

import (
	"context"
	"errors"
	"slices"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// finishFirst resumes the rotations that concern the keys of the tasks. A task
// whose rotation comes to its end, or into its grace, has what was asked for: it
// gets that result, and its key, which is new now, is not rotated again.
func (rot *Rotator) finishFirst(ctx context.Context, todo []*keyTask) {
	js, err := rot.InFlight(ctx, false)
	if err != nil {
		rot.say("%v", err) // of another user perhaps; the slots tell if not
	}
	if len(js) == 0 {
		return
	}
	files := rot.readFiles(profilesOf(todo)...)
	for _, b := range todo {
		t, err := files.key(b.profile)
		if err != nil {
			b.err = err
			continue
		}
		var resumed bool
		if b.result, resumed, b.err = rot.finishKey(ctx, js, b.profile, t.pair.ID); !resumed {
			continue
		}
		files = rot.readFiles(profilesOf(todo)...) // it may have changed them
		js, _ = rot.State.Journals()
	}
}

// finishKey resumes those of the rotations that concern key id, and reports
// whether there was one.
func (rot *Rotator) finishKey(ctx context.Context, js []*state.Journal, profile, id string) (res Result, resumed bool, err error) {
	for _, j := range js {
		if j.Old != id && j.New != id && !rot.recovers(j, id) {
			continue
		}
		if j.Resting(rot.Now()) {
			continue // the second key, which is refused with its reason
		}
		if j.OnlyOwed() && (j.Old == id || !rot.Tells) {
			continue
		}
		if j.Direction == state.Watch {
			// Whatever it finds that it may not delete, the rotation finds too.
			var left *keyLeft
			if _, err := rot.resumeLocked(ctx, j.ID, j.Paths, rot.lockNames(rot.Paths)); errors.As(err, &left) {
				rot.say("%v", err)
			}
			resumed = true
			continue
		}
		if !slices.Equal(rot.sharedLocks(j.Paths), rot.sharedLocks(rot.Paths)) && j.Old == id {
			return Result{}, resumed, refuse("profile %s: key %s is being replaced in %s, by a rotation that is not finished. Put the new key here too, then run: keycare resume", show.Name(profile), j.Old, j.Paths.Credentials)
		}
		if !j.OnlyOwed() {
			rot.say("first finishing the rotation of key %s from %s", j.Old, show.Time(j.Started))
		}
		resumed = true
		if res, err = rot.resumeLocked(ctx, j.ID, j.Paths, rot.lockNames(rot.Paths)); err != nil || res.Outcome == Rotated || res.Outcome == InGrace {
			return res, resumed, err
		}
	}
	return Result{}, resumed, nil
}

func (rot *Rotator) recovers(j *state.Journal, id string) bool {
	_, fresh, ok, _ := rot.State.Recovery(j.ID)
	return ok && fresh.ID == id
}

// Resume finishes or undoes every unfinished rotation. One that fails does not
// stop the others; the error joins theirs. It works on the files of the journals:
// Paths may be empty, and then only a recovery file without a journal is an
// error.
//
// With profiles it takes up their rotations alone: those that began there, and
// those one of whose keys such a profile holds now. A grace that has not ended is
// closed by KeepBoth only where it is named so.
func (rot *Rotator) Resume(ctx context.Context, profiles ...string) ([]Result, error) {
	if err := rot.State.Sweep(); err != nil {
		return nil, err
	}
	js, err := rot.InFlight(ctx, true)
	results := []Result{}
	errs := []error{err}
	if rot.probeLeft() {
		errs = append(errs, rot.sweepLocked(ctx))
	}
	strays, err := rot.State.WithoutJournal()
	errs = append(errs, err)
	for _, id := range strays {
		if len(profiles) > 0 {
			break
		}
		if rot.Paths.Credentials == "" { // its files are not known
			errs = append(errs, credfile.ErrNoHome)
			break
		}
		errs = append(errs, rot.resumeRecovery(ctx, id))
	}
	rot.chosen = len(profiles) > 0
	js, err = rot.named(js, profiles)
	errs = append(errs, err)
	if err := rot.dropsNone(js); err != nil {
		return results, errors.Join(append(errs, err)...)
	}
	deleted := false
	for _, j := range js {
		if j.OnlyOwed() && !rot.Tells {
			continue
		}
		if (rot.KeepBoth || rot.Undo) && len(profiles) == 0 && j.Resting(rot.Now()) {
			rot.say("the old key %s is in its grace period until %s (%s)%s", j.Old, show.Time(j.GraceEnds), show.Until(j.GraceEnds, rot.Now()), rot.endsNow(ctx, j))
			continue
		}
		res, err := rot.resumeLocked(ctx, j.ID, j.Paths, nil)
		if res.Outcome != "" {
			results = append(results, res)
		}
		errs = append(errs, err)
		deleted = deleted || res.Orphan == rot.DeleteKey
	}
	if rot.DeleteKey != "" && !deleted {
		res, err := rot.deleteLeft(ctx)
		if res.Outcome != "" {
			results = append(results, res)
		}
		errs = append(errs, err)
	}
	return results, errors.Join(errs...)
}

func (rot *Rotator) sweepLocked(ctx context.Context) error {
	unlock, err := rot.lock(ctx, rot.sharedLocks(rot.Paths))
	if err != nil {
		return err
	}
	defer unlock()
	return rot.sweepProbes()
}

// resumeLocked takes the locks of a rotation that are not held yet, and resumes
// it: on its own files, wherever the environment points now.
func (rot *Rotator) resumeLocked(ctx context.Context, id string, paths credfile.Paths, held []string) (Result, error) {
	names := slices.DeleteFunc(rot.lockNames(paths), func(n string) bool { return slices.Contains(held, n) })
	unlock, err := rot.lockFiles(ctx, names)
	if err != nil {
		return Result{}, halfDone(&state.Journal{ID: id}, "another keycare is at work on these files", err)
	}
	defer unlock()
	j, err := rot.State.Journal(id)
	if err != nil || j == nil {
		return Result{}, rot.damaged(ctx, err, true) // finished while this run waited for the lock
	}
	unlockUser, err := rot.lock(ctx, []string{rot.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, rot.half(j, "another keycare is at work on this user's keys", err)
	}
	defer unlockUser()
	// Only now nobody else writes it: what was decided meanwhile binds this run.
	if j, err = rot.State.Journal(id); err != nil || j == nil {
		return Result{}, rot.damaged(ctx, err, true)
	}
	return rot.resume(ctx, j)
}

// resume takes a rotation up from its journal, under the locks of its files and
// its user.
func (rot *Rotator) resume(ctx context.Context, j *state.Journal) (Result, error) {
	if err := rot.sweep(j); err != nil {
		return resultOf(j, Unfinished), rot.half(j, "its temporary files cannot be removed", err)
	}
	r, half := rot.takeUp(ctx, j)
	if half != nil {
		rot.told(half, nil)
		return resultOf(j, Unfinished), half
	}
	if err := r.nowLeaked(); err != nil {
		return resultOf(j, Unfinished), rot.half(j, "keycare cannot write its notes", err)
	}
	res, err := r.resumed(ctx)
	if err == nil || !r.owed {
		r.leak(ctx, &res)
	}
	return res, r.withWays(ctx, err)
}

// resumed goes on with it, or does what a person chose.
func (r *cycle) resumed(ctx context.Context) (Result, error) {
	rot, j := r.Rotator, r.j
	if j.OnlyOwed() {
		return r.onlyOwed(ctx)
	}
	if path := rot.dropNamed(j); path != "" {
		if err := r.dropCopy(path); err != nil {
			return resultOf(j, Unfinished), err
		}
	}
	switch {
	case j.Direction == state.Keep:
		return r.closeKept(ctx, resultOf(j, KeptBoth))
	case rot.KeepBoth && j.Direction != state.Watch:
		return r.keepBoth(ctx)
	}
	if r.old.ID == "" && r.fresh.ID == "" && j.Direction != state.Watch {
		return resultOf(j, Unfinished), halfDone(j, "the recovery file is gone, too", nil)
	}
	if j.New == "" && r.fresh.ID != "" { // a crash right after the new pair was kept
		if j.New = r.fresh.ID; len(j.Sends) > 0 {
			made := r.settled()
			j.Made = &made
		}
	}
	if j.Direction == state.Watch {
		return r.watch(ctx)
	}
	if rot.Undo && j.New != "" && j.Direction != state.Undo {
		if j.Auth != (state.Auth{}) {
			if err := r.signAgain(ctx); err != nil {
				return resultOf(j, Unfinished), halfDone(j, cannotSign, err)
			}
		}
		return r.undo(ctx)
	}
	if j.New == "" && len(j.Sends) == 0 && j.Version < 2 {
		// The crash was before, in or right after the one call that was not
		// noted: it may have been sent, and may still land.
		j.Sends = []state.Send{{From: j.Started, To: j.Started.Add(createTimeout)}}
	}
	if j.Auth != (state.Auth{}) && !j.Resting(rot.Now()) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(j, Unfinished), halfDone(j, cannotSign, err)
		}
	}
	resting := j.Resting(rot.Now())
	out, err := r.loop(ctx)
	if out == Undone && err == nil && mayStillLand(j) {
		err = r.undoneBecause()
	}
	res := r.undone(out)
	if res.Rested = resting && out == InGrace; res.Rested {
		res.Ways = r.ways(ctx, rot.chosen)
	}
	if len(j.Orphans) > 0 && out == Undone {
		res.Orphan = j.Orphans[len(j.Orphans)-1]
	}
	if out == KeptBoth {
		res.Why = r.kept
	}
	return res, err
}

// named returns the rotations of profiles; all where none is named.
func (rot *Rotator) named(js []*state.Journal, profiles []string) (some []*state.Journal, err error) {
	if len(profiles) == 0 {
		return js, nil
	}
	found := map[string]bool{}
	for _, j := range js {
		concerns := []string{j.Profile}
		for _, pl := range j.Places {
			concerns = append(concerns, pl.Profile)
		}
		if set, err := credfile.Load(rot.Disk, j.Paths); err == nil {
			_, fresh, _, _ := rot.State.Recovery(j.ID)
			concerns = slices.Concat(concerns, holders(set, j.Old), holders(set, j.New), holders(set, fresh.ID))
		}
		here := false
		for _, p := range profiles {
			if slices.Contains(concerns, p) {
				found[p], here = true, true
			}
		}
		if here {
			some = append(some, j)
		}
	}
	var errs []error
	for _, p := range profiles {
		switch {
		case found[p]:
		case !rot.KeepBoth && !rot.Undo && rot.DropCopy == "": // it may have been finished meanwhile
			rot.say("profile %s has no unfinished rotation", show.Name(p))
		default:
			errs = append(errs, refuse("profile %s has no unfinished rotation; for the list: keycare status", show.Name(p)))
		}
	}
	return some, errors.Join(errs...)
}
