package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

const (
	watchFor = state.WatchFor
	// blindFor is how long a watch lasts that cannot ask AWS any more, by this
	// machine's clock.
	blindFor = day
)

// watch looks whether a create whose reply was lost has made a key. It deletes
// that key on proof, makes it Inactive at the end if nothing says that somebody
// uses it, and closes then in every case.
func (r *cycle) watch(ctx context.Context) (Result, error) {
	if err := r.watchList(ctx); err != nil {
		if !r.blind() {
			return resultOf(r.j, Unfinished), err
		}
		return r.endBlind(err)
	}
	for len(r.unknown) > 0 && r.seen.Proof == unasked {
		if err := r.proveOrphan(ctx); err != nil {
			return resultOf(r.j, Unfinished), err
		}
		if r.seen.Proof == yes {
			id := r.orphan
			if err := r.deleteOrphan(ctx); err != nil {
				return resultOf(r.j, Unfinished), err
			}
			if slices.Contains(r.j.Orphans, id) {
				return r.orphanDeleted(id)
			}
			return resultOf(r.j, Unfinished), halfDone(r.j, "key "+id+" could not be deleted", r.why)
		}
	}
	over := r.listedAt.Sub(r.j.Lost) > watchFor
	switch {
	case len(r.unknown) == 0 && (over || !mayStillLand(r.j)):
		return Result{}, r.dropJournal()
	case len(r.unknown) == 0:
		return Result{}, nil
	case !over:
		if id := r.unknown[0].ID; r.j.Watched != id {
			r.j.Watched = id
			if err := r.State.Save(r.j); err != nil {
				return resultOf(r.j, Unfinished), err
			}
		}
		res := resultOf(r.j, Watching)
		res.Orphan, res.Why = r.unknown[0].ID, r.watched(r.unknown[0])
		return res, nil
	}
	return r.endWatch(ctx)
}

// watchList lists the user's keys, signed by whatever key of the user's works.
func (r *cycle) watchList(ctx context.Context) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return halfDone(r.j, "the files cannot be read", err)
	}
	if r.old = r.anyOf(ctx, set); r.old.ID == "" {
		return halfDone(r.j, "no profile has a working key of the user any more, so keycare cannot check whether a lost request created one", nil)
	}
	if r.j.Auth != (state.Auth{}) {
		if err := r.signAgain(ctx); err != nil {
			return halfDone(r.j, cannotSign, err)
		}
	}
	if err := r.lookList(ctx); err != nil || r.seen.Listed != yes {
		return halfDone(r.j, "IAM does not say whether a lost request created a key", errors.Join(err, r.why))
	}
	return nil
}

// watched says whose a key may be and until when keycare waits.
func (r *cycle) watched(k client.Key) string {
	return watchedKey(r.j, k, r.noProof)
}

func watchedKey(j *state.Journal, k client.Key, noProof error) string {
	proof := "CloudTrail will say who created it, up to 15 minutes later"
	if client.ReplyOf(noProof) == client.ReplyDenied {
		proof = "CloudTrail could say who created it, but AWS denies cloudtrail:LookupEvents (\"keycare policy\" prints a policy that allows it)"
	} else if noProof != nil {
		proof = "CloudTrail, which could say who created it, did not answer"
	}
	return fmt.Sprintf("key %s of user %s, created %s, may come from a request of keycare whose reply was lost. Someone else, or keycare on another machine, may also have created it in that minute. %s. keycare watches it until %s\nif you know that nobody uses it: keycare resume --delete-key %s",
		k.ID, j.UserName, show.Time(k.Created), proof, show.Time(j.Lost.Add(watchFor)), k.ID)
}

