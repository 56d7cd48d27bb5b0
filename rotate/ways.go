package rotate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// This file is about what a person may choose for a rotation that stopped half
// way. The commands refuse by the same functions that decide which of them a
// message names, so that no message names one that is refused.

// waysTimeout bounds what AWS is asked for that at a stop.
const waysTimeout = 10 * time.Second

// Way is a command that goes on with a rotation which stopped half way.
type Way struct{ Command, Does string }

// withWays adds to a *HalfDone in err the commands that would not be refused now,
// beside "keycare resume". AWS is not asked where it has just been silent, or
// where a person wants the program to end; what depends on it is not named then.
func (r *cycle) withWays(ctx context.Context, err error) error {
	var half *HalfDone
	if !errors.As(err, &half) || half.Journal != r.j {
		return err
	}
	defer func() { r.told(half, r.proofs) }()
	// A decision whose write failed may be on disk all the same, and binds then.
	onDisk, unread := r.State.Journal(r.j.ID)
	if unread != nil || onDisk == nil {
		return err
	}
	switch r.j.Direction = onDisk.Direction; r.j.Direction {
	case state.Watch, state.Keep:
		return err
	}
	half.Ways = slices.DeleteFunc(r.ways(ctx, ctx.Err() == nil && !r.aDeafEar()), func(w Way) bool {
		return half.Refused != "" && strings.Contains(w.Command, half.Refused)
	})
	return err
}

// ways are the commands that would not be refused now. Where ask is false AWS is
// not asked, and what depends on it is not among them.
func (r *cycle) ways(ctx context.Context, ask bool) (found []Way) {
	ctx, cancel := context.WithTimeout(ctx, waysTimeout)
	defer cancel()
	name := ""
	if w := show.Arg(r.j.Profile, runtime.GOOS); w != "" {
		name = " " + w
	}
	if command := r.onByHand(ctx, ask); command != "" {
		found = append(found, Way{command, "make the old key active again, as an administrator"})
	}
	if command := r.offByHand(); command != "" {
		found = append(found, Way{command, "make the leaked key inactive now"})
	}
	back := ask && r.newID() != "" && r.j.Direction != state.Undo && r.canGoBack(ctx)
	if r.mayKeepBoth(ctx, ask) && !(back && r.onlyOldWorks(ctx)) {
		does := "keep both keys"
		if r.j.Compromised {
			does = "close it and leave the leaked key as it is"
		}
		found = append(found, Way{"keycare resume " + flagKeepBoth + name, does})
	}
	if back {
		found = append(found, Way{"keycare resume " + flagUndo + name, "go back to the old key"})
	}
	for _, path := range r.j.Paths.Copies {
		if command := show.Command(runtime.GOOS, "keycare", "resume", flagDropCopy, path); command != "" && r.mayDrop(path) == "" {
			found = append(found, Way{command, "go on without that copy"})
		}
	}
	return found
}

// onByHand is the administrator's command where AWS accepts neither key, and this
// rotation may have made the old one Inactive: somebody took the new one away.
func (r *cycle) onByHand(ctx context.Context, ask bool) string {
	if !ask || r.j.Direction != state.Retire || r.j.Off == "" || r.j.Compromised || r.j.Root != nil || r.seen.Gone == yes || r.old.Secret.Empty() || r.whoAnswers(ctx).ID != "" {
		return ""
	}
	return r.command("update-access-key", r.j.Old, " --status Active")
}

const beingRetired = "the old key is being retired already"

const (
	flagUndo     = "--undo"
	flagKeepBoth = "--keep-both"
	flagDropCopy = "--drop-copy"
)

// aDeafEar reports whether AWS was silent when it was asked last.
func (r *cycle) aDeafEar() bool {
	s := r.seen
	return slices.Contains([]answer{s.OldSTS, s.OldIAM, s.NewSTS, s.NewIAM, s.Back, s.Listed, s.Proof, s.Unused, s.Gone, s.NewAbsent, s.NewOff, s.Off, s.OldQuiet}, silent)
}

// mayKeepBoth reports whether closing with both keys would not be refused now.
func (r *cycle) mayKeepBoth(ctx context.Context, ask bool) bool {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return false
	}
	r.takePairs(set)
	return r.keepBarred(set) == "" || ask && r.whoAnswers(ctx).ID == ""
}

