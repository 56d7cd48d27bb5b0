package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keycare/rotate/client"
	"keycare/rotate/state"
)

const (
	// settleRename is how long after this run's last rename a look at the files
	// counts: a program that had read the file before may write its older copy
	// after it.
	settleRename = time.Second
	// activeTwice is the time between two lists that must both show the old key
	// Active before a person is taken to want it: a list may be late.
	activeTwice = 15 * time.Second
)

// decideRetire keeps the new pair, as it was re-read from the files, and decides
// that the old key goes: from then on an older copy of the files that comes back
// can be replaced again.
func (r *cycle) decideRetire(ctx context.Context) error {
	if r.j.Root != nil {
		if err := r.confirmRoot(ctx); err != nil {
			return err
		}
	}
	if err := r.signByNew(ctx); err != nil {
		return &because{fmt.Sprintf("the old key %s is still active, and %s it takes another MFA code", r.j.Old, r.ending()), err}
	}
	r.fresh = r.back
	if err := r.State.KeepPairs(r.j.ID, r.old, r.fresh); err != nil {
		return err
	}
	r.seen.HaveNew = true
	if r.j.Switched.IsZero() {
		r.j.Switched = r.backAt
	}
	return r.decide(state.Retire)
}

// turnOff makes the old key Inactive.
func (r *cycle) turnOff(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	before := r.j.Off
	r.j.Off = state.OffSent
	if err := r.State.Save(r.j); err != nil {
		r.j.Off = before
		return err
	}
	r.seen.OffHere = true
	at, err := r.aws.SetActive(ctx, r.by(r.back), r.j.UserName, r.j.Old, false)
	r.seen.Files = filesUnread
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		r.seen.Off, r.j.Off = yes, state.OffDone
		if r.leakedOff(at); r.j.Compromised {
			r.say("made the leaked key %s inactive", r.j.Old)
		}
		return r.State.Save(r.j)
	case client.ReplyNoSuch:
		if r.seen.Gone, r.why = r.sameName(ctx, r.back), err; r.seen.Gone != yes {
			r.seen.Gone, r.seen.Off = unasked, notYet // renamed: once more with the new name
		} else {
			r.leakedOff(time.Time{})
		}
	case client.ReplyDenied:
		r.seen.Off, r.seen.OffHere, r.why = no, false, client.Explain(err)
		r.j.Off = before
		return r.State.Save(r.j)
	case client.ReplyUnknownKey:
		r.seen.Off, r.why = notYet, err
	default:
		r.seen.Off, r.why = silent, err
	}
	return nil
}

// leakedOff notes when a leaked key was found not to work any more: what it gave out
// before may go on.
func (r *cycle) leakedOff(at time.Time) {
	if !r.j.Compromised || !r.j.OffAt.IsZero() {
		return
	}
	if r.j.OffAt = at; at.IsZero() {
		r.j.OffAt = slices.MaxFunc([]time.Time{r.backAt, r.awsTime(r.Now())}, time.Time.Compare) // awsTime is that of the first run
	}
}

// listOld looks whether the old key is still Inactive: who made it Active again
// wants it. A list may be late, so two must say so.
func (r *cycle) listOld(ctx context.Context) error {
	if r.seen.OldQuiet == notYet {
		if err := r.Wait(ctx, max(r.activeAt.Add(activeTwice).Sub(r.Now()), 0)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, _, err := r.aws.List(ctx, r.by(r.back), r.j.UserName)
	r.seen.Files = filesUnread // the question took its time
	if client.ReplyOf(err) == client.ReplyNoSuch {
		r.sameName(ctx, r.back)
	}
	switch {
	case err != nil:
		r.seen.OldQuiet, r.why = silent, err
	case !slices.ContainsFunc(keys, func(k client.Key) bool { return k.ID == r.j.Old && k.Active }):
		r.seen.OldQuiet, r.quietAt = yes, r.Now()
	case r.seen.OldQuiet == notYet:
		r.seen.OldQuiet = no
	default:
		r.seen.OldQuiet, r.activeAt = notYet, r.Now()
	}
	return nil
}

// turnOn makes the old key Active again. Unasked it does so only where this run
// made it Inactive and had seen it Active right before: whoever else switched it
// off had a reason.
func (r *cycle) turnOn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	r.seen.On = no
	if why := r.mayTurnOn(ctx); why != nil {
		ok := false
		if r.Confirm != nil && !r.Yes {
			ok, _ = r.confirm(fmt.Sprintf("The old key %s is inactive, and another program had put it back into the files. Make it active again?", r.j.Old))
		}
		if !ok {
			r.why = errors.Join(r.why, fmt.Errorf("%w\nto make it active again: %s", why, r.command("update-access-key", r.j.Old, " --status Active")))
			return nil
		}
	}
	before := r.j.Off
	r.j.Off = state.OffSent // or a later run would take it for a person's act
	if err := r.State.Save(r.j); err != nil {
		r.j.Off = before
		return err
	}
	_, err := r.aws.SetActive(ctx, r.by(r.back), r.j.UserName, r.j.Old, true)
	r.seen.Files = filesUnread
	if err != nil {
		r.why = errors.Join(r.why, fmt.Errorf("key %s could not be made active again\nto do that: %s\n  %w", r.j.Old, r.command("update-access-key", r.j.Old, " --status Active"), client.Short(err)))
		return nil
	}
	r.say("made the old key %s active again", r.j.Old)
	r.seen.On, r.seen.Off, r.seen.OffEarlier, r.seen.OffHere, r.seen.OldQuiet = yes, unasked, false, false, unasked
	r.j.Off = ""
	return r.State.Save(r.j)
}

func (r *cycle) mayTurnOn(ctx context.Context) error {
	if r.seen.Off != yes || !r.seen.OffHere || !r.oldActive {
		return fmt.Errorf("someone else may have made key %s inactive", r.j.Old)
	}
	quarantined, err := r.aws.Quarantined(ctx, r.by(r.back), r.j.UserName)
	switch {
	case quarantined:
		return fmt.Errorf("AWS has put user %s in quarantine because one of its keys was exposed", r.j.UserName)
	case err != nil && r.help != nil:
		// The quarantine's policy denies the call to the user itself, not to another
		// that signs for it.
		return fmt.Errorf("AWS does not say whether user %s is in quarantine\n  %w", r.j.UserName, client.Short(err))
	}
	return nil
}

// command is the AWS CLI's for a key of the user, as a person with the rights
// would call it.
func (r *cycle) command(what, id, more string) string {
	return fmt.Sprintf("aws iam %s --user-name %s --access-key-id %s%s", what, word(r.j.UserName), id, more)
}