// endWatch closes a watch with a key that may be keycare's and that nothing
// proves to be. One that was never used, by IAM's record, is made Inactive,
// which can be taken back.
func (r *cycle) endWatch(ctx context.Context) (Result, error) {
	calling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	k := r.unknown[0]
	now := "active"
	use, err := r.aws.LastUsed(calling, r.by(r.old), k.ID)
	if r.askAgain(err) {
		return resultOf(r.j, Unfinished), halfDone(r.j, "IAM does not say whether key "+k.ID+", which a lost request may have created, was used", err)
	}
	switch {
	case !k.Active:
		now = "inactive"
	case len(r.unknown) > 1, err != nil, !use.At.IsZero(), r.j.Quieted != "": // somebody's; or made active again by a person
	default:
		r.j.Quieted = k.ID
		if err := r.State.Save(r.j); err != nil {
			return resultOf(r.j, Unfinished), err
		}
		_, err := r.aws.SetActive(calling, r.by(r.old), r.j.UserName, k.ID, false)
		if r.askAgain(err) { // it may be done: a list will tell
			return resultOf(r.j, Unfinished), halfDone(r.j, "IAM does not say whether key "+k.ID+", which a lost request may have created, is inactive now", err)
		}
		if err == nil {
			now = "inactive"
		}
	}
	if err := r.addOrphan(KeyLeft, k.ID, now); err != nil {
		return resultOf(r.j, Unfinished), err
	}
	if err := r.dropJournal(); err != nil {
		return resultOf(r.j, Unfinished), err
	}
	res := resultOf(r.j, KeyLeft)
	res.Orphan = k.ID
	return res, &keyLeft{user: r.j.UserName, profile: r.j.Profile, key: k.ID, now: now, quieted: r.j.Quieted == k.ID && now == "inactive", more: len(r.unknown) - 1,
		noDelete: r.Paths.Credentials != r.j.Paths.Credentials || r.Paths.Config != r.j.Paths.Config || r.j.Auth != (state.Auth{})}
}

// endBlind closes a watch that cannot ask AWS any more. The key that it saw last,
// if it saw one, is deleted after its ID was typed alone, as any that it leaves.
func (r *cycle) endBlind(why error) (Result, error) {
	id := r.j.Watched
	if r.j.Quieted != "" {
		id = r.j.Quieted
	}
	if err := r.addOrphan(KeyLeft, id, unknownNow); err != nil {
		return resultOf(r.j, Unfinished), err
	}
	if err := r.dropJournal(); err != nil {
		return resultOf(r.j, Unfinished), err
	}
	res := resultOf(r.j, KeyLeft)
	res.Orphan = id
	return res, &keyLeft{user: r.j.UserName, profile: r.j.Profile, key: id, now: unknownNow, since: r.j.Started, err: why}
}

// unknownNow is what a key is that AWS could not be asked about.
const unknownNow = "unknown"

// blind reports whether a watch has lasted so long that it ends without AWS.
func (r *cycle) blind() bool { return r.Now().Sub(r.j.Sends[len(r.j.Sends)-1].To) >= blindFor }

// askAgain reports whether a later run may learn what this one did not: AWS gave
// no answer, or one that is not about the call.
func (r *cycle) askAgain(err error) bool {
	switch client.ReplyOf(err) {
	case client.ReplyOK, client.ReplyDenied:
		return false
	}
	return !r.blind()
}

// orphanDeleted notes that a key of a lost reply is gone, and closes the watch
// where nothing else may have been made.
func (r *cycle) orphanDeleted(id string) (Result, error) {
	if err := r.addOrphan(KeyDeleted, id, "deleted"); err != nil {
		return resultOf(r.j, Unfinished), err
	}
	if !mayStillLand(r.j) {
		if err := r.dropJournal(); err != nil {
			return resultOf(r.j, Unfinished), err
		}
	}
	res := resultOf(r.j, KeyDeleted)
	res.Orphan = id
	return res, nil
}

// addOrphan adds a line to the history, beside that of the rotation itself.
func (r *cycle) addOrphan(out Outcome, id, now string) error {
	h := historyOf(r.j, out)
	h.ID, h.Orphan, h.OrphanNow = r.j.ID+"-"+id, id, now
	r.files.Lock()
	defer r.files.Unlock()
	return r.State.AddHistory(h, r.Now())
}

// keyLeft ends a watch: a key is there that nothing proved to be keycare's.
type keyLeft struct {
	user, profile, key, now string
	quieted                 bool
	more                    int
	noDelete                bool      // --delete-key would be refused: the files of the rotation are not those of this run
	since                   time.Time // of a watch that was blind to its end
	err                     error     // why it was
}