// canGoBack reports whether going back to the old key would not be refused now.
func (r *cycle) canGoBack(ctx context.Context) bool {
	why, err := r.undoBarred(ctx)
	return why == "" && err == nil
}

// onlyOldWorks reports whether AWS refuses the new key and takes the old one: to
// close with both would leave the profiles without a key that works.
func (r *cycle) onlyOldWorks(ctx context.Context) bool {
	return !r.fresh.Secret.Empty() && r.old.ID != "" && r.whoAnswers(ctx).ID == r.old.ID
}

// keepBarred says what bars closing with both keys while one of them answers:
// the files have not switched, or hold what a run can still put right.
func (r *cycle) keepBarred(set *credfile.Set) string {
	if old := holders(set, r.j.Old); len(holders(set, r.newID())) == 0 && len(old) > 0 {
		if r.j.Direction == state.Undo {
			return fmt.Sprintf("the rotation is being rolled back: profile %s holds the old key %s, and the new key %s will be deleted", word(old[0]), r.j.Old, r.newID())
		}
		return fmt.Sprintf("profile %s still holds the old key %s, and closing the rotation now would lose the secret of the new key", word(old[0]), r.j.Old)
	}
	return r.notAsItShould(set)
}

// undoBarred says why there is no way back to the old key; err is the answer of
// AWS or the files behind it, where there is one. It changes neither.
func (r *cycle) undoBarred(ctx context.Context) (why string, err error) {
	switch {
	case r.j.Direction == state.Retire && r.j.Compromised:
		return r.leakedForGood(), nil
	case r.j.Direction == state.Retire && r.j.Root != nil:
		return beingRetired, nil
	case r.j.Direction == state.Retire:
		// A late request of the retirement cannot land where the new key signed it,
		// which no longer works.
		switch who := r.whoAnswers(ctx); {
		case who.ID == "" && r.seen.Gone != yes:
			return "AWS accepts neither the new key nor the old one", r.why
		case who.ID != r.old.ID:
			return beingRetired, nil
		}
		if status := r.statusOf(ctx, r.old, r.newID()); status != "gone" && status != "inactive" {
			return beingRetired, nil
		}
	case r.old.ID == "" || r.old.Secret.Empty():
		return fmt.Sprintf("the secret of the old key %s is no longer kept", r.j.Old), nil
	}
	if atSTS, atIAM := r.prove(ctx, r.old); both(atSTS, atIAM) != yes {
		err := r.why
		switch status := r.statusOf(ctx, r.whoAnswers(ctx), r.j.Old); status {
		case "inactive":
			return fmt.Sprintf("the old key %s is inactive. An administrator can make it active again: %s", r.j.Old, r.command("update-access-key", r.j.Old, " --status Active")), nil
		case "gone":
			return fmt.Sprintf("the old key %s is gone", r.j.Old), nil
		}
		return fmt.Sprintf("the old key %s does not work", r.j.Old), err
	}
	asked := r.j.UndoAsked
	r.j.UndoAsked = true // places that were removed do not count then
	defer func() { r.j.UndoAsked = asked }()
	if err := r.lookFiles(ctx); err != nil {
		return "the files cannot be read", err
	}
	switch r.seen.Files {
	case filesForeign:
		return thirdKey, nil
	case filesDoubtful:
		return unsure, r.why
	}
	return "", nil
}

// endsNow names the command that does to a grace which goes on what a person
// asked for without naming it, or says why none does.
func (rot *Rotator) endsNow(ctx context.Context, j *state.Journal) string {
	r, half := rot.takeUp(ctx, j)
	if half != nil {
		return ""
	}
	flag, why := flagKeepBoth, ""
	if rot.Undo {
		flag = flagUndo
		if why, _ = r.undoBarred(ctx); why != "" {
			why = flagUndo + " is refused: " + why
		}
	} else if !r.mayKeepBoth(ctx, true) {
		why = "it cannot be closed now"
	}
	if why != "" {
		return "; " + why
	}
	return fmt.Sprintf("; to end it now: keycare resume %s %s", flag, arg(j.Profile))
}
