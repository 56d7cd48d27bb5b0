package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// freeSlot deletes the second key, if it is still there and as it was. Deleting
// twice does no harm, so a lost reply is tried again.
func (r *run) freeSlot(ctx context.Context) error {
	err := r.deleteSecond(ctx)
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		// The create is sent from now on, not from when the journal was begun.
		r.j.Started, r.began = r.awsTime(r.Now()), r.Now()
		r.w.Slot = Yes
		return r.State.Save(r.j)
	case client.ReplySilent, client.ReplyBusy, client.ReplyUnknownKey:
		var abort errAbort
		if !errors.As(err, &abort) && !r.w.Late {
			return r.pause(ctx)
		}
	}
	return errAbort{fmt.Errorf("%w (key %s may be deleted; nothing else was changed)", client.Explain(err), r.j.FreeSlot)}
}

func (r *run) deleteSecond(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, _, err := r.aws.List(ctx, r.by(r.old), r.j.UserName)
	if err != nil {
		return err
	}
	for _, k := range keys {
		switch {
		case k.ID != r.j.FreeSlot:
		case k.Active && !r.j.FreeActive:
			return errAbort{fmt.Errorf("key %s became active again", k.ID)}
		default:
			if err := r.aws.Delete(ctx, r.by(r.old), r.j.UserName, k.ID); err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
				return err
			}
			r.Say("deleted the second key %s to make room", k.ID)
		}
	}
	return nil
}

// create asks for the new key and keeps it. Ctrl-C does not stop it: a request
// that is under way may already have had its effect.
func (r *run) create(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	send := state.Send{From: r.awsTime(r.Now())}
	if err := r.noteAgain(send); err != nil {
		return errAbort{err}
	}
	pair, err := r.aws.Create(ctx, r.by(r.old), r.j.UserName)
	switch k := client.ReplyOf(err); {
	case err == nil:
	case k == client.ReplyLimit && len(r.j.Sends) > 0:
		r.w.Listed, r.why = NotYet, err // the lost one landed: the list will show it
		return nil
	case k == client.ReplyLimit:
		return errAbort{fmt.Errorf("user %s has two keys already, the most that IAM allows: %w", r.j.UserName, client.Short(err))}
	case k == client.ReplyDenied, k == client.ReplyUnknownKey, k == client.ReplyBadSignature, k == client.ReplyNoSuch, k == client.ReplyOther:
		return errAbort{client.Explain(err)}
	default:
		r.why = err
		r.w.Listed = Unasked
		send.To, send.Answered = r.awsTime(r.Now()), k == client.ReplyBusy
		r.j.Sends = append(r.j.Sends, send)
		if err := r.State.Save(r.j); err != nil {
			return err
		}
		return r.pause(ctx)
	}
	r.fresh, r.w.HaveNew, r.j.New = pair, true, pair.ID
	// With two slots, this key could not be made beside one that an answered
	// call had made.
	r.j.Sends = slices.DeleteFunc(r.j.Sends, func(s state.Send) bool { return s.Answered })
	// The recovery file first: its room is there already, and it alone has the
	// secret.
	if err := r.State.KeepNew(r.j.ID, pair); err != nil {
		return r.dropUnkept(ctx, err)
	}
	r.Say("created key %s", pair.ID)
	return r.State.Save(r.j)
}

// noteAgain writes a further create down before it is sent. The journal as it
// was begun stands for the first one alone: a crash in a second would be taken
// for the first.
func (r *run) noteAgain(send state.Send) error {
	if len(r.j.Sends) == 0 {
		return nil
	}
	noted := *r.j
	send.To = send.From.Add(createTimeout)
	noted.Sends = append(slices.Clone(noted.Sends), send)
	return r.State.Save(&noted)
}

// dropUnkept deletes a new key whose secret could not be written down, while it
// is still in memory and nothing else knows of it.
func (r *run) dropUnkept(ctx context.Context, cause error) error {
	if err := r.aws.Delete(ctx, r.by(r.old), r.j.UserName, r.fresh.ID); err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
		return errors.Join(cause, err, r.State.Save(r.j))
	}
	r.w.HaveNew, r.j.New = false, ""
	return errAbort{cause}
}

// deleteOrphan deletes the key of a lost reply.
func (r *run) deleteOrphan(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id := r.w.Unknown[0]
	err := r.aws.Delete(ctx, r.by(r.old), r.j.UserName, id)
	if err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
		r.w.Listed, r.why = Silent, err
		return nil
	}
	r.Say("deleted key %s, whose secret was lost with the reply", id)
	r.j.Orphans = append(r.j.Orphans, id)
	if err := r.State.Save(r.j); err != nil {
		return err
	}
	err = r.pause(ctx)
	r.w.Listed, r.w.Unknown, r.w.Orphan = Yes, nil, Unasked
	return err
}

// putNew puts the new pair wherever the old one, or a mixture of both, stands.
func (r *run) putNew(ctx context.Context, step Step) error {
	if step == StepPutBack || r.w.Switches > 0 {
		r.Say("another program put the old key back into the files; replacing it again")
	}
	r.w.Switches++
	return r.swap(ctx, r.fresh)
}

