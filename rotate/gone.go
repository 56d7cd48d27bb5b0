package rotate

import (
	"context"
	"fmt"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
)

// retire deletes the old key, signed by the pair that was just re-read from the
// files and proved.
func (r *cycle) retire(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.j.Root != nil { // only root can delete its key, and it has no user name
		r.retireRoot(ctx)
		return
	}
	r.done(ctx, r.back, r.j.Old, r.aws.Delete(ctx, r.by(r.back), r.j.UserName, r.j.Old))
	if r.seen.Gone == yes {
		r.leakedOff(time.Time{})
	}
}

// deleteNew deletes the new key of a rotation that is undone.
func (r *cycle) deleteNew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := r.aws.Delete(ctx, r.by(r.old), r.j.UserName, r.newID())
	r.done(ctx, r.old, r.newID(), err)
	if client.ReplyOf(err) == client.ReplyNoSuch && r.seen.Gone == yes && r.j.Made != nil {
		// Perhaps there never was a key of that ID: the reply may have been
		// tampered with. The watch looks what the request made.
		r.j.Sends, r.j.Made = append(r.j.Sends, *r.j.Made), nil
	}
}

// done notes the result of a deletion of key gone, asked for by a user whose
// working key is own. Whatever it was, the files are looked at again.
func (r *cycle) done(ctx context.Context, own credfile.Pair, gone string, err error) {
	r.seen.Files = filesUnread
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		r.seen.Gone = yes
	case client.ReplyNoSuch:
		r.seen.Gone, r.why = r.sameName(ctx, own), err // no such key, or no such user?
	case client.ReplyUnknownKey:
		r.seen.Gone, r.why = notYet, err
	case client.ReplyDenied, client.ReplyBadSignature, client.ReplyClock, client.ReplyOther:
		if r.seen.Gone, r.why = no, client.Explain(err); r.isGone(ctx, own, gone) {
			r.seen.Gone = yes // somebody else deleted it
		}
	default:
		r.seen.Gone, r.why = silent, err
	}
}

// isGone reports whether a key that may not be deleted by us is gone all the
// same: neither service knows it, and the list does not show it.
func (r *cycle) isGone(ctx context.Context, own credfile.Pair, gone string) bool {
	if gone == "" || r.j.Root != nil {
		return false
	}
	absent, err := r.unlisted(ctx, r.aws, r.by(own), r.j.UserName, gone)
	return err == nil && absent
}

// retireRoot deletes the root key, signed by itself: only root can, and it has no
// user name. After a lost reply the key can no longer sign; an old key that
// neither service knows any more is gone.
func (r *cycle) retireRoot(ctx context.Context) {
	if r.old.Secret.Empty() {
		r.rootKeyGone(ctx)
		return
	}
	err := r.aws.Delete(ctx, client.SignerOf(r.old), "", r.j.Old)
	if client.ReplyOf(err) == client.ReplyUnknownKey {
		if atSTS, atIAM := r.prove(ctx, r.old); atSTS == notYet && atIAM == notYet {
			err = nil
		}
	}
	r.done(ctx, r.back, r.j.Old, err)
}

// rootKeyGone asks whether the account has a root key, where the root key's secret
// is no longer kept: that is so after it was deleted.
func (r *cycle) rootKeyGone(ctx context.Context) {
	present, known, err := r.aws.RootHasKey(ctx, client.SignerOf(r.back))
	switch {
	case known && !present:
		r.seen.Gone = yes
	case known:
		r.seen.Gone = no
		r.why = fmt.Errorf("the account still has a root key, and keycare no longer has the secret of %s. Check in the AWS console whether that key is gone, and delete it there", r.j.Old)
	default:
		r.seen.Gone, r.why = silent, err
	}
	r.seen.Files = filesUnread
}

// confirmRoot shows the root key's last use and wants its ID typed.
func (r *cycle) confirmRoot(ctx context.Context) error {
	if r.typedKey == r.j.Old {
		return nil
	}
	if r.AskLine == nil {
		return errRootNotTyped
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	used := "its last use is unknown"
	if use, err := r.aws.LastUsed(ctx, client.SignerOf(r.old), r.j.Old); err == nil {
		used = "never used before, according to IAM"
		if !use.At.IsZero() {
			used = fmt.Sprintf("last used %s for %s in %s (this run included)", show.Time(use.At), use.Service, use.Region)
		}
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	typed, err := r.AskLine(fmt.Sprintf("Delete the root key %s (%s)? Other machines that use it will stop working. Type its ID to delete it: ", r.j.Old, used))
	if err != nil {
		return err
	}
	if typed != r.j.Old {
		return errRootNotTyped
	}
	return nil
}
