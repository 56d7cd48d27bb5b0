package rotate

import (
	"context"
	"fmt"

	"keycare/credfile"
	"keycare/rotate/state"
)

// keepBoth closes a rotation where it stands, at a person's word, and deletes no
// key. It refuses while the recovery file may hold what nobody else has: a pair
// that works and that no place holds.
func (r *cycle) keepBoth(ctx context.Context) (Result, error) {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the files cannot be read", err}
	}
	for _, p := range []credfile.Pair{r.fresh, r.old} {
		if p.ID == "" || len(set.Mentions(p.ID)) > 0 {
			continue
		}
		if atSTS, _ := r.prove(ctx, p); atSTS != notYet && atSTS != no && !r.otherWorks(ctx, set) {
			return resultOf(r.j, Unfinished), &HalfDone{r.j, fmt.Sprintf("no file holds key %s, which works, nor another key that does: put it into a profile first (%s has its secret)", p.ID, r.State.RecoveryPath(r.j.ID)), r.why}
		}
	}
	if err := r.decide(state.Keep); err != nil {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the decision cannot be noted", err}
	}
	return resultOf(r.j, KeptBoth), r.close(KeptBoth)
}

// otherWorks reports whether every place that is still there holds a key that
// works, whosever it is.
func (r *cycle) otherWorks(ctx context.Context, set *credfile.Set) bool {
	works := false
	for _, pl := range r.j.Places {
		p, err := set.PairAt(pl.Kind, pl.Profile)
		if err != nil {
			continue
		}
		if _, _, err := r.aws.Identity(ctx, p); err != nil {
			return false
		}
		works = true
	}
	return works
}

// keepOld closes a rotation whose old key somebody wants, with both keys.
func (r *cycle) keepOld() (Outcome, error) {
	if err := r.decide(state.Keep); err != nil {
		return Unfinished, &HalfDone{r.j, "the decision cannot be noted", err}
	}
	r.say("the old key %s is kept: it was made active again, or used, after keycare had switched it off, so somebody wants it", r.j.Old)
	return KeptBoth, r.close(KeptBoth)
}
