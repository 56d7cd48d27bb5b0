package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// loop takes steps until the rotation is closed or cannot go on.
func (r *cycle) loop(ctx context.Context) (Outcome, error) {
	broken := "" // what could not be done
	for {
		r.seen.Late = !r.Now().Before(r.deadline)
		r.seen.Due = !r.j.Resting(r.Now())
		stopped := ctx.Err() != nil
		work := ctx
		if r.mayNeedOld() { // the old key is off: Ctrl-C waits for what that was for
			r.seen.Late = r.seen.Late || stopped
			work, stopped = context.WithoutCancel(ctx), false
		}
		step, why := next(r.j, r.seen)
		if stopped && step != stepClose && step != stepCloseUndone {
			return r.interrupted(ctx)
		}
		if step == stepTurnOn {
			broken = cmp.Or(broken, why)
		}
		switch step {
		case stepStop:
			if err := r.countMissed(); err != nil {
				r.why = errors.Join(r.why, err)
			}
			return Unfinished, halfDone(r.j, cmp.Or(broken, why), r.why)
		case stepClose:
			return Rotated, r.close(Rotated)
		case stepCloseUndone:
			return Undone, r.close(Undone)
		case stepRest:
			if r.j.Direction == state.Undo {
				return Undone, nil
			}
			return InGrace, nil
		case stepKeepOld:
			return r.keepOld(work)
		}
		if step == stepWait && r.inTheDark() {
			return Unfinished, halfDone(r.j, "AWS cannot be reached", r.why)
		}
		r.showStep(step)
		err := r.do(work, step)
		var abort errAbort
		switch {
		case err == nil:
		case errors.As(err, &abort):
			return Failed, errors.Join(r.withFreed(abort.error), r.close(Failed))
		case work.Err() != nil:
			return r.interrupted(ctx)
		case r.mayNeedOld() && !r.seen.Broken: // the old key may have to be switched on first
			broken, r.why, r.seen.Broken = "could not "+string(step), err, true
		default:
			why := "could not " + string(step)
			var known *because
			if errors.As(err, &known) {
				why, err = known.why, known.err
			}
			return Unfinished, halfDone(r.j, cmp.Or(broken, why), errors.Join(r.whyBroken(), err))
		}
	}
}

// mayNeedOld reports whether this run has made the old key Inactive and may have to
// make it Active again. It never does so with one that leaked.
func (r *cycle) mayNeedOld() bool { return r.seen.OffHere && !r.j.Compromised }

// inTheDark reports whether a later run has no way to AWS from its beginning: to
// wait for one would help nobody, who may as well run it again.
func (r *cycle) inTheDark() bool {
	return r.seen.Resumed && len(r.proofs) == 0 && !r.seen.OffHere && client.Unreachable(r.why)
}

// whyBroken is what went wrong before the step that went wrong last.
func (r *cycle) whyBroken() error {
	if r.seen.Broken {
		return r.why
	}
	return nil
}

// interrupted ends a run that a person stopped. Before a key was made nothing
// is left half done.
func (r *cycle) interrupted(ctx context.Context) (Outcome, error) {
	if !r.seen.HaveNew && !r.seen.Resumed && len(r.j.Sends) == 0 {
		return Failed, errors.Join(r.withFreed(errInterrupted), r.close(Failed))
	}
	return Unfinished, halfDone(r.j, interruptedWhy, context.Cause(ctx))
}

// withFreed adds what an error would hide: that a key was deleted to make room.
func (r *cycle) withFreed(err error) error {
	if r.seen.Slot != yes {
		return err
	}
	return behind(err, fmt.Sprintf(" (key %s was deleted to make room; nothing else was changed)", r.j.FreeSlot))
}

