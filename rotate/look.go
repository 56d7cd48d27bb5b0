package rotate

import (
	"context"
	"slices"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// lookFiles reads what the journaled places hold. What a resumed rotation
// concludes from it may delete a key, so there two equal reads are needed: the
// AWS CLI truncates the file before it writes it.
func (r *run) lookFiles(ctx context.Context) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		r.w.Files, r.w.Back, r.why = HoldDoubtful, Unasked, err
		return nil
	}
	if r.w.Resumed {
		if err := r.Wait(ctx, settle); err != nil {
			return err
		}
		again, err := credfile.Load(r.Disk, r.j.Paths)
		if err != nil || again.Credentials.Text != set.Credentials.Text || again.Config.Text != set.Config.Text {
			r.w.Files, r.w.Back, r.why = HoldDoubtful, Unasked, err
			return nil
		}
	}
	if r.w.Files = r.holdIn(set); r.w.Files != HoldNew {
		r.w.Back = Unasked // what was proved no longer stands there
	}
	return nil
}

func (r *run) holdIn(set *credfile.Set) Hold {
	total := HoldUnread
	for _, pl := range r.j.Places {
		pair, err := set.PairAt(pl.Kind, pl.Profile)
		if err != nil {
			r.why = err
			return HoldDoubtful
		}
		h := r.holdOf(pair)
		switch {
		case h == HoldForeign:
			return h
		case total == HoldUnread:
			total = h
		case total != h:
			total = HoldPart
		}
	}
	// Another place holds the key that is not to stay.
	if total == HoldNew && len(set.Mentions(r.j.Old)) > 0 || total == HoldOld && len(set.Mentions(r.newID())) > 0 {
		return HoldPart
	}
	return total
}

// holdOf compares a pair with the old and the new one; by ID alone where the
// recovery file, and with it a secret, is gone.
func (r *run) holdOf(p credfile.Pair) Hold {
	is := func(id string, known credfile.Pair) (sameID, sameSecret bool) {
		return p.ID == id, known.Secret.Empty() || p.Secret.Equal(known.Secret)
	}
	oldID, oldSecret := is(r.j.Old, r.old)
	newID, newSecret := is(r.newID(), r.fresh)
	switch {
	case newID && newSecret:
		return HoldNew
	case oldID && oldSecret:
		return HoldOld
	case newID && oldSecret && !r.old.Secret.Empty(), oldID && newSecret && !r.fresh.Secret.Empty():
		return HoldPart
	}
	return HoldForeign
}

// newID is the new key's ID, from the recovery file where a crash kept it out
// of the journal.
func (r *run) newID() string {
	if r.j.New == "" {
		return r.fresh.ID
	}
	return r.j.New
}

// prove asks STS and IAM at once whether they know a pair and whose it is.
func (r *run) prove(ctx context.Context, p credfile.Pair) (atSTS, atIAM Seen) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var wg sync.WaitGroup
	var errSTS, errIAM error
	wg.Go(func() {
		var id facts.Identity
		if id, _, errSTS = r.aws.Identity(ctx, p); errSTS == nil {
			atSTS = sameUser(id, r.ownerOf(p))
		} else {
			atSTS = answered(errSTS)
		}
	})
	wg.Go(func() {
		if r.j.Root != nil && p.ID != r.j.Old {
			errIAM = r.aws.ProveAdmin(ctx, p)
			atIAM = answered(errIAM)
			return
		}
		_, _, errIAM = r.aws.List(ctx, client.SignerOf(p), r.j.UserName)
		atIAM = answered(errIAM)
		if k := client.ReplyOf(errIAM); k == client.ReplyDenied || k == client.ReplyNoSuch { // it knows the key, and says so in its own words
			atIAM = Yes
		}
	})
	wg.Wait()
	for _, err := range []error{errSTS, errIAM} {
		if err != nil && (client.ReplyOf(err) != client.ReplyDenied || r.j.Root != nil) {
			r.why = err
		}
	}
	return atSTS, atIAM
}

// ownerOf is who a pair of this rotation belongs to: the same user, but for a
// root key that is replaced by a user's.
func (r *run) ownerOf(p credfile.Pair) facts.Identity {
	if r.j.Root != nil && p.ID == r.j.Old {
		return r.j.Root.Root
	}
	return r.j.User
}

