package rotate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// keepBoth closes a rotation where it stands, at a person's word, and deletes no
// key. What it says comes from the files and from IAM as they are now. Before the
// switch it refuses: the new key's only secret is in the recovery file, and to
// go on, or back, is what helps; so it does where the old key alone works. A secret
// that no file holds, and whose key IAM may still have, is set aside and never dropped.
func (r *cycle) keepBoth(ctx context.Context) (Result, error) {
	half := func(why string, err error) (Result, error) {
		return resultOf(r.j, Unfinished), halfDone(r.j, why, err)
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err == nil {
		if err = r.Wait(ctx, settleRename); err == nil { // a program may be about to write what it read
			var again *credfile.Set
			if again, err = credfile.Load(r.Disk, r.j.Paths); err == nil && (!again.SameTexts(set)) {
				err = credfile.ErrBusy
			}
		}
	}
	if err != nil {
		return half("the files cannot be read", err)
	}
	r.takePairs(set)
	signs := r.whoAnswers(ctx)
	if why := r.keepBarred(set); why != "" && signs.ID != "" {
		return resultOf(r.j, Unfinished), refusedHalf(r.j, flagKeepBoth, why, nil)
	}
	if r.j.Direction != state.Undo && r.onlyOldWorks(ctx) && r.canGoBack(ctx) {
		return resultOf(r.j, Unfinished), refusedHalf(r.j, flagKeepBoth, "AWS does not accept the new key, which the profiles hold, and the old one works", nil)
	}
	res := resultOf(r.j, KeptBoth)
	status := r.statusOf(ctx, signs, r.j.Old)
	if status == "inactive" && r.Confirm != nil && !r.Yes && !r.j.Compromised {
		if ok, _ := r.confirm(fmt.Sprintf("The old key %s is inactive. Make it active again?", r.j.Old)); ok {
			if _, err := r.aws.SetActive(ctx, r.by(signs), r.j.UserName, r.j.Old, true); err != nil {
				r.say("key %s could not be made active again\n  %v", r.j.Old, client.Short(err))
			} else {
				status = "active"
			}
		}
	}
	res.Why = fmt.Sprintf("%s; %s", heldWords(set, "the new key", r.newID()), heldWords(set, "the old key", r.j.Old))
	switch status {
	case "":
		res.Why += ", and AWS did not say whether it is active"
	default:
		res.Why += ", and it is " + status
	}
	if status == "inactive" && !r.j.Compromised {
		res.Why += "; to make it active again: " + r.command("update-access-key", r.j.Old, " --status Active")
	}
	if err := r.decide(state.Keep); err != nil {
		return half("keycare cannot write its notes", err)
	}
	return r.closeKept(ctx, res)
}

// closeKept closes a rotation that is decided to be left with its keys, also one
// in which an earlier run stopped right after that. A secret that no file holds,
// and whose key IAM may still have, is set aside.
func (r *cycle) closeKept(ctx context.Context, res Result) (Result, error) {
	half := func(why string, err error) (Result, error) {
		return resultOf(r.j, Unfinished), halfDone(r.j, why, err)
	}
	old, fresh, ok, err := r.State.Recovery(r.j.ID)
	if err != nil {
		return half("the recovery file cannot be read", err)
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return half("the files cannot be read", err)
	}
	if !ok || !r.onlyCopy(ctx, set, old, fresh) {
		return res, r.close(KeptBoth)
	}
	if err := r.addHistory(KeptBoth); err != nil {
		return half("everything is done, but keycare could not close its notes", err)
	}
	moved, err := r.State.SetAside(r.j.ID)
	if err != nil {
		return half("everything is done, but keycare could not close its notes", err)
	}
	res.Notes = append(res.Notes, "the secret of one of its keys is in no AWS file: "+moved[0]+" keeps it; delete that file when you no longer need it")
	return res, nil
}

// onlyCopy reports whether one of these pairs is in no file and of a key that
// IAM may still have.
func (r *cycle) onlyCopy(ctx context.Context, set *credfile.Set, pairs ...credfile.Pair) bool {
	signs := credfile.Pair{}
	for _, p := range pairs {
		if p.ID == "" || p.Secret.Empty() || pairIn(set, p.ID).Equal(p) {
			continue
		}
		if signs.ID == "" {
			signs = r.whoAnswers(ctx)
		}
		if signs.ID == "" || r.j.Root != nil {
			return true
		}
		if gone, err := r.unlisted(ctx, r.aws, r.by(signs), r.j.UserName, p.ID); err != nil || !gone {
			return true
		}
	}
	return false
}

// takePairs takes what is not known of the pairs from any profile: it may have
// another name now.
func (r *cycle) takePairs(set *credfile.Set) {
	for _, pair := range []*credfile.Pair{&r.old, &r.fresh} {
		id := r.j.Old
		if pair == &r.fresh {
			id = r.newID()
		}
		if p := pairIn(set, id); pair.ID == "" && p.ID != "" {
			*pair = p
		}
	}
}

// notAsItShould says what a run could still put right: a profile with the key that
// is not to stay, or with an ID of one key and the secret of another.
func (r *cycle) notAsItShould(set *credfile.Set) string {
	goes, stays := r.old, r.fresh
	if r.j.Direction == state.Undo {
		goes, stays = stays, goes
	}
	for _, read := range set.Reads() {
		switch {
		case stays.Secret.Empty():
		case goes.ID != "" && read.ID == goes.ID:
			return fmt.Sprintf("profile %s still has key %s", word(read.Profile), goes.ID)
		case read.ID == stays.ID && !read.Secret.Empty() && !read.Secret.Equal(stays.Secret):
			return fmt.Sprintf("profile %s has key %s with a secret that is not its own", word(read.Profile), stays.ID)
		}
	}
	if in := copiesWith(set, goes.ID); len(in) > 0 && !stays.Secret.Empty() {
		return fmt.Sprintf("the copy %s still has key %s", in[0], goes.ID)
	}
	return ""
}

// copiesWith are the copies in which key id stands.
func copiesWith(set *credfile.Set, id string) (paths []string) {
	for i := range set.Copies {
		if has, _ := set.Copies[i].Holds(credfile.Pair{ID: id}); has {
			paths = append(paths, set.Copies[i].Path)
		}
	}
	return paths
}

// whoAnswers returns a pair of the rotation that STS accepts as the user's, the
// new one first.
func (r *cycle) whoAnswers(ctx context.Context) credfile.Pair {
	for _, p := range []credfile.Pair{r.fresh, r.old} {
		if p.ID == "" || p.Secret.Empty() {
			continue
		}
		one, cancel := context.WithTimeout(ctx, callTimeout)
		id, _, err := r.aws.Identity(one, p)
		cancel()
		if err != nil {
			r.why = err
			if k := client.ReplyOf(err); k != client.ReplyUnknownKey && k != client.ReplyBadSignature {
				return p // nobody knows: it counts as one that answers
			}
			continue
		}
		if sameUser(id, r.ownerOf(p)) == yes {
			return p
		}
	}
	return credfile.Pair{}
}

// statusOf asks IAM what a key of the user is: active, inactive, gone; empty where
// it does not say.
func (r *cycle) statusOf(ctx context.Context, signs credfile.Pair, id string) string {
	if signs.ID == "" || r.j.Root != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, _, err := r.aws.List(ctx, r.by(signs), r.j.UserName)
	if err != nil {
		return ""
	}
	for _, k := range keys {
		switch {
		case k.ID == id && k.Active:
			return "active"
		case k.ID == id:
			return "inactive"
		}
	}
	return "gone"
}

// holders are the profiles in which a tool reads key id.
func holders(set *credfile.Set, id string) (profiles []string) {
	for _, read := range set.Reads() {
		if id != "" && read.ID == id && !slices.Contains(profiles, read.Profile) {
			profiles = append(profiles, read.Profile)
		}
	}
	return profiles
}

// pairIn is the pair of key id as the files hold it.
func pairIn(set *credfile.Set, id string) credfile.Pair {
	for _, read := range set.Reads() {
		if id != "" && read.ID == id && !read.Secret.Empty() {
			return credfile.Pair{ID: id, Secret: read.Secret}
		}
	}
	return credfile.Pair{}
}

// heldWords says which profiles hold a key.
func heldWords(set *credfile.Set, what, id string) (says string) {
	switch in := holders(set, id); len(in) {
	case 0:
		says = fmt.Sprintf("no profile has %s %s", what, id)
	case 1:
		says = fmt.Sprintf("profile %s has %s %s", in[0], what, id)
	default:
		says = fmt.Sprintf("profiles %s have %s %s", strings.Join(in, ", "), what, id)
	}
	if in := copiesWith(set, id); len(in) > 0 {
		says += ", as has the copy " + strings.Join(in, ", ")
	}
	return says
}

// keepOld closes a rotation whose old key somebody wants, with both keys.
func (r *cycle) keepOld(ctx context.Context) (Outcome, error) {
	if err := r.decide(state.Keep); err != nil {
		return Unfinished, halfDone(r.j, "keycare cannot write its notes", err)
	}
	r.kept = fmt.Sprintf("the files hold the new key %s; the old key %s is kept", r.newID(), r.j.Old)
	r.say("the old key %s is kept: after keycare had made it inactive, someone made it active again or used it", r.j.Old)
	res, err := r.closeKept(ctx, resultOf(r.j, KeptBoth))
	for _, note := range res.Notes {
		r.say("%s", note)
	}
	return res.Outcome, err
}
