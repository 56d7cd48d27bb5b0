package rotate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// This file is about keys that a request whose reply was lost may have made. A
// second machine or a person may make a key in the same minute, so such a key is
// touched only within the bounds of mayHaveMade, and deleted only on proof.

const (
	// signedFor is how long AWS carries out a signed request.
	signedFor = 15 * time.Minute
	// clockSlack is how far apart the clocks of two of AWS's machines may be.
	clockSlack = 2 * time.Second
)

// mayStillLand reports whether a request of the rotation may have made, or may yet
// make, a key that is not accounted for.
func mayStillLand(j *state.Journal) bool { return len(j.Sends) > len(j.Orphans) }

// mayHaveMade reports whether an unanswered request of the rotation may have made
// key k: it is none of the keys that were there before, and the old or new one in
// no case, and made while a request was under way.
func mayHaveMade(j *state.Journal, k client.Key) bool {
	if !mayStillLand(j) || k.ID == j.Old || k.ID == j.New || slices.Contains(j.Before, k.ID) || slices.Contains(j.Others, k.ID) {
		return false
	}
	return slices.ContainsFunc(j.Sends, func(s state.Send) bool {
		return !k.Created.Before(s.From.Add(-clockSlack)) && !k.Created.After(s.To.Add(signedFor+clockSlack))
	})
}

// lookList asks which keys the user has, to find the key of a lost reply.
func (r *cycle) lookList(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	aws := r.aws.Asking()
	keys, at, err := aws.List(ctx, r.by(r.old), r.j.UserName)
	if client.ReplyOf(err) == client.ReplyNoSuch && r.sameName(ctx, r.old) == notYet {
		keys, at, err = aws.List(ctx, r.by(r.old), r.j.UserName)
	}
	if err != nil {
		r.seen.Listed, r.why = silent, err
		return nil
	}
	named, err := r.namedElsewhere()
	if err != nil {
		return err
	}
	r.listedAt = at
	r.seen.Listed, r.seen.Full, r.seen.Proof, r.seen.Unknown, r.unknown = yes, false, unasked, nil, nil
	for _, k := range keys {
		if mayHaveMade(r.j, k) && k.ID != r.newID() && !named(k.ID) {
			r.unknown = append(r.unknown, k)
			r.seen.Unknown = append(r.seen.Unknown, k.ID)
		}
	}
	if r.j.Lost.IsZero() && !at.IsZero() {
		r.j.Lost = at
		return r.State.Save(r.j)
	}
	return nil
}

// namedElsewhere tells the keys that are accounted for: made by other rotations,
// or held by a local file.
func (r *cycle) namedElsewhere() (func(id string) bool, error) {
	past, err := r.State.History()
	if err != nil {
		return nil, err
	}
	open, err := r.State.Journals()
	if err != nil {
		return nil, err
	}
	held, err := r.heldLocally()
	if err != nil {
		return nil, err
	}
	return func(id string) bool {
		return slices.ContainsFunc(past, func(h state.History) bool { return h.New == id && h.ID != r.j.ID }) ||
			slices.ContainsFunc(open, func(j *state.Journal) bool { return (j.New == id || j.Old == id) && j.ID != r.j.ID }) || held(id)
	}, nil
}