// sameUser compares by user ID and account: a user may be renamed.
func sameUser(a, b facts.Identity) Seen {
	if a.UserID == b.UserID && a.Account == b.Account {
		return Yes
	}
	return No
}

// answered says what an error of a call tells about the key that signed it.
func answered(err error) Seen {
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		return Yes
	case client.ReplyUnknownKey:
		return NotYet
	case client.ReplyBadSignature:
		return No
	}
	return Silent
}

// readBack reads every place as the SDK reads it from disk and asks STS about
// the pair.
func (r *run) readBack(ctx context.Context) {
	var pair credfile.Pair
	for _, pl := range r.j.Places {
		got := credfile.LoadWithSDK(ctx, r.j.Paths.Alone(pl.Kind), pl.Profile)
		if got.None != "" || r.holdOf(got.Pair) != HoldNew {
			r.w.Files, r.w.Back = HoldUnread, Unasked // changed since the look: look again
			return
		}
		pair = got.Pair
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id, at, err := r.aws.Identity(ctx, pair)
	if err != nil {
		r.w.Back, r.why = answered(err), err
		return
	}
	r.w.Back, r.back, r.backAt = sameUser(id, r.j.User), pair, at
	if (r.help != nil || r.j.Root != nil) && r.w.Back == Yes {
		// Another key signs the retirement, which therefore proves nothing
		// about this one at IAM.
		_, r.w.Back = r.prove(ctx, pair)
	}
	r.w.Files = HoldUnread // the question took its time
}

// lookList asks which keys the user has, to find the key of a lost reply.
func (r *run) lookList(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, at, err := r.aws.List(ctx, r.by(r.old), r.j.UserName)
	if client.ReplyOf(err) == client.ReplyNoSuch && r.sameName(ctx, r.old) == NotYet {
		keys, at, err = r.aws.List(ctx, r.by(r.old), r.j.UserName)
	}
	if err != nil {
		r.w.Listed, r.why = Silent, err
		return nil
	}
	r.listedAt = at
	r.w.Listed, r.w.Orphan, r.w.Unknown = Yes, Unasked, nil
	var unknown []client.Key
	named, err := r.namedElsewhere()
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID != r.j.Old && k.ID != r.newID() && !slices.Contains(r.j.Before, k.ID) && !named(k.ID) {
			unknown = append(unknown, k)
			r.w.Unknown = append(r.w.Unknown, k.ID)
		}
	}
	if len(unknown) == 1 {
		r.w.Orphan = r.isOrphan(ctx, unknown[0])
	}
	return nil
}

// namedElsewhere tells the keys that other rotations made. A watch outlives its
// rotation, so there a key that a local file holds by now is named, too.
func (r *run) namedElsewhere() (func(id string) bool, error) {
	past, err := r.State.History()
	if err != nil {
		return nil, err
	}
	open, err := r.State.Journals()
	if err != nil {
		return nil, err
	}
	var set *credfile.Set
	if r.j.Direction == state.Watch {
		if set, err = credfile.Load(r.Disk, r.j.Paths); err != nil {
			return nil, err
		}
	}
	return func(id string) bool {
		return slices.ContainsFunc(past, func(h state.History) bool { return h.New == id && h.ID != r.j.ID }) ||
			slices.ContainsFunc(open, func(j *state.Journal) bool { return j.New == id && j.ID != r.j.ID }) ||
			set != nil && len(set.Mentions(id)) > 0
	}, nil
}

// isOrphan reports whether a key is, by every sign there is, the one that a
// create of ours made and whose reply was lost. Age alone is no sign.
func (r *run) isOrphan(ctx context.Context, k client.Key) Seen {
	inTime := slices.ContainsFunc(r.j.Sends, func(s state.Send) bool {
		return !k.Created.Before(s.From.Add(-clockSlack)) && !k.Created.After(s.To.Add(clockSlack))
	})
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if !inTime || err != nil || len(set.Mentions(k.ID)) > 0 {
		return No
	}
	use, err := r.aws.LastUsed(ctx, r.by(r.old), k.ID)
	if err != nil || !use.At.IsZero() { // an unknown last use is not "unused"
		return No
	}
	if sts, iam := r.prove(ctx, r.old); sts != Yes || iam != Yes {
		return No
	}
	return Yes
}

// clockSlack is how far apart the clocks of two of AWS's machines may be.
const clockSlack = 2 * time.Second