// restore puts the old pair wherever the new one stands.
func (r *run) restore(ctx context.Context) error {
	return r.swap(ctx, r.old)
}

// swap puts to wherever the old or the new pair, or a mixture of them, stands.
func (r *run) swap(ctx context.Context, to credfile.Pair) error {
	r.files.Lock()
	defer r.files.Unlock()
	_, err := r.writer.Swap(ctx, r.j.Paths, credfile.Swap{From: []credfile.Pair{r.old, r.fresh}, To: to})
	r.w.Files = HoldUnread
	if errors.Is(err, credfile.ErrNotHeld) || errors.Is(err, credfile.ErrBusy) {
		r.w.Files, r.why = HoldDoubtful, err
		return nil
	}
	return err
}

// enterGrace notes when the switch was proved, and until when the old key stays.
func (r *run) enterGrace() error {
	r.j.Switched, r.j.GraceEnds = r.backAt, r.Now().Add(r.j.Grace+state.UseLate)
	r.Say("key %s stays active until %s", r.j.Old, show.Time(r.j.GraceEnds))
	return r.decide(state.Grace)
}

// askUse asks whether anybody used the old key after the switch.
func (r *run) askUse(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.backAt.Before(r.j.Switched.Add(r.j.Grace + state.UseLate)) {
		r.w.Unused = NotYet // this machine's clock is ahead
		return
	}
	use, err := r.aws.LastUsed(ctx, r.by(r.back), r.j.Old)
	switch {
	case err != nil:
		r.w.Unused, r.why = Silent, client.Explain(err)
	case use.At.After(r.j.Switched.Add(state.UseSlack)) && use.At.After(r.backAt.Add(-r.j.Grace-state.UseLate)):
		r.w.Unused, r.why = No, &OldKeyUsed{use, r.j.Grace}
	default:
		r.w.Unused = Yes
	}
}

// OldKeyUsed says that somebody used the old key after the switch, and not a
// whole grace ago.
type OldKeyUsed struct {
	Use   facts.Use
	Grace time.Duration
}

func (e *OldKeyUsed) Error() string {
	return fmt.Sprintf("used %s for %s in %s; find out who uses it, for it is retired when nobody has used it for %s (or close it now and keep both keys: \"keycare resume --keep-both\")",
		e.Use.At.UTC().Format(show.TimeFormat), e.Use.Service, e.Use.Region, show.Duration(e.Grace))
}

// retire deletes or deactivates the old key, signed by the pair that was just
// re-read from the files and proved.
func (r *run) retire(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.j.Root != nil { // only root can delete its key, and it has no user name
		r.retireRoot(ctx)
		return
	}
	act := r.aws.Delete
	if r.j.Retire == state.Deactivate {
		act = r.aws.Deactivate
	}
	r.done(ctx, r.back, r.old, act(ctx, r.by(r.back), r.j.UserName, r.j.Old))
}

// deleteNew deletes the new key of a rotation that is undone.
func (r *run) deleteNew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r.done(ctx, r.old, r.fresh, r.aws.Delete(ctx, r.by(r.old), r.j.UserName, r.newID()))
}

// done notes the result of a deletion of key gone, asked for by a user whose
// working key is own. Whatever it was, the files are looked at again.
func (r *run) done(ctx context.Context, own, gone credfile.Pair, err error) {
	r.w.Files = HoldUnread
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		r.w.Gone = Yes
	case client.ReplyNoSuch:
		r.w.Gone, r.why = r.sameName(ctx, own), err // no such key, or no such user?
	case client.ReplyUnknownKey:
		r.w.Gone, r.why = NotYet, err
	case client.ReplyDenied, client.ReplyBadSignature, client.ReplyOther:
		if r.w.Gone, r.why = No, client.Explain(err); r.isGone(ctx, own, gone) {
			r.w.Gone = Yes // somebody else deleted it
		}
	default:
		r.w.Gone, r.why = Silent, err
	}
}

// sameName asks for the user's present name: Yes where it is still the one that
// was used. A user may be renamed meanwhile; the name is noted, and the call has
// to be made again.
func (r *run) sameName(ctx context.Context, own credfile.Pair) Seen {
	if r.j.Root != nil {
		return Yes // the signer is root: it does not know the user's name
	}
	id, _, err := r.aws.Identity(ctx, own)
	switch {
	case err != nil:
		return Silent
	case sameUser(id, r.j.User) != Yes:
		return No
	case id.UserName() == r.j.UserName:
		return Yes
	}
	r.j.UserName = id.UserName()
	return NotYet
}

// isGone reports whether a key that may not be deleted by us is gone all the
// same: neither service knows it, and the list does not show it.
func (r *run) isGone(ctx context.Context, own, gone credfile.Pair) bool {
	if gone.Secret.Empty() || r.j.Root != nil {
		return false
	}
	if atSTS, atIAM := r.prove(ctx, gone); atSTS != NotYet || atIAM != NotYet {
		return false
	}
	keys, _, err := r.aws.List(ctx, r.by(own), r.j.UserName)
	return err == nil && !slices.ContainsFunc(keys, func(k client.Key) bool { return k.ID == gone.ID })
}
