package rotate

import (
	"context"
	"fmt"
	"slices"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/group"
	"keycare/rotate/state"
)

// lookFiles reads what the journaled places hold. What a resumed rotation
// concludes from it may delete a key, so there two equal reads are needed: the
// AWS CLI truncates the file before it writes it.
func (r *cycle) lookFiles(ctx context.Context) error {
	if r.renamed.IsZero() {
		r.renamed = r.Now()
	}
	if r.j.Direction == state.Retire && (r.seen.Off != unasked || r.j.Off != "") {
		if left := r.renamed.Add(settleRename).Sub(r.Now()); left > 0 {
			if err := r.Wait(ctx, left); err != nil {
				return err
			}
		}
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		r.seen.Files, r.seen.Back, r.why = filesDoubtful, unasked, err
		return nil
	}
	if r.seen.Resumed {
		if err := r.Wait(ctx, settle); err != nil {
			return err
		}
		again, err := credfile.Load(r.Disk, r.j.Paths)
		if err != nil || !again.SameTexts(set) {
			r.seen.Files, r.seen.Back, r.why = filesDoubtful, unasked, err
			return nil
		}
	}
	if r.seen.Files = r.stateIn(set); r.seen.Files != filesNew {
		r.seen.Back = unasked // what was proved no longer stands there
		return nil
	}
	r.lookElsewhere()
	return nil
}

// lookElsewhere looks, before the old key goes, whether it stands in the files that
// the environment names now, where those are others than the journal's: the home
// folder was moved or copied, or AWS_SHARED_CREDENTIALS_FILE was another. A run that
// switches by itself has one environment.
func (r *cycle) lookElsewhere() {
	going := r.j.Direction == state.Retire || r.j.Direction == state.Grace && r.seen.Due || r.j.Direction == state.Undecided && r.j.Grace == 0
	if !r.seen.Resumed || !going || r.j.Compromised || r.Paths.Credentials == "" || slices.Equal(r.sharedLocks(r.j.Paths), r.sharedLocks(r.Paths)) {
		return
	}
	set, err := credfile.Load(r.Disk, r.sharedPaths())
	if err != nil {
		r.seen.Files, r.why = filesDoubtful, err
		return
	}
	in := set.Mentions(r.j.Old)
	for _, held := range set.Holds(r.j.Old) {
		in = append(in, held.Mention)
	}
	if len(in) > 0 {
		r.seen.Files = filesElsewhere
		r.why = fmt.Errorf("%s:%d has it; put the new key there first", in[0].Path, in[0].Line)
	}
}

func (r *cycle) stateIn(set *credfile.Set) filesState {
	total := filesUnread
	add := func(h filesState) {
		switch {
		case total == filesUnread:
			total = h
		case total != h:
			total = filesMixed
		}
	}
	for _, pl := range r.j.Places {
		pair, err := set.PairAt(pl.Kind, pl.Profile)
		if err != nil && r.j.UndoAsked && !slices.ContainsFunc(set.Files()[pl.Kind].Sections, func(s credfile.Section) bool { return s.Profile == pl.Profile }) {
			continue // removed; a person asked
		}
		if err != nil {
			r.why = err
			return filesDoubtful
		}
		if pair.ID == r.j.Old && r.old.ID == "" && !pair.Secret.Equal(r.fresh.Secret) { // an older copy came back after a grace
			r.old = pair
		}
		if pair.ID == r.newID() && r.seen.HaveNew && r.old.Secret.Empty() && !pair.Secret.Equal(r.fresh.Secret) {
			r.wrong = pair
		}
		h := r.stateOf(pair)
		if h == filesForeign && r.unswitched(set) {
			h = filesOld
		}
		if h == filesForeign {
			r.why = fmt.Errorf("profile %s in %s", show.Name(pl.Profile), set.Files()[pl.Kind].Path)
			return h
		}
		add(h)
	}
	if total == filesUnread { // none of the places is left
		return filesDoubtful
	}
	for i := range set.Copies {
		c := &set.Copies[i]
		if r.copyGone(c) {
			continue
		}
		h := r.copyState(c)
		if h == filesForeign && r.unswitched(set) {
			h = filesOld
		}
		if h == filesForeign || h == filesDoubtful {
			if total == filesNew && r.hurries() {
				continue
			}
			r.why = r.copyWhy(c, h)
			return h
		}
		add(h)
	}
	// Another place holds the key that is not to stay, or a tool reads it there.
	holds := func(id string) bool { return len(set.Mentions(id)) > 0 || len(set.Holds(id)) > 0 }
	if total == filesNew && holds(r.j.Old) || total == filesOld && holds(r.newID()) {
		return filesMixed
	}
	return total
}

