package rotate

import (
	"context"
	"errors"
	"time"

	"keycare/credfile"
	"keycare/rotate/state"
)

// watchFor is how long a create whose reply was lost is watched: AWS accepts a
// signed request for 15 minutes, and a list may be some minutes behind.
const watchFor = 20 * time.Minute

// watch looks whether a create whose reply was lost has landed after all.
func (r *cycle) watch(ctx context.Context) (Result, error) {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return Result{}, err
	}
	if r.old = r.anyOf(ctx, set); r.old.ID == "" {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "no profile holds a working key of the user any more, so nobody can look whether a lost request made one", nil}
	}
	if r.j.Auth != (state.Auth{}) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(r.j, Unfinished), &HalfDone{r.j, "nobody may sign for it", err}
		}
	}
	if err := r.lookList(ctx); err != nil || r.seen.Listed != yes {
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "IAM does not tell whether a lost request made a key", errors.Join(err, r.why)}
	}
	switch {
	case len(r.seen.Unknown) > 0 && r.seen.Orphan == yes:
		if err := r.deleteOrphan(ctx); err != nil {
			return Result{}, err
		}
	case len(r.seen.Unknown) > 0:
		return resultOf(r.j, Unfinished), &HalfDone{r.j, "the user has a key that keycare did not make for sure: " + r.seen.Unknown[0], nil}
	}
	last := r.j.Sends[len(r.j.Sends)-1].To
	if !r.mayStillLand() || r.listedAt.Sub(last) > watchFor {
		return Result{}, r.State.Remove(r.j.ID)
	}
	return Result{}, nil
}

// anyOf returns a pair of the files that belongs to the user: of the places of
// the rotation, else of any other profile.
func (r *cycle) anyOf(ctx context.Context, set *credfile.Set) credfile.Pair {
	asked := map[string]bool{}
	try := func(p credfile.Pair) bool {
		if p.ID == "" || asked[p.ID] || !credfile.FactsOf(p.ID).MayAsk() {
			return false
		}
		asked[p.ID] = true
		id, _, err := r.aws.Identity(ctx, p)
		return err == nil && sameUser(id, r.j.User) == yes
	}
	for _, pl := range r.j.Places {
		if p, err := set.PairAt(pl.Kind, pl.Profile); err == nil && try(p) {
			return p
		}
	}
	for _, profile := range set.Profiles() {
		got, err := set.Agreed(profile)
		account, _ := credfile.AccountOf(got.Pair.ID)
		if err == nil && account == r.j.User.Account && try(got.Pair) {
			return got.Pair
		}
	}
	return credfile.Pair{}
}
