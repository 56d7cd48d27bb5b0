package rotate

import (
	"context"
	"time"

	"keycare/rotate/client"
	"keycare/rotate/state"
)

// enterGrace notes when the switch was proved, and until when the old key stays.
// A retirement that another program came between begins a short grace.
func (r *cycle) enterGrace() error {
	if r.j.Direction == state.Retire {
		r.j.Grace, r.j.PutBack = MinGrace, true
		r.say("another program had put the old key %s back into the files; the new key %s is in place again, and the old one is retired later", r.j.Old, r.newID())
	}
	r.j.Switched, r.j.GraceEnds = r.backAt, r.Now().Add(r.j.Grace+state.UseLate)
	if err := r.decide(state.Grace); err != nil {
		return err
	}
	r.seen.Unused, r.seen.Gone, r.seen.retiring = unasked, unasked, retiring{}
	return nil
}

// askUse asks whether anybody used the old key after the switch. IAM denies that
// question, to everyone, for a key that it does not have: where someone has deleted
// the old key, nobody uses it.
func (r *cycle) askUse(whole context.Context) {
	ctx, cancel := context.WithTimeout(whole, callTimeout)
	defer cancel()
	if r.j.Direction == state.Grace && r.backAt.Before(r.j.Switched.Add(r.j.Grace+state.UseLate)) {
		r.seen.Unused = notYet // this machine's clock is ahead
		return
	}
	use, err := r.aws.LastUsed(ctx, r.by(r.back), r.j.Old)
	r.seen.Files = filesUnread // the question took its time
	switch {
	case err != nil && client.ReplyOf(err) != client.ReplySilent && r.isGone(whole, r.back, r.j.Old):
		r.seen.Unused = yes
	case err != nil:
		r.seen.Unused, r.why = silent, client.Explain(err)
	case use.At.After(r.j.Switched.Add(state.UseSlack)) &&
		(r.j.Direction == state.Retire || use.At.After(r.backAt.Add(-r.j.Grace-state.UseLate))):
		used := &OldKeyUsed{Use: use, Grace: r.j.Grace}
		if c, _, _ := r.callsOf(ctx, r.aws, r.by(r.back), r.j.User, r.j.Old, r.j.Switched.Add(time.Minute)); c != nil && c.Events > 0 {
			used.By = c.usedBy(r.Now())
		}
		r.seen.Unused, r.why = no, used
	default:
		r.seen.Unused = yes
	}
}
