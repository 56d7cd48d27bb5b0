package rotate

import (
	"context"
	"fmt"

	"keycare/rotate/client"
	"keycare/rotate/state"
)

// undo goes back to the old key at a person's word, wherever that answers and its
// secret is still known: before the switch the new key is deleted, after it the
// new key is made Inactive. A retirement that is decided binds, unless somebody took
// the new key away: the old one may be all that works.
func (r *cycle) undo(ctx context.Context) (Result, error) {
	half := func(why string, err error) (Result, error) {
		return resultOf(r.j, Unfinished), halfDone(r.j, why, err)
	}
	for {
		why, err := r.undoBarred(ctx)
		if why == "" {
			break
		}
		if r.seen.Files != filesDoubtful || !r.Now().Before(r.deadline) {
			return resultOf(r.j, Unfinished), refusedHalf(r.j, flagUndo, why, err)
		}
		if err := r.pause(ctx); err != nil { // a program may be writing them
			return half(interruptedWhy, err)
		}
	}
	// The recovery file first: what the files hold is about to change.
	if err := r.keepForUndo(); err != nil {
		return half("the recovery file cannot be written", err)
	}
	r.j.UndoAsked, r.j.Off = true, "" // it answers
	r.j.SwitchBegun = r.j.SwitchBegun || !r.j.Switched.IsZero() || r.seen.Files == filesNew || r.seen.Files == filesElsewhere || r.seen.Files == filesMixed
	if err := r.decide(state.Undo); err != nil {
		return half("keycare cannot write its notes", err)
	}
	r.seen.HaveOld, r.seen.HaveNew = true, !r.fresh.Secret.Empty()
	out, err := r.loop(ctx)
	return r.undone(out), err
}

// undone is the result of a rotation that went back at a person's word.
func (r *cycle) undone(out Outcome) Result {
	res := resultOf(r.j, out)
	if out == Undone && r.j.NewOff && r.seen.Gone != yes {
		res.Notes = append(res.Notes, fmt.Sprintf("the new key %s is inactive, not deleted: another machine may have copied it. Once nothing needs it: %s; then: keycare resume",
			r.newID(), r.command("delete-access-key", r.newID(), "")))
	}
	return res
}

// keepForUndo writes down what is known of both pairs.
func (r *cycle) keepForUndo() error {
	if !r.fresh.Secret.Empty() {
		return r.State.KeepPairs(r.j.ID, r.old, r.fresh)
	}
	if kept, _, ok, err := r.State.Recovery(r.j.ID); err != nil || ok && kept.Equal(r.old) {
		return err
	}
	if err := r.State.DropRecovery(r.j.ID); err != nil { // it has neither pair
		return err
	}
	return r.State.OpenRecovery(r.j.ID, r.old)
}

// listNew asks whether IAM still has the new key.
func (r *cycle) listNew(ctx context.Context) {
	absent, err := r.unlisted(ctx, r.aws, r.by(r.old), r.j.UserName, r.newID())
	switch {
	case err != nil:
		r.seen.NewAbsent, r.why = silent, err
	case absent:
		r.seen.NewAbsent = yes
	default:
		r.seen.NewAbsent = no
	}
}

// turnNewOff makes the new key Inactive, which a person gave up after the switch,
// and deletes it where the person types its ID.
func (r *cycle) turnNewOff(ctx context.Context) error {
	r.seen.Files = filesUnread
	if r.j.NewOff { // an earlier run did
		r.seen.NewOff = yes
		if r.isGone(ctx, r.old, r.newID()) {
			r.seen.Gone = yes
		}
		return nil
	}
	one, cancel := context.WithTimeout(ctx, callTimeout)
	_, err := r.aws.SetActive(one, r.by(r.old), r.j.UserName, r.newID(), false)
	cancel()
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		r.seen.NewOff, r.j.NewOff = yes, true
		r.say("made the new key %s inactive", r.newID())
		if err := r.State.Save(r.j); err != nil {
			return err
		}
		return r.typedNew(ctx)
	case client.ReplyNoSuch:
		if r.seen.NewOff, r.why = notYet, err; r.sameName(ctx, r.old) == yes {
			r.seen.Gone = yes
		}
	case client.ReplyDenied:
		r.seen.NewOff, r.why = no, client.Explain(err)
	default:
		r.seen.NewOff, r.why = silent, err
	}
	return nil
}

func (r *cycle) typedNew(ctx context.Context) error {
	if r.AskLine == nil || r.Yes {
		return nil
	}
	r.asking.Lock()
	typed, err := r.AskLine(fmt.Sprintf("Another machine may have copied the new key %s. Type its ID to delete it, or press Enter to leave it inactive: ", r.newID()))
	r.asking.Unlock()
	if err != nil || typed != r.newID() {
		return err
	}
	r.deleteNew(ctx)
	return nil
}
