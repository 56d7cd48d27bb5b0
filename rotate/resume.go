package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
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
		rot.say("first finishing the rotation of key %s from %s", j.Old, show.Time(j.Started))
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
	r.leak(ctx, &res)
	return res, r.withWays(ctx, err)
}

// takeUp is a rotation as its journal, its recovery file and the files have it.
func (rot *Rotator) takeUp(ctx context.Context, j *state.Journal) (*cycle, *HalfDone) {
	old, fresh, ok, err := rot.State.Recovery(j.ID)
	if err != nil {
		return nil, halfDone(j, "its recovery file cannot be read", err)
	}
	a, err := rot.reach(ctx, j, fresh.ID)
	var misplaced *credfile.MisplacedError
	switch {
	case errors.As(err, &misplaced):
		return nil, halfDone(j, "a line of the files has to be fixed first", err)
	case err != nil:
		return nil, halfDone(j, "the connection to AWS cannot be set up", err)
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
	r.seen.KnowNew = !r.fresh.Secret.Empty()
	return r, nil
}

// resumed goes on with it, or does what a person chose.
func (r *cycle) resumed(ctx context.Context) (Result, error) {
	rot, j := r.Rotator, r.j
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

// reach returns the way to AWS for a rotation: by its profile, or where that is
// gone by one that holds one of its keys now, or by the environment alone.
func (rot *Rotator) reach(ctx context.Context, j *state.Journal, fresh string) (*client.AWS, error) {
	set, err := credfile.Load(rot.Disk, j.Paths)
	if err != nil {
		return rot.Connect(ctx, j.Paths, j.Profile)
	}
	there := set.Profiles()
	holding := slices.Concat([]string{j.Profile}, holders(set, j.New), holders(set, fresh), holders(set, j.Old))
	for _, p := range holding { // the files may have changed since the rotation began
		if err := set.Fit(p); err != nil {
			return nil, err
		}
	}
	for _, p := range holding {
		if slices.Contains(there, p) {
			return rot.Connect(ctx, j.Paths, p)
		}
	}
	return rot.reachWithout(ctx)
}

// reachWithout is reach where no profile is left: the environment's region,
// endpoints and proxy hold. The SDK wants to find the profile that AWS_PROFILE
// names, so it is given an empty one.
func (rot *Rotator) reachWithout(ctx context.Context) (*client.AWS, error) {
	profile, _ := credfile.OSEnv().Profile()
	if !show.Printable(profile) || strings.ContainsAny(profile, "[]") {
		profile = "default"
	}
	f, err := os.CreateTemp("", "keycare-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = fmt.Fprintf(f, "[profile %s]\n", profile)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return rot.Connect(ctx, credfile.Paths{Credentials: os.DevNull, Config: f.Name()}, profile)
}

// pairsFromFiles takes what the recovery file does not have from the places that
// hold it: the file is removed at the end of a rotation, or was never made.
func (r *cycle) pairsFromFiles() {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return
	}
	r.findPlaces(set)
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

// findPlaces gives a journaled place that is no longer there the name of a
// profile of the same file that holds one of the rotation's keys and is no place
// yet: it was renamed. The profile of the journal follows.
func (r *cycle) findPlaces(set *credfile.Set) {
	known := func(k credfile.FileKind, profile string) bool {
		return slices.Contains(r.j.Places, state.Section{Kind: k, Profile: profile})
	}
	for i, pl := range r.j.Places {
		if slices.ContainsFunc(set.Files()[pl.Kind].Sections, func(s credfile.Section) bool { return s.Profile == pl.Profile }) {
			continue
		}
		for _, read := range set.Reads() {
			if read.Kind != pl.Kind || known(read.Kind, read.Profile) || read.ID == "" || read.ID != r.j.Old && read.ID != r.newID() {
				continue
			}
			r.say("profile %s was renamed to %s; its rotation goes on there", word(pl.Profile), word(read.Profile))
			if r.j.Profile == pl.Profile {
				r.j.Profile = read.Profile
			}
			r.j.Places[i].Profile = read.Profile
			break
		}
	}
}
