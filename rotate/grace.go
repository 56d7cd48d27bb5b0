package rotate

import (
	"context"

	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// enterGrace notes when the switch was proved, and until when the old key stays.
func (r *cycle) enterGrace() error {
	r.j.Switched, r.j.GraceEnds = r.backAt, r.Now().Add(r.j.Grace+state.UseLate)
	r.say("key %s stays active until %s", r.j.Old, show.Time(r.j.GraceEnds))
	return r.decide(state.Grace)
}

// askUse asks whether anybody used the old key after the switch.
func (r *cycle) askUse(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.backAt.Before(r.j.Switched.Add(r.j.Grace + state.UseLate)) {
		r.seen.Unused = notYet // this machine's clock is ahead
		return
	}
	use, err := r.aws.LastUsed(ctx, r.by(r.back), r.j.Old)
	switch {
	case err != nil:
		r.seen.Unused, r.why = silent, client.Explain(err)
	case use.At.After(r.j.Switched.Add(state.UseSlack)) && use.At.After(r.backAt.Add(-r.j.Grace-state.UseLate)):
		r.seen.Unused, r.why = no, &OldKeyUsed{use, r.j.Grace}
	default:
		r.seen.Unused = yes
	}
}
