package ask

import (
	"context"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/group"
)

// essentials asks whose each key is, how old it is and whether it is active.
// The first key of an account begins with the questions about the account: a
// credential report takes its time. So that these do not wait behind all keys,
// only so many keys are under way.
func (r *round) essentials() {
	var wg group.Group
	underWay := make(chan struct{}, atOnce)
	for _, k := range r.keys {
		var err error
		if k.aws, err = r.reach(k.Profile); err != nil {
			r.watch.Add(1)
			why, _, _ := strings.Cut(err.Error(), "\n")
			k.facts = k.facts.AllLost(strings.TrimPrefix(why, "profile "+show.Name(k.Profile)+": "))
			continue
		}
		underWay <- struct{}{}
		wg.Go(func() {
			for k.essentials(r) && k.next(r) {
			}
			r.watch.Add(1)
			<-underWay
			if k.facts.Rejected || !k.facts.Identity.Known() {
				return
			}
			if a, isNew := r.accountOf(k.facts.Identity.Value); isNew {
				r.account(a, []*askedKey{k})
			}
		})
	}
	wg.Wait()
}

// next goes on to the next secret of the key, if there is one.
func (k *askedKey) next(r *round) bool {
	if len(k.rest) == 0 {
		return false
	}
	way, err := r.reach(k.rest[0].Profile)
	if err != nil {
		return false
	}
	k.Question, k.rest, k.aws, k.listed = k.rest[0], k.rest[1:], way, nil
	k.facts = facts.Online{KeyID: k.KeyID}
	return true
}

// callsPerKey is how many requests the essentials of a key take.
const callsPerKey = 2

// essentials reports whether AWS knows the key and refuses this secret of it. A key
// that AWS does not know has no right secret.
func (k *askedKey) essentials(r *round) (wrongSecret bool) {
	var wg group.Group
	var id facts.Identity
	var errSTS, errIAM error
	wg.Go(func() { r.call(rankOwner, func() { id, _, errSTS = k.aws.Identity(r.ctx, k.pair) }) })
	wg.Go(func() { r.call(rankOwner, func() { k.listed, _, errIAM = k.aws.List(r.ctx, k.by(), "") }) })
	wg.Wait()
	errSTS, errIAM = client.Because(r.ctx, errSTS), client.Because(r.ctx, errIAM)
	f := &k.facts
	if client.ReplyOf(errSTS) == client.ReplyUnknownKey {
		if way, who, asked := k.elsewhere(r); way != nil {
			k.aws, f.Region, id, errSTS = way, way.Region(), who, nil
			r.call(rankOwner, func() { k.listed, _, errIAM = way.List(r.ctx, k.by(), "") })
		} else {
			f.Partitions = asked
		}
	}
	switch reply := client.ReplyOf(errSTS); reply {
	case client.ReplyOK:
		f.Identity = facts.Answered(id)
	case client.ReplyUnknownKey, client.ReplyBadSignature:
		f.Rejected = true
		*f = f.AllUnknown("AWS rejects the key")
		if reply == client.ReplyBadSignature {
			k.wrong = append(k.wrong, k.pair)
		}
		return reply == client.ReplyBadSignature
	default:
		f.Identity = fail(f.Identity, errSTS, "")
	}
	k.list(errIAM)
	return false
}

// list takes what IAM lists of the user's keys, or why it does not.
func (k *askedKey) list(errIAM error) {
	const unlisted, action = "IAM does not list the key", "iam:ListAccessKeys"
	f := &k.facts
	k.denied = errIAM
	f.Created.Fail(unlisted)
	f.Status.Fail(unlisted)
	f.Others.Fail(unlisted)
	f.LastUsed.Fail(notAsked)
	if errIAM != nil {
		f.Created, f.Status, f.Others = fail(f.Created, errIAM, action), fail(f.Status, errIAM, action), fail(f.Others, errIAM, action)
	}
	for _, l := range k.listed {
		if l.ID == k.KeyID {
			f.Created, f.Others = facts.Answered(l.Created), facts.Answered([]facts.OtherKey(nil))
			f.Status = facts.Answered(statusName(l.Active))
		}
	}
	for _, l := range k.listed {
		if l.ID != k.KeyID && f.Others.Known() {
			f.Others.Value = append(f.Others.Value, facts.OtherKey{ID: l.ID, Active: l.Active, Created: l.Created,
				LastUsed: facts.Unanswered[facts.Use](notAsked)})
		}
	}
}

// elsewhere looks for the partition that knows a key which the profile's does not:
// GovCloud's, China's. asked reports whether each has said that it does not.
func (k *askedKey) elsewhere(r *round) (way *client.AWS, who facts.Identity, asked bool) {
	const patience = 5 * time.Second // one of them may not be reachable from here
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	ways := k.aws.Elsewhere()
	ids, errs := make([]facts.Identity, len(ways)), make([]error, len(ways))
	var wg group.Group
	for i, w := range ways {
		wg.Go(func() { r.call(rankOwner, func() { ids[i], _, errs[i] = w.Identity(ctx, k.pair) }) })
	}
	wg.Wait()
	asked = len(ways) > 0
	for i, w := range ways {
		if errs[i] == nil {
			return w, ids[i], true
		}
		asked = asked && client.ReplyOf(errs[i]) == client.ReplyUnknownKey
	}
	return nil, who, asked
}

func statusName(active bool) string {
	if active {
		return "Active"
	}
	return "Inactive"
}