func (e *keyLeft) Error() string {
	if e.now == unknownNow {
		what := "may have created a key"
		if e.key != "" {
			what = "may have created key " + e.key
		}
		said := wordsOf(e.err)
		return fmt.Sprintf("a request for a new key of user %s, sent %s, got no answer and %s. keycare can no longer ask AWS, so it stops looking\n%s\nan administrator can list the user's keys: aws iam list-access-keys --user-name %s%s",
			e.user, show.Time(e.since), what, said.clause, word(e.user), said.raw)
	}
	what := fmt.Sprintf("user %s has key %s, which is %s and may come from a request of keycare whose reply was lost; nothing proves it", e.user, e.key, e.now)
	if e.quieted {
		what = fmt.Sprintf("user %s has key %s, which was never used and may come from a request of keycare whose reply was lost; it is inactive now\nif someone misses it, make it active again: aws iam update-access-key --user-name %s --access-key-id %s --status Active --profile %s",
			e.user, e.key, word(e.user), e.key, word(e.profile))
	}
	if e.more > 0 {
		what += fmt.Sprintf(" (%d more like it)", e.more)
	}
	if e.noDelete {
		return what + fmt.Sprintf("\nif nobody uses it: aws iam delete-access-key --user-name %s --access-key-id %s", word(e.user), e.key)
	}
	return what + "\nif nobody uses it: keycare resume --delete-key " + e.key
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
		return err == nil && (sameUser(id, r.j.User) == yes || r.j.Root != nil && sameUser(id, r.j.Root.Root) == yes)
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

// leftKey returns the line of the history of a key that a watch left, and that is
// deleted only after its ID was typed.
func (rot *Rotator) leftKey(id string) (state.History, bool) {
	past, err := rot.State.History()
	if err != nil {
		return state.History{Orphan: id}, true // nothing may be deleted while it cannot be read
	}
	return lastOf(past, id)
}

// watchOf returns the rotation of a user that may have made key k with a request
// that had no answer.
func (rot *Rotator) watchOf(userID string, k client.Key) *state.Journal {
	js, _ := rot.State.Journals()
	for _, j := range js {
		if j.User.UserID == userID && mayHaveMade(j, k) {
			return j
		}
	}
	return nil
}

// Left returns the line of the history of a key that an earlier watch left and that
// "keycare resume --delete-key" would delete, as far as this machine knows.
func Left(past []state.History, set *credfile.Set, id string) (state.History, error) {
	h, left := lastOf(past, id)
	if !left {
		return h, refuse("nothing was changed: key %s does not come from a lost request of keycare (\"keycare status\" lists those that may)", id)
	}
	if m := set.Mentions(id); len(m) > 0 {
		if m[0].Profile == "" { // a copy
			return h, refuse("nothing was changed: key %s is in %s:%d", id, m[0].Path, m[0].Line)
		}
		return h, refuse("nothing was changed: key %s is in profile %s (%s:%d)", id, show.Name(m[0].Profile), m[0].Path, m[0].Line)
	}
	return h, nil
}

// lastOf returns the last line about a key of a lost reply, and whether the key
// was left then.
func lastOf(past []state.History, id string) (state.History, bool) {
	for _, h := range slices.Backward(past) {
		if id != "" && h.Orphan == id {
			return h, h.OrphanNow != "deleted"
		}
	}
	return state.History{}, false
}

// deleteLeft deletes a key that an earlier watch left, whose ID a person typed.
func (rot *Rotator) deleteLeft(ctx context.Context) (Result, error) {
	id := rot.DeleteKey
	set, err := credfile.Load(rot.Disk, rot.Paths)
	if err != nil {
		return Result{}, err
	}
	past, err := rot.State.History()
	if err != nil {
		return Result{}, err
	}
	h, err := Left(past, set, id)
	if err != nil {
		return Result{}, err
	}
	for _, profile := range slices.Concat([]string{h.Profile}, set.Profiles()) {
		got, err := set.Agreed(profile)
		if err != nil || rot.Barred != nil && rot.Barred(profile, got.Pair.ID) || !credfile.FactsOf(got.Pair.ID).MayAsk() {
			continue
		}
		a, err := rot.Connect(ctx, rot.Paths, profile)
		if err != nil {
			continue
		}
		who, _, err := a.Identity(ctx, got.Pair)
		if err != nil || who.UserID != h.UserID && (h.UserID != "" || who.ARN != h.User) {
			continue
		}
		keys, _, err := a.List(ctx, client.SignerOf(got.Pair), who.UserName())
		if err != nil {
			return Result{}, client.Explain(err)
		}
		if i := slices.IndexFunc(keys, func(k client.Key) bool { return k.ID == id }); i >= 0 {
			if err := a.Delete(ctx, client.SignerOf(got.Pair), who.UserName(), id); err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
				return Result{}, client.Explain(err)
			}
		}
		h.ID, h.Outcome, h.OrphanNow = h.ID+"-deleted", string(KeyDeleted), "deleted"
		rot.say("deleted key %s of user %s", id, who.UserName())
		return Result{Outcome: KeyDeleted, Profile: profile, User: h.User, Orphan: id, Places: []string{}}, rot.State.AddHistory(h, rot.Now())
	}
	return Result{}, refuse("nothing was changed: no profile has a working key of %s, the owner of key %s", h.User, id)
}
