package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Rotate replaces the keys of the profiles, each key everywhere it stands in the
// two files. Profiles with the same key are one rotation; different keys are
// rotated at the same time. Unfinished rotations of the same keys are finished
// first. One failure does not stop the others: the results are in the order of
// the profiles, and the error joins what went wrong, each a *Refused, a
// *HalfDone, or a failure before anything was done.
func (rot *Rotator) Rotate(ctx context.Context, profiles ...string) ([]Result, error) {
	files := rot.readSettled(ctx, profiles...)
	all := tasks(files, profiles)
	todo := pending(all)
	if len(todo) == 0 {
		return collect(all)
	}
	for _, b := range todo {
		b.leaked = rot.Compromised
	}
	if err := rot.copiesFit(files, todo); err != nil {
		return nil, err
	}
	if err := rot.State.Init(); err != nil {
		return nil, err
	}
	unlock, err := rot.lockFiles(ctx, rot.lockNames(rot.Paths))
	if err != nil {
		return nil, interruption(ctx, err)
	}
	defer unlock()
	if err := rot.sweepProbes(); err != nil {
		return nil, err
	}
	rot.finishFirst(ctx, todo)
	todo = pending(all)
	files = rot.readSettled(ctx, profilesOf(todo)...) // under the locks
	connect := client.Shared(ctx, files.set, rot.Connect)
	rot.about("asking AWS", len(todo))
	asking, stop := client.FirstContact(ctx) // none of it has an effect
	defer stop()
	rot.each(todo, func(b *keyTask) {
		if err := rot.prepare(asking, files, connect, b); err != nil {
			b.failed(interruption(ctx, client.Because(asking, err)))
		}
		rot.Progress.Add(1)
	})
	rot.Progress.Next("", "", 0)
	tried := map[string]error{}
	for _, b := range pending(all) {
		rot.guarded(b, func(b *keyTask) {
			if err := rot.probe(ctx, b.target, tried); err != nil {
				b.failed(interruption(ctx, err))
			}
		})
	}
	for _, b := range pending(all) { // one after another: a person answers
		if err := rot.agree(b.journal); err != nil {
			b.failed(interruption(ctx, err))
		}
	}
	todo = pending(all)
	done := 0
	rot.about("rotating", len(todo))
	rot.each(todo, func(b *keyTask) {
		b.result, b.err = rot.carryOut(ctx, b, len(todo) > 1)
		rot.Progress.Add(1)
		if len(todo) > 1 {
			rot.progress(&done, len(todo), b)
		}
	})
	rot.stillActive(all)
	return collect(all)
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
	running := append(rot.elsewhereNotes(j.Old, j.Paths.Copies), rot.runningNotes(j.Old)...)
	if rot.Yes {
		for _, note := range running {
			rot.say("%s", note)
		}
		return nil
	}
	fate := fmt.Sprintf("The old key will be %s at once: other machines that use it will stop working.", j.Retire.Past())
	if j.Compromised {
		fate = "The old key leaked: it will be inactive as soon as the new one is verified in your files, and other machines that use it will stop working."
		if j.Retire == state.Delete {
			fate += " Then it will be deleted."
		}
	}
	if j.Grace > 0 {
		fate = fmt.Sprintf("The old key stays active until %s (%s, plus %s because AWS reports uses late).",
			show.Time(rot.Now().Add(j.Grace+state.UseLate)), show.Duration(j.Grace), show.Duration(state.UseLate))
	}
	question := fmt.Sprintf("Rotate key %s of user %s (account %s) in %s? %s",
		j.Old, j.UserName, j.User.Account, CountPlaces(len(j.Places), len(j.Paths.Copies)), fate)
	ok, err := rot.confirm(strings.Join(append(running, question), "\n"))
	if err == nil && !ok {
		err = refuse(declined)
	}
	return err
}

// carryOut does one rotation, from its intent to its end.
func (rot *Rotator) carryOut(ctx context.Context, b *keyTask, named bool) (Result, error) {
	unlock, err := rot.lock(ctx, []string{rot.State.UserLock(b.journal.User.Account, b.journal.User.UserID)})
	if err != nil {
		return Result{}, b.notBegun(interruption(ctx, err))
	}
	defer unlock()
	notes := rot.modeNotes(b.target)
	r, err := rot.begin(b.aws, b.journal, b.target, b.help)
	if err != nil {
		return Result{}, b.notBegun(err)
	}
	if named {
		r.name = "profile " + b.profile + ": "
	}
	if err := r.probeCopies(ctx); err != nil {
		return Result{}, errors.Join(err, r.close(Failed))
	}
	out, err := r.loop(ctx)
	switch {
	case out == Undone && err == nil:
		err = r.undoneBecause()
	case out == Failed && err != nil:
		err = b.notBegun(err)
	}
	res := resultOf(r.j, out)
	if out == Rotated || out == InGrace {
		res.Notes = append(res.Notes, notes...)
	}
	if b.quarantined {
		res.Notes = append(res.Notes, fmt.Sprintf("AWS has put user %s in quarantine: leave the policy AWSCompromisedKeyQuarantine on until AWS Support closes its case", r.j.UserName))
	}
	r.leak(ctx, &res)
	return res, r.withWays(ctx, err)
}

// Rotatable returns the profiles whose keys can be rotated as far as the files
// tell, for "all". What is left out is returned with the reason.
func (rot *Rotator) Rotatable(set *credfile.Set) (profiles []string, left []Result) {
	all := set.Profiles()
	files := rot.examineIn(set, all)
	for _, p := range all {
		_, err := files.key(p)
		var none *credfile.NoKeyError
		var refused *Refused
		switch {
		case err == nil, !errors.As(err, &none) && !errors.As(err, &refused):
			profiles = append(profiles, p)
		case errors.As(err, &refused):
			left = append(left, Result{Outcome: Skipped, Profile: show.Field(p), Why: err.Error(), Places: []string{}})
		}
	}
	return profiles, left
}