func (r *cycle) do(ctx context.Context, step step) error {
	switch step {
	case stepWait:
		return r.pause(ctx)
	case stepLookFiles:
		return r.lookFiles(ctx)
	case stepLookList:
		return r.lookList(ctx)
	case stepFreeSlot:
		return r.freeSlot(ctx)
	case stepCreate:
		return r.create(ctx)
	case stepProveOrphan:
		return r.proveOrphan(ctx)
	case stepDeleteOrphan:
		return r.deleteOrphan(ctx)
	case stepProveNew:
		r.seen.NewSTS, r.seen.NewIAM = r.prove(ctx, r.fresh)
	case stepProveOld:
		r.seen.OldSTS, r.seen.OldIAM = r.prove(ctx, r.old)
	case stepSwitch, stepPutBack:
		return r.putNew(ctx, step)
	case stepReadBack:
		r.readBack(ctx)
	case stepEnterGrace:
		return r.enterGrace()
	case stepForget:
		r.seen.HaveOld, r.seen.HaveNew = false, false
		return r.State.DropRecovery(r.j.ID)
	case stepAskUse:
		r.askUse(ctx)
	case stepDecideRetire:
		return r.decideRetire(ctx)
	case stepListNew:
		r.listNew(ctx)
	case stepAfter:
		return r.after(ctx, r.back, state.AfterDone)
	case stepAfterBack:
		return r.after(ctx, r.old, state.AfterBack)
	case stepTurnNewOff:
		return r.turnNewOff(ctx)
	case stepTurnOff:
		return r.turnOff(ctx)
	case stepListOld:
		return r.listOld(ctx)
	case stepRetire:
		r.retire(ctx)
	case stepTurnOn:
		return r.turnOn(ctx)
	case stepDecideUndo:
		return r.decide(state.Undo)
	case stepRestore:
		return r.restore(ctx)
	case stepDeleteNew:
		r.deleteNew(ctx)
	default:
		return fmt.Errorf("no such step %q", step)
	}
	return nil
}

// undoneBecause says that a rotation was rolled back, and why.
func (r *cycle) undoneBecause() error {
	if r.j.New == "" && mayStillLand(r.j) {
		return r.replyLost()
	}
	why := fmt.Sprintf("AWS did not accept the new key %s within %s", r.j.New, show.Duration(r.Timeout))
	cause := r.why
	switch {
	case r.j.UndoAsked:
		why, cause = "", nil
	case r.j.New == "":
		why = "no new key could be created"
	case !r.decided:
		why, cause = "an earlier run had decided that", nil
	case r.seen.Switches > maxPutBacks:
		why = "another program keeps putting the old key back into the files"
	}
	return r.rolledBack(why, cause)
}

// rolledBack says that the old key stays, and why, with the command that comes next.
func (r *cycle) rolledBack(why string, cause error) error {
	text := r.holds(r.j, r.proofs) + ": the rotation was rolled back"
	if r.j.UndoAsked {
		text += ", as you asked"
	}
	said := wordsOf(cause)
	switch {
	case client.Unreachable(cause):
		why, said = offline, words{}
	case said.clause != "" && client.ReplyOf(cause) != client.ReplyUnknownKey:
		why += ": " + said.clause
	}
	if why != "" {
		text += ". " + show.Sentence(why)
	}
	if said.more != "" {
		text += "\n" + said.more
	}
	switch {
	case mayStillLand(r.j):
		text += fmt.Sprintf("\nA request for a new key may still create one; keycare watches for it until %s\nto look again: keycare resume %s", show.Time(r.watchEnds()), arg(r.j.Profile))
	case !r.j.UndoAsked && r.j.Root == nil:
		text += "\nto try again: " + again(r.j.Profile, r.j.Compromised)
	}
	return &worded{text + said.raw, cause}
}

// worded is an error in keycare's words, whole.
type worded struct {
	text string
	err  error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.err }

// begin writes the intent down: from here on a crash is resumed.
func (rot *Rotator) begin(a *client.AWS, j *state.Journal, t *keyTarget, help client.Signer) (*cycle, error) {
	j.Started = j.Started.Add(rot.Now().Sub(t.asked)) // a person may have thought about it for long
	if err := rot.State.Begin(j); err != nil {
		return nil, errors.Join(err, rot.State.Remove(j.ID)) // it may be there, though not durably
	}
	if err := rot.State.OpenRecovery(j.ID, t.pair); err != nil {
		return nil, errors.Join(err, rot.State.DropRecovery(j.ID), rot.State.Remove(j.ID))
	}
	r := newCycle(rot, a, j)
	r.old, r.seen.HaveOld, r.help, r.helpBy = t.pair, true, help, t.pair.ID
	return r, nil
}
