package rotate

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// usersAtOnce bounds how many users' keys are rotated at the same time.
const usersAtOnce = 8

// keyTask is one key of a run about several, from its first profile to its result.
type keyTask struct {
	profile string
	id      string // of the key
	aws     *client.AWS
	journal *state.Journal
	target  *keyTarget
	help    client.Signer
	result  Result
	err     error
}

// failed notes that nothing more is done about the key.
func (b *keyTask) failed(err error) {
	var notDue *tooYoung
	if errors.As(err, &notDue) {
		b.result = Result{Outcome: Skipped, Profile: b.profile, Old: b.id, Why: fmt.Sprintf("profile %q: %v", b.profile, err), Places: []string{}}
		return
	}
	b.err = err
}

// Rotate replaces the keys of the profiles, each key everywhere it stands in the
// two files. Profiles with the same key are one rotation; different keys are
// rotated at the same time. Unfinished rotations of the same keys are finished
// first. One failure does not stop the others: the results are in the order of
// the profiles, and the error joins what went wrong, each a *Refused, a
// *HalfDone, or a failure before anything was done.
func (rot *Rotator) Rotate(ctx context.Context, profiles ...string) ([]Result, error) {
	jobs := rot.tasks(profiles)
	todo := pending(jobs)
	if len(todo) == 0 {
		return collect(jobs)
	}
	if err := rot.State.Init(); err != nil {
		return nil, err
	}
	unlock, err := rot.lock(ctx, rot.lockNames(rot.Paths))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := rot.sweepProbes(); err != nil {
		return nil, err
	}
	for _, b := range todo {
		if b.result, b.err = rot.finishFirst(ctx, b.profile); b.err == nil && b.result.Outcome == "" {
			b.aws, b.err = rot.connect(ctx, b.profile)
		}
	}
	each(pending(jobs), func(b *keyTask) {
		var err error
		if b.journal, b.target, b.help, err = rot.prepare(ctx, b.aws, b.profile); err != nil {
			b.failed(err)
		}
	})
	for _, b := range pending(jobs) { // one after another: a person answers
		if err := rot.agree(b.journal); err != nil {
			b.failed(err)
		}
	}
	todo = pending(jobs)
	done := 0
	each(todo, func(b *keyTask) {
		b.result, b.err = rot.carryOut(ctx, b, len(todo) > 1)
		if len(todo) > 1 {
			rot.progress(&done, len(todo), b)
		}
	})
	return collect(jobs)
}

// jobs groups the profiles by key. A profile whose key cannot be rotated, by the
// files alone, is a job with an error.
func (rot *Rotator) tasks(profiles []string) []*keyTask {
	var jobs []*keyTask
	byKey := map[string]bool{}
	for _, p := range profiles {
		t, err := rot.examine(p)
		switch {
		case err != nil:
			jobs = append(jobs, &keyTask{profile: p, err: err})
		case !byKey[t.pair.ID]:
			byKey[t.pair.ID] = true
			jobs = append(jobs, &keyTask{profile: p, id: t.pair.ID})
		}
	}
	return jobs
}

// pending returns the jobs that have neither failed nor ended.
func pending(jobs []*keyTask) []*keyTask {
	var todo []*keyTask
	for _, b := range jobs {
		if b.err == nil && b.result.Outcome == "" {
			todo = append(todo, b)
		}
	}
	return todo
}

// each does the jobs, several at a time; a single one on this goroutine.
func each(jobs []*keyTask, do func(*keyTask)) {
	if len(jobs) == 1 {
		do(jobs[0])
		return
	}
	slots := make(chan struct{}, usersAtOnce)
	var wg sync.WaitGroup
	for _, b := range jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(b)
		})
	}
	wg.Wait()
}

func collect(jobs []*keyTask) ([]Result, error) {
	var results []Result
	var errs []error
	for _, b := range jobs {
		r := b.result
		if r.Outcome == "" || r.Outcome == Failed {
			r = Result{Outcome: Failed, Profile: b.profile, Old: b.id, Places: []string{}}
		}
		if b.err != nil {
			r.Error = b.err.Error()
			errs = append(errs, b.err)
		}
		results = append(results, r)
	}
	return results, errors.Join(errs...)
}

func (rot *Rotator) progress(done *int, total int, b *keyTask) {
	rot.saying.Lock()
	*done++
	n := *done
	rot.saying.Unlock()
	what := string(b.result.Outcome) // the error itself is told at the end
	if b.err != nil {
		what = string(Failed)
	}
	rot.say("[%d/%d] profile %s: %s", n, total, b.profile, what)
}

// agree asks a person about one rotation.
func (rot *Rotator) agree(j *state.Journal) error {
	if rot.Yes {
		return nil
	}
	fate := fmt.Sprintf("The old key will be %s at once: other machines that use it will stop.", j.Retire.Past())
	if j.Grace > 0 {
		fate = fmt.Sprintf("The old key stays active for %s.", j.Grace)
	}
	ok, err := rot.confirm(fmt.Sprintf("Rotate key %s of user %s (account %s) in %s? %s",
		j.Old, j.UserName, j.User.Account, show.Count(len(j.Places), "place"), fate))
	if err == nil && !ok {
		err = refuse("nothing was changed")
	}
	return err
}

// carryOut does one rotation, from its intent to its end.
func (rot *Rotator) carryOut(ctx context.Context, b *keyTask, named bool) (Result, error) {
	unlock, err := rot.lock(ctx, []string{rot.State.UserLock(b.journal.User.Account, b.journal.User.UserID)})
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	notes := rot.modeNotes(b.target)
	r, err := rot.begin(b.aws, b.journal, b.target, b.help)
	if err != nil {
		return Result{}, err
	}
	if named {
		r.name = "profile " + b.profile + ": "
	}
	out, err := r.loop(ctx)
	if out == Undone && err == nil {
		err = r.undoneBecause()
	}
	res := resultOf(r.j, out)
	if out == Rotated || out == InGrace {
		res.Notes = notes
	}
	return res, err
}

// Rotatable returns the profiles whose keys can be rotated as far as the files
// tell, for "all". What is left out is returned with the reason.
func (rot *Rotator) Rotatable(set *credfile.Set) (profiles []string, left []Result) {
	for _, p := range set.Profiles() {
		_, err := rot.examineIn(set, p)
		var none *credfile.NoKeyError
		var refused *Refused
		switch {
		case err == nil, !errors.As(err, &none) && !errors.As(err, &refused):
			profiles = append(profiles, p)
		case errors.As(err, &refused):
			left = append(left, Result{Outcome: Skipped, Profile: p, Why: err.Error(), Places: []string{}})
		}
	}
	return profiles, left
}
