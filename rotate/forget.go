package rotate

import (
	"context"
	"errors"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Forget sets the notes of a rotation aside that cannot be understood, at a
// person's word, and returns where they are now. It deletes neither a key nor a
// file, and refuses where the recovery file has the only copy of the secret of a
// key that works, or where AWS does not say whether it works.
func (rot *Rotator) Forget(ctx context.Context, id string) (moved []string, err error) {
	unlock, err := rot.lock(ctx, rot.sharedLocks(rot.Paths))
	if err != nil {
		return nil, err
	}
	defer unlock()
	j, err := rot.State.Journal(id)
	var damaged *state.Damaged
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	if j != nil {
		return nil, refuse("the journal of rotation %s is not damaged. To finish it: keycare resume %s", id, arg(j.Profile))
	}
	old, fresh, kept, err := rot.State.Recovery(id)
	if err != nil {
		rot.say("the recovery file is not used: %v", err) // a link, or another user's: no secret of ours
	}
	if !kept && err == nil && damaged == nil {
		return nil, refuse("no rotation %q; for the list: keycare status", id)
	}
	if why := rot.forgetBarred(ctx, fresh, old, true); why != nil {
		half := rot.half(rot.lost(id), "--forget "+id+" is refused", behind(why, " ("+rot.State.RecoveryPath(id)+" has its secret)"))
		half.Lost = true
		return nil, half
	}
	return rot.State.SetAside(id)
}

// forgetBarred says why the notes of a rotation with these pairs must not be set
// aside; nil if they may. Where ask is false AWS is not asked.
func (rot *Rotator) forgetBarred(ctx context.Context, fresh, old credfile.Pair, ask bool) error {
	for _, p := range []credfile.Pair{fresh, old} {
		if err := rot.spare(ctx, p, ask); err != nil {
			return err
		}
	}
	return nil
}

// lost is what is known of a rotation without its journal.
func (rot *Rotator) lost(id string) *state.Journal {
	old, fresh, _, _ := rot.State.Recovery(id)
	return &state.Journal{ID: id, Old: old.ID, New: fresh.ID, Paths: rot.Paths}
}

// InFlight returns the rotations that are not closed, oldest first. A journal that
// cannot be understood is a *HalfDone in the error, beside those that can. Where
// ask is false AWS is not asked what can be done about it.
func (rot *Rotator) InFlight(ctx context.Context, ask bool) ([]*state.Journal, error) {
	js, err := rot.State.Journals()
	return js, rot.damaged(ctx, err, ask)
}

// damaged returns err with each journal that cannot be understood told as a
// rotation that stopped half way, for it may be one.
func (rot *Rotator) damaged(ctx context.Context, err error, ask bool) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range several.Unwrap() {
			all = append(all, rot.damaged(ctx, e, ask))
		}
		return errors.Join(all...)
	}
	d, ok := err.(*state.Damaged)
	if !ok {
		return err
	}
	half := rot.half(rot.lost(d.ID), d.Error(), nil)
	half.Lost = true
	old, fresh, _, _ := rot.State.Recovery(d.ID)
	switch why := rot.forgetBarred(ctx, fresh, old, ask); {
	case !state.IsID(d.ID):
		half.Why += ". Look at the user's keys in the AWS console, then move that file away"
	case why != nil && ask:
		half.Why += ". " + show.Sentence(wordsOf(why).clause) + ". Its secret is in " + rot.State.RecoveryPath(d.ID)
	case why == nil:
		half.Why += ". Look at the user's keys in the AWS console"
		half.Ways = []Way{{"keycare resume --forget " + d.ID, "set the notes aside, which deletes nothing"}}
	default:
		half.Why += ". Look at the user's keys in the AWS console"
		half.Ways = []Way{{"keycare resume", "see whether its notes can be set aside"}}
	}
	return half
}

// spare returns an error unless a pair can be done without: a file holds it, or
// AWS does not know it.
func (rot *Rotator) spare(ctx context.Context, p credfile.Pair, ask bool) error {
	if p.ID == "" {
		return nil
	}
	set, err := credfile.Load(rot.Disk, rot.Paths)
	if err != nil {
		return err
	}
	for _, profile := range set.Profiles() {
		if set.CLI(profile).Pair.Equal(p) && set.SDK(profile).Pair.Equal(p) {
			return nil
		}
	}
	if !ask {
		return errors.New("keycare did not ask AWS whether key " + p.ID + " works")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	a, err := rot.Connect(ctx, rot.Paths, "")
	if err == nil {
		_, _, err = a.Identity(ctx, p)
	}
	switch k := client.ReplyOf(err); {
	case k == client.ReplyUnknownKey || k == client.ReplyBadSignature:
		return nil
	case err != nil:
		return errors.Join(errors.New("AWS does not say whether key "+p.ID+" works, and no file holds it"), err)
	}
	return errors.New("key " + p.ID + " works, and no file holds it: put it into a profile, or delete it in IAM, first")
}
