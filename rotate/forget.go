package rotate

import (
	"context"
	"errors"

	"keycare/credfile"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Forget sets the notes of a rotation aside that cannot be understood, at a
// person's word, and returns where they are now. It deletes neither a key nor a
// file, and refuses where the recovery file has the only copy of the secret of a
// key that works, or where AWS does not say whether it works.
func (rot *Rotator) Forget(ctx context.Context, id string) (moved []string, err error) {
	unlock, err := rot.lock(ctx, rot.lockNames(rot.Paths))
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
		return nil, refuse("the journal of rotation %s can be read: finish it with \"keycare resume\"; \"keycare status\" says what it waits for", id)
	}
	old, fresh, kept, err := rot.State.Recovery(id)
	if err != nil {
		rot.say("the recovery file is not used: %v", err) // a link, or another user's: no secret of ours
	}
	if !kept && err == nil && damaged == nil {
		return nil, refuse("there is no rotation %q: \"keycare status\" names those that are not finished", id)
	}
	for _, p := range []credfile.Pair{fresh, old} {
		if err := rot.spare(ctx, p); err != nil {
			return nil, halfDone(&state.Journal{ID: id, Old: old.ID, New: fresh.ID, UserName: "(unknown)"}, err.Error()+" ("+rot.State.RecoveryPath(id)+" has its secret)", nil)
		}
	}
	return rot.State.SetAside(id)
}

// spare returns an error unless a pair can be done without: a file holds it, or
// AWS does not know it.
func (rot *Rotator) spare(ctx context.Context, p credfile.Pair) error {
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
	return errors.New("key " + p.ID + " works, and no file holds it: put it into a profile, or delete it at IAM, first")
}