// unswitched reports whether a person goes back before any place had the new key,
// and a profile has the old one: a place that somebody gave another key meanwhile is
// none of this rotation's any more.
func (r *cycle) unswitched(set *credfile.Set) bool {
	return r.j.UndoAsked && !r.j.SwitchBegun && pairIn(set, r.j.Old).Equal(r.old)
}

// hurries reports whether the old key leaked and is about to be made Inactive: a copy
// that holds neither key does not need it, and is looked at once it is.
func (r *cycle) hurries() bool {
	switched := r.j.Direction == state.Retire || r.j.Direction == state.Undecided && r.j.SwitchBegun
	return r.j.Compromised && switched && r.seen.Off != yes && r.seen.Off != no && r.seen.Gone != yes
}

// stateOf compares a pair with the old and the new one; by ID alone where the
// recovery file, and with it a secret, is gone.
func (r *cycle) stateOf(p credfile.Pair) filesState {
	is := func(id string, known credfile.Pair) (sameID, sameSecret bool) {
		return p.ID == id, known.Secret.Empty() || p.Secret.Equal(known.Secret)
	}
	oldID, oldSecret := is(r.j.Old, r.old)
	newID, newSecret := is(r.newID(), r.fresh)
	switch {
	case newID && newSecret:
		return filesNew
	case oldID && oldSecret:
		return filesOld
	case newID && oldSecret && !r.old.Secret.Empty(), r.wrong.ID != "" && p.Equal(r.wrong), oldID && newSecret && !r.fresh.Secret.Empty():
		return filesMixed
	}
	return filesForeign
}

// readBack reads every place as the SDK reads it from disk and asks STS about
// the pair.
func (r *cycle) readBack(ctx context.Context) {
	var pair credfile.Pair
	for _, pl := range r.j.Places {
		got := credfile.LoadWithSDK(ctx, r.j.Paths.Alone(pl.Kind), pl.Profile)
		if got.None != "" || r.stateOf(got.Pair) != filesNew {
			r.seen.Files, r.seen.Back = filesUnread, unasked // changed since the look: look again
			return
		}
		pair = got.Pair
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	aws := r.aws.Asking()
	var wg group.Group
	if r.j.Root == nil && r.j.Off == "" { // whether it may be made Active again after it was made Inactive
		wg.Go(func() {
			keys, _, err := aws.List(ctx, r.by(pair), r.j.UserName)
			r.oldActive = err == nil && slices.ContainsFunc(keys, func(k client.Key) bool { return k.ID == r.j.Old && k.Active })
		})
	}
	id, at, err := aws.Identity(ctx, pair)
	wg.Wait()
	if err != nil {
		r.seen.Back, r.why = answered(err), err
		r.noteProof(pair.ID, r.seen.Back)
		return
	}
	r.seen.Back, r.back, r.backAt = sameUser(id, r.j.User), pair, at
	if (r.help != nil || r.j.Root != nil) && r.seen.Back == yes {
		// Another key signs the retirement, which therefore proves nothing
		// about this one at IAM.
		_, r.seen.Back = r.prove(ctx, pair)
	}
	r.noteProof(pair.ID, r.seen.Back)
	r.seen.Files = filesUnread // the question took its time
}
