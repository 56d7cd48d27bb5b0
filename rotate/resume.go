package rotate

import (
	"context"
	"errors"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/rotate/state"
)

// finishFirst resumes the rotations that concern the keys of the tasks. A task
// whose rotation comes to its end, or into its grace, has what was asked for: it
// gets that result, and its key, which is new now, is not rotated again.
func (rot *Rotator) finishFirst(ctx context.Context, todo []*keyTask) {
	js, err := InFlight(rot.State)
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
		js, _ = InFlight(rot.State)
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
		if j.Direction == state.Watch {
			// Whatever it finds that it may not delete, the rotation finds too.
			_, _ = rot.resumeLocked(ctx, j.ID, j.Paths, rot.lockNames(rot.Paths))
			resumed = true
			continue
		}
		if !slices.Equal(rot.lockNames(j.Paths), rot.lockNames(rot.Paths)) && j.Old == id {
			return Result{}, resumed, refuse("profile %q: key %s is being replaced in %s, by a rotation that is not finished; put the new key here too, then run \"keycare resume\"", profile, j.Old, j.Paths.Credentials)
		}
		rot.say("finishing the rotation of key %s that was begun %s", j.Old, j.Started.UTC().Format(time.DateTime))
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
func (rot *Rotator) Resume(ctx context.Context) ([]Result, error) {
	if err := rot.State.Sweep(); err != nil {
		return nil, err
	}
	js, err := InFlight(rot.State)
	results := []Result{}
	errs := []error{err}
	if rot.probeLeft() {
		errs = append(errs, rot.sweepLocked(ctx))
	}
	strays, err := rot.State.WithoutJournal()
	errs = append(errs, err)
	for _, id := range strays {
		if rot.Paths.Credentials == "" { // its files are not known
			errs = append(errs, credfile.ErrNoHome)
			break
		}
		errs = append(errs, rot.resumeRecovery(ctx, id))
	}
	for _, j := range js {
		res, err := rot.resumeLocked(ctx, j.ID, j.Paths, nil)
		if res.Outcome != "" {
			results = append(results, res)
		}
		errs = append(errs, err)
	}
	return results, errors.Join(errs...)
}

func (rot *Rotator) sweepLocked(ctx context.Context) error {
	unlock, err := rot.lock(ctx, rot.lockNames(rot.Paths))
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
	unlock, err := rot.lock(ctx, names)
	if err != nil {
		return Result{}, &HalfDone{&state.Journal{ID: id, UserName: "(see \"keycare status\")"}, "it cannot be taken up", err}
	}
	defer unlock()
	j, err := rot.State.Journal(id)
	if err != nil || j == nil {
		return Result{}, damagedIsHalfDone(err) // finished while this run waited for the lock
	}
	unlockUser, err := rot.lock(ctx, []string{rot.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, &HalfDone{j, "it cannot be taken up", err}
	}
	defer unlockUser()
	// Only now nobody else writes it: what was decided meanwhile binds this run.
	if j, err = rot.State.Journal(id); err != nil || j == nil {
		return Result{}, damagedIsHalfDone(err)
	}
	return rot.resume(ctx, j)
}

// resume takes a rotation up from its journal, under the locks of its files and
// its user.
func (rot *Rotator) resume(ctx context.Context, j *state.Journal) (Result, error) {
	old, fresh, ok, err := rot.State.Recovery(j.ID)
	if err != nil {
		return resultOf(j, Unfinished), &HalfDone{j, "its recovery file cannot be read", err}
	}
	a, err := rot.Connect(ctx, j.Paths, j.Profile)
	if err != nil {
		return resultOf(j, Unfinished), &HalfDone{j, "AWS cannot be reached", err}
	}
	r := newCycle(rot, a, j)
	r.seen.Resumed = true
	r.old, r.fresh = old, fresh
	r.seen.OffEarlier = j.Off == state.OffSent
	if j.Off == state.OffDone {
		r.seen.Off = yes
	}
	r.pairsFromFiles()
	if j.Direction != state.Grace {
		r.seen.HaveOld, r.seen.HaveNew = r.old.ID != "", r.fresh.ID != ""
	} else {
		r.seen.HaveOld, r.seen.HaveNew = ok && r.old.ID != "", ok && r.fresh.ID != ""
	}
	switch {
	case j.Direction == state.Keep:
		return resultOf(j, KeptBoth), r.close(KeptBoth)
	case rot.KeepBoth:
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
	if j.Auth != (state.Auth{}) && !j.Resting(rot.Now()) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(j, Unfinished), &HalfDone{j, "nobody may sign for it", err}
		}
	}
	out, err := r.loop(ctx)
	return resultOf(j, out), err
}

// pairsFromFiles takes what the recovery file does not have from the places that
// hold it: the file is removed at the end of a rotation, or was never made.
func (r *cycle) pairsFromFiles() {
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
