package rotate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// slot decides about the user's second key. It returns the key that is to be
// deleted, and whether it is active, or nothing where there is room.
func (rot *Rotator) slot(ctx context.Context, a *client.AWS, t *keyTarget, ow *keyOwner) (free string, active bool, err error) {
	k := ow.other
	if k == nil || rot.deletedOrphan(k.ID) {
		return "", false, nil
	}
	if j := rot.openRotation(k.ID); j != nil {
		if j.Direction == state.Grace && rot.Compromised {
			return "", false, refuse("this key replaced key %s, which is in its grace period until %s (%s), so there is no room for a new one. To make room, delete that one, which may have leaked too: aws iam delete-access-key --user-name %s --access-key-id %s; then: keycare resume %s %s, and rotate again",
				k.ID, show.Time(j.GraceEnds), show.Until(j.GraceEnds, rot.Now()), word(ow.name), k.ID, flagKeepBoth, arg(j.Profile))
		}
		if j.Direction == state.Grace {
			return "", false, refuse("this key replaced key %s, which is in its grace period until %s (%s), so there is no room for a new one. After that: keycare resume %s", k.ID, show.Time(j.GraceEnds), show.Until(j.GraceEnds, rot.Now()), arg(j.Profile))
		}
		if j.Direction == state.Undo && j.NewOff {
			return "", false, refuse("user %s has a second key, %s, inactive since its rotation was rolled back: another machine may have copied it. Once nothing needs it: aws iam delete-access-key --user-name %s --access-key-id %s; then: keycare resume",
				ow.name, k.ID, word(ow.name), k.ID)
		}
		return "", false, refuse("the second key of user %s, %s, belongs to an unfinished rotation. Finish that one first: keycare resume", ow.name, k.ID)
	}
	use, useErr := a.LastUsed(ctx, signerOf(ow.help, t), k.ID)
	replaced, leaked := rot.replaced(k.ID)
	what := describeKey(*k, ow.at, use, useErr) + replaced
	t.second = what
	if m := t.set.Mentions(k.ID); len(m) > 0 {
		if m[0].Profile == "" { // a copy
			return "", false, refuse("user %s has a second key %s (%s) in %s:%d, so there is no room for a new one. Put this key there too; then delete key %s",
				ow.name, k.ID, what, m[0].Path, m[0].Line, k.ID)
		}
		return "", false, refuse("user %s has a second key %s (%s) in profile %s (%s:%d), so there is no room for a new one. Let that profile use this key too (aws configure --profile %s), or remove it there; then delete key %s",
			ow.name, k.ID, what, show.Name(m[0].Profile), m[0].Path, m[0].Line, word(m[0].Profile), k.ID)
	}
	if rot.keptKey(k.ID) {
		return rot.typedKept(ow, *k, what)
	}
	if typed, err := rot.unproven(t, ow, *k, what); typed || err != nil {
		return k.ID, k.Active, err
	}
	question := fmt.Sprintf("User %s has a second key %s (%s). Delete it to make room?", ow.name, k.ID, what)
	switch {
	case rot.FreeSlot == FreeNever:
	case !k.Active && rot.Yes && !leaked && useErr == nil && (use.At.IsZero() || ow.at.Sub(use.At) > quietFor):
		return k.ID, k.Active, nil
	case !k.Active && !rot.Yes, rot.FreeSlot == FreeUnused && !rot.Yes && useErr == nil && rot.Confirm != nil:
		ok, err := rot.confirm(question)
		if err != nil {
			return "", false, err
		}
		if ok {
			return k.ID, k.Active, nil
		}
		return "", false, refuse("the second slot is taken by key %s", k.ID)
	}
	full := fmt.Sprintf("user %s has a second key, %s (%s), so there is no room for a new one.", ow.name, k.ID, what)
	command := func(what, more string) string {
		return fmt.Sprintf("aws iam %s --user-name %s --access-key-id %s%s --profile %s", what, word(ow.name), k.ID, more, word(t.profile))
	}
	switch {
	case k.Active && useErr == nil && !use.At.IsZero() && ow.at.Sub(use.At) < recentUse:
		return "", false, refuse("%s It is in use; find out by whom. %s. Once nobody needs it, make it inactive and rotate again: %s",
			full, rot.elsewhere(t, ow, *k), command("update-access-key", " --status Inactive"))
	case k.Active:
		return "", false, refuse("%s %s. If nothing uses it, make it inactive (which can be undone) and rotate again: %s",
			full, rot.elsewhere(t, ow, *k), command("update-access-key", " --status Inactive"))
	case rot.Yes && leaked:
		return "", false, refuse("%s --yes does not delete it, because you may still want to look at what it did. If you do not: %s", full, command("delete-access-key", ""))
	case rot.Yes:
		return "", false, refuse("%s --yes deletes only a key unused for a day. If nothing uses it: %s", full, command("delete-access-key", ""))
	}
	return "", false, refuse("%s If nothing uses it: %s", full, command("delete-access-key", ""))
}

// lookedAt is how long a leaked key is taken to be still looked at: CloudTrail tells of it
// for so long.
const lookedAt = 90 * day

