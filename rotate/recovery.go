package rotate

import (
	"context"
	"fmt"

	"keycare/credfile"
	"keycare/rotate/client"
)

// resumeRecovery looks after a recovery file without a journal. It deletes no key,
// for nobody knows what was decided: where the files hold one of its pairs and
// that answers, the file is no longer needed and goes; otherwise it stays, for
// it may be all that has a working secret.
func (rot *Rotator) resumeRecovery(ctx context.Context, id string) error {
	unlock, err := rot.lock(ctx, rot.sharedLocks(rot.Paths))
	if err != nil {
		return err
	}
	defer unlock()
	old, fresh, ok, err := rot.State.Recovery(id)
	if err != nil || !ok {
		return err
	}
	if j, err := rot.State.Journal(id); err != nil || j != nil {
		return rot.damaged(ctx, err, true) // it has one now: a rotation has just begun
	}
	set, err := credfile.Load(rot.Disk, rot.Paths)
	if err != nil {
		return err
	}
	half := rot.half(rot.lost(id), "", nil)
	var unknown []credfile.Pair // that do not answer
	var signs credfile.Pair     // that answers
	var way *client.AWS
	held, live := 0, 0
	for _, p := range []credfile.Pair{fresh, old} {
		if p.ID == "" {
			continue
		}
		profile := ""
		if m := set.Mentions(p.ID); len(m) > 0 {
			profile = m[0].Profile
		}
		a, err := rot.Connect(ctx, rot.Paths, profile)
		if err == nil {
			_, _, err = a.Identity(ctx, p)
		}
		switch k := client.ReplyOf(err); {
		case k == client.ReplyBadSignature: // no secret of that key
		case k == client.ReplyUnknownKey:
			unknown = append(unknown, p)
		case err != nil:
			half.Why, half.Err = "its journal is gone, and AWS does not say whether key "+p.ID+" works", client.Explain(err)
			return half
		default:
			signs, way = p, a
			if profile == "" {
				live++
			} else {
				held++
			}
		}
	}
	// That a key does not answer is no proof that it is gone: it may be Inactive.
	for _, p := range unknown {
		gone := false
		if way != nil {
			if gone, err = rot.unlisted(ctx, way, client.SignerOf(signs), "", p.ID); err != nil {
				half.Why, half.Err = "its journal is gone, and IAM does not say whether key "+p.ID+" exists", client.Explain(err)
				return half
			}
		}
		if !gone && len(set.Mentions(p.ID)) == 0 {
			live++
		}
	}
	path := rot.State.RecoveryPath(id)
	switch {
	case live == 0:
		rot.say("removed the recovery file %s: it had no journal and nothing that is still needed", path)
		return rot.State.DropRecovery(id)
	case held > 0:
		half.Why = fmt.Sprintf("its journal is gone. Both keys, %s and %s, exist, and the files hold one: delete the other in IAM first (%s has its secret)", old.ID, fresh.ID, path)
	default:
		half.Why = fmt.Sprintf("its journal is gone, and no AWS file has a working key of it: %s has the secrets", path)
	}
	return half
}
