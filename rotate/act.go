package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// freeSlot deletes the second key, if it is still there and as it was. Deleting
// twice does no harm, so a lost reply is tried again.
func (r *cycle) freeSlot(ctx context.Context) error {
	err := r.deleteSecond(ctx)
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		// The create is sent from now on, not from when the journal was begun.
		r.j.Started, r.began = r.awsTime(r.Now()), r.Now()
		r.seen.Slot = yes
		return r.State.Save(r.j)
	case client.ReplySilent, client.ReplyBusy, client.ReplyUnknownKey:
		var abort errAbort
		if !errors.As(err, &abort) && !r.seen.Late {
			return r.pause(ctx)
		}
	}
	return errAbort{behind(client.Explain(err), fmt.Sprintf(" (key %s may be deleted; nothing else was changed)", r.j.FreeSlot))}
}

func (r *cycle) deleteSecond(ctx context.Context) error {
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
			r.say("deleted the second key %s to make room", k.ID)
		}
	}
	return nil
}

// create asks for the new key and keeps it. Ctrl-C does not stop it: a request
// that is under way may already have had its effect. The request is written down
// before it is sent, with the token that tells later which key it made.
func (r *cycle) create(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := r.awsTime(r.Now())
	r.j.Sends = append(r.j.Sends, state.Send{From: now, To: now.Add(createTimeout), Token: client.NewToken()})
	r.j.Lost = time.Time{}
	if err := r.State.Save(r.j); err != nil {
		r.settled()
		return errAbort{err}
	}
	sent := &r.j.Sends[len(r.j.Sends)-1]
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.createWithin)
	defer cancel()
	pair, err := r.aws.Create(calling, r.by(r.old), r.j.UserName, sent.Token)
	if err == nil {
		err = r.plausible(pair)
	}
	switch k := client.ReplyOf(err); {
	case err == nil:
	case k == client.ReplyLimit && len(r.j.Sends) > 1:
		r.settled()
		r.seen.Listed, r.seen.Full, r.why = notYet, true, err // the lost one landed: the list will show it
		return nil
	case k == client.ReplyLimit:
		r.settled()
		return errAbort{&fullSlots{r.j.UserName, r.j.Profile, client.Short(err)}}
	case k == client.ReplyDenied, k == client.ReplyUnknownKey, k == client.ReplyBadSignature, k == client.ReplyClock, k == client.ReplyNoSuch, k == client.ReplyOther:
		r.settled()
		return errAbort{client.Explain(err)}
	default:
		r.why = err
		r.seen.Listed = unasked
		sent.To, sent.Answered = r.awsTime(r.Now()), k == client.ReplyBusy
		if err := r.State.Save(r.j); err != nil {
			return err
		}
		return r.pause(ctx)
	}
	r.fresh, r.seen.HaveNew, r.j.New = pair, true, pair.ID
	made := r.settled()
	r.j.Made = &made
	// With two slots, this key could not be made beside one that an answered
	// call had made.
	r.j.Sends = slices.DeleteFunc(r.j.Sends, func(s state.Send) bool { return s.Answered })
	// The recovery file first: its room is there already, and it alone has the
	// secret.
	if err := r.State.KeepNew(r.j.ID, pair); err != nil {
		return r.dropUnkept(calling, err)
	}
	r.say("created key %s", pair.ID)
	return r.State.Save(r.j)
}

// settled takes the latest request away: its outcome is known.
func (r *cycle) settled() state.Send {
	last := len(r.j.Sends) - 1
	s := r.j.Sends[last]
	r.j.Sends = r.j.Sends[:last]
	return s
}

// plausible refuses a new pair that cannot be one: a reply that was tampered with
// on its way must not make keycare take one of the user's other keys for its own.
func (r *cycle) plausible(p credfile.Pair) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	switch {
	case err != nil: // it will be told by the next step
	case len(set.Mentions(p.ID)) > 0:
		return errOddReply
	}
	secret := p.Secret.Reveal()
	if credfile.FactsOf(p.ID).Kind != credfile.LongTerm || !show.IsKeyID(p.ID) || p.ID == r.j.Old || slices.Contains(r.j.Before, p.ID) ||
		strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errOddReply
	}
	return nil
}

var errOddReply = errors.New("AWS's reply to the request for a new key makes no sense")

// dropUnkept deletes a new key whose secret could not be written down, while it
// is still in memory and nothing else knows of it.
func (r *cycle) dropUnkept(ctx context.Context, cause error) error {
	if err := r.aws.Delete(ctx, r.by(r.old), r.j.UserName, r.fresh.ID); err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
		return errors.Join(cause, err, r.State.Save(r.j))
	}
	r.seen.HaveNew, r.j.New = false, ""
	return errAbort{cause}
}

// putNew puts the new pair wherever the old one, or a mixture of both, stands.
func (r *cycle) putNew(ctx context.Context, step step) error {
	if step == stepPutBack || r.seen.Switches > 0 {
		r.say("another program put the old key back into the files; replacing it again")
	}
	r.seen.Switches++
	if !r.j.SwitchBegun {
		r.j.SwitchBegun = true
		if err := r.State.Save(r.j); err != nil {
			return err
		}
	}
	if err := r.swap(ctx, r.fresh); err != nil {
		return err
	}
	r.seen.PutBack = r.seen.PutBack || step == stepPutBack && r.j.Direction == state.Retire && r.seen.Gone != yes
	return nil
}

// restore puts the old pair wherever the new one stands.
func (r *cycle) restore(ctx context.Context) error {
	return r.swap(ctx, r.old)
}

// swap puts to wherever the old or the new pair, or a mixture of them, stands.
func (r *cycle) swap(ctx context.Context, to credfile.Pair) error {
	r.files.Lock()
	defer r.files.Unlock()
	from := []credfile.Pair{r.old, r.fresh}
	if r.wrong.ID != "" {
		from = append(from, r.wrong)
	}
	if r.locks.lost() {
		return errLocksLost
	}
	_, err := r.writer.Swap(ctx, r.presentPaths(), credfile.Swap{From: from, To: to})
	r.renamed = r.Now()
	r.seen.Files = filesUnread
	if errors.Is(err, credfile.ErrNotHeld) || errors.Is(err, credfile.ErrBusy) {
		r.seen.Files, r.why = filesDoubtful, err
		return nil
	}
	return err
}