// replaced says when keycare took key id out of use, if it did, and whether because it
// leaked: then it is still there to be looked at.
func (rot *Rotator) replaced(id string) (says string, leaked bool) {
	past, _ := rot.State.History()
	for _, h := range slices.Backward(past) {
		switch {
		case h.Old != id || h.Retired != "inactive":
		case h.Leaked && rot.Now().Sub(h.Time) < lookedAt:
			return ", leaked, made inactive by keycare " + show.Time(h.Time), true
		default:
			return ", made inactive by keycare " + show.Time(h.Time), false
		}
	}
	return "", false
}

// keptKey reports whether the history says that key id was kept on purpose.
func (rot *Rotator) keptKey(id string) bool {
	past, err := rot.State.History()
	return err != nil || slices.ContainsFunc(past, func(h state.History) bool { return slices.Contains(h.Kept, id) })
}

// typedKept lets a person free the slot of a key that was kept on purpose.
func (rot *Rotator) typedKept(ow *keyOwner, k client.Key, what string) (string, bool, error) {
	about := fmt.Sprintf("user %s has a second key, %s (%s), which was kept on purpose when an earlier rotation was closed", ow.name, k.ID, what)
	if rot.AskLine == nil || rot.Yes || k.Active && rot.FreeSlot != FreeUnused {
		return "", false, refuse("%s. If nothing needs it any more: aws iam delete-access-key --user-name %s --access-key-id %s", about, word(ow.name), k.ID)
	}
	rot.asking.Lock()
	defer rot.asking.Unlock()
	typed, err := rot.AskLine(about + ". Type its ID to delete it: ")
	if err == nil && typed != k.ID {
		err = refuse("the second slot is taken by key %s", k.ID)
	}
	if err != nil {
		return "", false, err
	}
	return k.ID, k.Active, nil
}

// youngKey is the age below which a second key looks like another rotation's.
const youngKey = time.Hour

// elsewhere says that the second key may be another machine's.
func (rot *Rotator) elsewhere(t *keyTarget, ow *keyOwner, k client.Key) string {
	if age := ow.at.Sub(k.Created); age < youngKey {
		return fmt.Sprintf("It was created %s ago, perhaps by keycare on another machine that uses the same key. %s", show.Duration(age.Round(time.Minute)), otherMachine(t.profile))
	}
	return "If it is this user's key on another machine, copy it from there into profile " + word(t.profile) + " here"
}

// unproven looks after a second key that a request of keycare without an answer
// may have made: it is deleted on proof, by the watch, or after its ID was typed.
// It reports that somebody typed it.
func (rot *Rotator) unproven(t *keyTarget, ow *keyOwner, k client.Key, what string) (typed bool, err error) {
	var about string
	_, left := rot.leftKey(k.ID)
	j := rot.watchOf(ow.user.UserID, k)
	switch {
	case j != nil:
		about = fmt.Sprintf("user %s has a second key, so there is no room for a new one: %s", ow.name, watchedKey(j, k, nil))
	case left && !k.Active:
		about = fmt.Sprintf("user %s has a second key, %s (%s), so there is no room for a new one. It may come from a request of keycare whose reply was lost; nothing proved it. If nobody uses it: keycare resume --delete-key %s", ow.name, k.ID, what, k.ID)
	default:
		return false, nil
	}
	if rot.AskLine == nil || rot.Yes || rot.planning {
		return false, refuse("%s", about)
	}
	id, err := rot.typeToDelete(k.ID, show.Sentence(about)+".")
	if err == nil && id == "" {
		err = refuse("the second slot is taken by key %s", k.ID)
	}
	return err == nil, err
}

// recentUse is how long after its last use a key counts as being in use.
const recentUse = 45 * day

// quietFor is how long an inactive key must not have been used before it is
// deleted unasked: somebody may just have switched it off to see what breaks.
const quietFor = 24 * time.Hour

func describeKey(k client.Key, now time.Time, use facts.Use, useErr error) string {
	status := "inactive"
	if k.Active {
		status = "active"
	}
	used := "last use unknown: needs iam:GetAccessKeyLastUsed"
	switch {
	case useErr == nil && use.At.IsZero():
		used = "never used"
	case useErr == nil:
		used = fmt.Sprintf("last used %s for %s in %s", show.Time(use.At), use.Service, use.Region)
	}
	age := "created today"
	if days := int(now.Sub(k.Created) / day); days > 0 {
		age = show.Count(days, "day") + " old"
	}
	return fmt.Sprintf("%s, %s, %s", status, age, used)
}

// deletedOrphan reports whether key id is one that a watch has just deleted: a
// list may show it for a while yet.
func (rot *Rotator) deletedOrphan(id string) bool {
	js, _ := rot.State.Journals()
	return slices.ContainsFunc(js, func(j *state.Journal) bool { return slices.Contains(j.Orphans, id) })
}

// openRotation returns the unfinished rotation that key id belongs to.
func (rot *Rotator) openRotation(id string) *state.Journal {
	js, err := rot.State.Journals()
	if err != nil {
		return &state.Journal{} // nothing may be deleted while it cannot be read
	}
	for _, j := range js {
		if !j.Closed() && (j.Old == id || j.New == id) {
			return j
		}
	}
	return nil
}

// keyOwner is what AWS says about a target.
type keyOwner struct {
	user    facts.Identity
	name    string
	keys    []client.Key
	at      time.Time   // AWS's clock
	created time.Time   // of the key that is rotated
	other   *client.Key // the user's second key
	auth    state.Auth
	help    client.Signer
	// quarantined says that AWS has put the user in quarantine; asked only where the
	// key leaked.
	quarantined bool
}
