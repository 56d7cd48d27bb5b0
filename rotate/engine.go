package rotate

import (
	"context"
	"errors"
	"fmt"

	"keycare/rotate/state"
)

// loop takes steps until the rotation is closed or cannot go on.
func (r *rotation) loop(ctx context.Context) (Outcome, error) {
	for {
		r.seen.Late = !r.Now().Before(r.deadline)
		r.seen.Due = !r.j.Resting(r.Now())
		step, why := next(r.j, r.seen)
		if ctx.Err() != nil && step != stepClose && step != stepCloseUndone {
			return r.interrupted(ctx)
		}
		switch step {
		case stepStop:
			return Unfinished, &HalfDone{r.j, why, r.why}
		case stepClose:
			return Rotated, r.close(Rotated)
		case stepCloseUndone:
			return Undone, r.close(Undone)
		case stepRest:
			return InGrace, nil
		}
		err := r.do(ctx, step)
		var abort errAbort
		switch {
		case err == nil:
		case errors.As(err, &abort):
			return Failed, errors.Join(r.withFreed(abort.error), r.close(Failed))
		case ctx.Err() != nil:
			return r.interrupted(ctx)
		default:
			return Unfinished, &HalfDone{r.j, "could not " + string(step), err}
		}
	}
}

// interrupted ends a run that a person stopped. Before a key was made nothing
// is left half done.
func (r *rotation) interrupted(ctx context.Context) (Outcome, error) {
	if !r.seen.HaveNew && !r.seen.Resumed && len(r.j.Sends) == 0 {
		return Failed, errors.Join(r.withFreed(context.Cause(ctx)), r.close(Failed))
	}
	return Unfinished, &HalfDone{r.j, "interrupted", context.Cause(ctx)}
}

// withFreed adds what an error would hide: that a key was deleted to make room.
func (r *rotation) withFreed(err error) error {
	if r.seen.Slot != yes {
		return err
	}
	return fmt.Errorf("%w (key %s was deleted to make room; nothing else was changed)", err, r.j.FreeSlot)
}

func (r *rotation) do(ctx context.Context, step step) error {
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
		if r.j.Root != nil {
			if err := r.confirmRoot(ctx); err != nil {
				return err
			}
		}
		return r.decide(state.Retire)
	case stepRetire:
		r.retire(ctx)
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