// heldLocally tells the keys that stand in a file of the rotation or in one that
// the environment names now.
func (r *cycle) heldLocally() (func(id string) bool, error) {
	var sets []*credfile.Set
	for i, paths := range []credfile.Paths{r.j.Paths, r.Paths} {
		if i > 0 && (paths.Credentials == "" || paths.Credentials == r.j.Paths.Credentials && paths.Config == r.j.Paths.Config && slices.Equal(paths.Copies, r.j.Paths.Copies)) {
			continue
		}
		set, err := credfile.Load(r.Disk, paths)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return func(id string) bool {
		return slices.ContainsFunc(sets, func(s *credfile.Set) bool { return len(s.Mentions(id)) > 0 })
	}, nil
}

// proveOrphan asks CloudTrail who made the unknown keys, and then the person who
// may know. Keys that another request made are accounted for. That an event is
// missing proves nothing: it shows up to 15 minutes late.
func (r *cycle) proveOrphan(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r.orphan, r.seen.Proof = "", no
	since := r.j.Sends[0].From.Add(-time.Minute)
	made, err := r.aws.Creations(ctx, r.by(r.old), r.j.User, since)
	if r.noProof = err; err != nil {
		made = nil
	}
	others := r.unknown[:0:0]
	for _, k := range r.unknown {
		i := slices.IndexFunc(made, func(c client.Creation) bool { return c.KeyID == k.ID })
		switch {
		case i < 0:
			others = append(others, k)
		case slices.ContainsFunc(r.j.Sends, func(s state.Send) bool { return made[i].By(s.Token) }):
			others = append(others, k)
			r.orphan = k.ID
		default:
			r.say("key %s of user %s was not created by keycare; it is left alone", k.ID, r.j.UserName)
			r.j.Others = append(r.j.Others, k.ID)
		}
	}
	if len(others) < len(r.unknown) {
		if err := r.State.Save(r.j); err != nil {
			return err
		}
	}
	r.unknown, r.seen.Unknown = others, nil
	for _, k := range others {
		r.seen.Unknown = append(r.seen.Unknown, k.ID)
	}
	if r.orphan == "" {
		r.orphan, err = r.typedOrphan()
	}
	if r.orphan != "" {
		r.seen.Proof = yes
	}
	return err
}

// typedOrphan returns the unknown key whose ID a person typed, on the command line
// or now.
func (r *cycle) typedOrphan() (string, error) {
	for _, k := range r.unknown {
		if k.ID == r.DeleteKey {
			return k.ID, nil
		}
	}
	if r.AskLine == nil || r.Yes || len(r.unknown) == 0 || r.DeleteKey != "" {
		return "", nil
	}
	k := r.unknown[0]
	return r.typeToDelete(k.ID, fmt.Sprintf("The reply to a request for a new key was lost. Key %s of user %s, created %s, may come from that request; then nobody has its secret. But someone else, or keycare on another machine, may also have created it.",
		k.ID, r.j.UserName, show.Time(k.Created)))
}

// typeToDelete wants the ID of a key typed that is not proved to be keycare's; it
// is empty where nobody did.
func (rot *Rotator) typeToDelete(id, about string) (string, error) {
	rot.asking.Lock()
	defer rot.asking.Unlock()
	typed, err := rot.AskLine(about + " Type its ID to delete it, or press Enter to leave it: ")
	if err != nil || typed != id {
		return "", err
	}
	return id, nil
}

// deleteOrphan deletes the key of a lost reply, which is proved.
func (r *cycle) deleteOrphan(ctx context.Context) error {
	calling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id := r.orphan
	if held, err := r.heldLocally(); err != nil || held(id) {
		r.seen.Listed, r.why = silent, err // somebody put it into a file since the list
		return nil
	}
	err := r.aws.Delete(calling, r.by(r.old), r.j.UserName, id)
	if err != nil && client.ReplyOf(err) != client.ReplyNoSuch {
		r.seen.Listed, r.why = silent, err
		return nil
	}
	r.say("deleted key %s: its secret was lost with AWS's reply", id)
	r.j.Orphans = append(r.j.Orphans, id)
	if err := r.State.Save(r.j); err != nil {
		return err
	}
	r.unknown = slices.DeleteFunc(r.unknown, func(k client.Key) bool { return k.ID == id })
	r.seen.Unknown = slices.DeleteFunc(r.seen.Unknown, func(k string) bool { return k == id })
	r.orphan, r.seen.Proof = "", unasked
	err = r.pause(ctx)
	r.seen.Listed = yes
	return err
}

// replyLost says that a rotation was rolled back because a reply was lost, and
// what is waited for.
func (r *cycle) replyLost() error {
	what := r.holds(r.j, r.proofs) + ". The reply to the request for a new key was lost, so the rotation was rolled back"
	if len(r.unknown) > 0 {
		what += "\n" + r.watched(r.unknown[0])
	} else {
		what += fmt.Sprintf("\nThe request may still create a key; keycare watches for it until %s\nto look again: keycare resume %s", show.Time(r.watchEnds()), arg(r.j.Profile))
	}
	return &worded{what + wordsOf(r.why).raw, r.why}
}

func (r *cycle) watchEnds() time.Time {
	if r.j.Lost.IsZero() {
		return r.Now().Add(watchFor)
	}
	return r.j.Lost.Add(watchFor)
}
