package rotate

import (
	"context"
	"slices"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/client"
	"keycare/rotate/group"
)

// prove asks STS and IAM at once whether they know a pair and whose it is.
func (r *cycle) prove(ctx context.Context, p credfile.Pair) (atSTS, atIAM answer) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	aws := r.aws.Asking()
	var wg group.Group
	var errSTS, errIAM error
	var id facts.Identity
	wg.Go(func() {
		if id, _, errSTS = aws.Identity(ctx, p); errSTS == nil {
			atSTS = sameUser(id, r.ownerOf(p))
		} else {
			atSTS = answered(errSTS)
		}
	})
	wg.Go(func() {
		if r.j.Root != nil && p.ID != r.j.Old {
			errIAM = aws.ProveAdmin(ctx, p)
			atIAM = answered(errIAM)
			return
		}
		var keys []client.Key
		keys, _, errIAM = aws.List(ctx, client.SignerOf(p), r.j.UserName)
		atIAM = answered(errIAM)
		if slices.ContainsFunc(keys, func(k client.Key) bool { return k.User != r.j.UserName }) {
			atIAM = notYet // an answer about somebody else
		}
		if k := client.ReplyOf(errIAM); k == client.ReplyDenied || k == client.ReplyNoSuch { // it knows the key, and says so in its own words
			atIAM = yes
		}
	})
	wg.Wait()
	if p.ID == r.j.Old && atSTS == no && id.ARN == r.ownerOf(p).ARN {
		atSTS = yes // the reply at the start was not right in all its fields: the new key is given up for that
	}
	if r.j.Root == nil && atSTS == yes && id.UserName() != r.j.UserName {
		atSTS = r.sameRename(ctx, p, id)
	}
	for _, err := range []error{errSTS, errIAM} {
		if err != nil && (client.ReplyOf(err) != client.ReplyDenied || r.j.Root != nil) {
			r.why = err
		}
	}
	r.noteProof(p.ID, both(atSTS, atIAM))
	return atSTS, atIAM
}

// ownerOf is who a pair of this rotation belongs to: the same user, but for a
// root key that is replaced by a user's.
func (r *cycle) ownerOf(p credfile.Pair) facts.Identity {
	if r.j.Root != nil && p.ID == r.j.Old {
		return r.j.Root.Root
	}
	return r.j.User
}

// sameUser compares by user ID and account: a user may be renamed.
func sameUser(a, b facts.Identity) answer {
	if a.UserID == b.UserID && a.Account == b.Account {
		return yes
	}
	return no
}

// answered says what an error of a call tells about the key that signed it.
func answered(err error) answer {
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		return yes
	case client.ReplyUnknownKey:
		return notYet
	case client.ReplyBadSignature:
		return no
	}
	return silent
}

// unlisted reports whether two lists of the user's keys, activeTwice apart, lack
// key id: one may be late. An empty user is the signer.
func (rot *Rotator) unlisted(ctx context.Context, a *client.AWS, by client.Signer, user, id string) (bool, error) {
	for n := range 2 {
		if n > 0 {
			if err := rot.Wait(ctx, activeTwice); err != nil {
				return false, err
			}
		}
		one, cancel := context.WithTimeout(ctx, callTimeout)
		keys, _, err := a.List(one, by, user)
		cancel()
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(keys, func(k client.Key) bool { return k.ID == id }) {
			return false, nil
		}
	}
	return true, nil
}

// sameRename reports whether the user has the other name that STS gave for p: both
// keys are the same user's, so both have to be told the same.
func (r *cycle) sameRename(ctx context.Context, p credfile.Pair, got facts.Identity) answer {
	other := r.old
	if p.ID == other.ID || other.ID == "" {
		other = r.fresh
	}
	if other.ID == "" {
		other = p
	}
	id, _, err := r.aws.Identity(ctx, other)
	if err != nil || sameUser(id, r.j.User) != yes || id.UserName() != got.UserName() {
		return notYet
	}
	r.j.UserName = got.UserName()
	return yes
}

// sameName asks for the user's present name: Yes where it is still the one that
// was used. A user may be renamed meanwhile; the name is noted, and the call has
// to be made again.
func (r *cycle) sameName(ctx context.Context, own credfile.Pair) answer {
	if r.j.Root != nil {
		return yes // the signer is root: it does not know the user's name
	}
	id, _, err := r.aws.Identity(ctx, own)
	switch {
	case err != nil:
		return silent
	case sameUser(id, r.j.User) != yes:
		return no
	case id.UserName() == r.j.UserName:
		return yes
	}
	r.j.UserName = id.UserName()
	return notYet
}
