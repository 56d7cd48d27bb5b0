package rotate

import (
	"errors"
	"fmt"

	"keycare/rotate/client"
	"keycare/rotate/state"
)

// begin writes the intent down: from here on a crash is resumed.
func (rot *Rotator) begin(a *client.AWS, j *state.Journal, t *keyTarget, help client.Signer) (*rotation, error) {
	j.Started = j.Started.Add(rot.Now().Sub(t.asked)) // a person may have thought about it for long
	if err := rot.State.Begin(j); err != nil {
		return nil, errors.Join(err, rot.State.Remove(j.ID)) // it may be there, though not durably
	}
	if err := rot.State.OpenRecovery(j.ID, t.pair); err != nil {
		return nil, errors.Join(err, rot.State.DropRecovery(j.ID), rot.State.Remove(j.ID))
	}
	r := newRotation(rot, a, j)
	r.old, r.seen.HaveOld, r.help = t.pair, true, help
	return r, nil
}

// undoneBecause says why a rotation that was undone was.
func (r *rotation) undoneBecause() error {
	why := fmt.Sprintf("the new key %s did not answer within %s", r.j.New, r.Timeout)
	switch {
	case r.j.New == "":
		why = "no new key could be made"
	case r.seen.Switches > maxPutBacks:
		why = "another program keeps putting the old key back into the files"
	}
	err := fmt.Errorf("%s, so the rotation was undone; profile %q keeps key %s", why, r.j.Profile, r.j.Old)
	if r.why != nil {
		err = fmt.Errorf("%w: %w", err, r.why)
	}
	return err
}
