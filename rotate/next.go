package rotate

import (
	"keycare/rotate/state"
)

// Seen is what is known about one question; the zero value is "not asked".
type Seen int

const (
	Unasked Seen = iota
	Yes
	NotYet // refused in a way that a new key passes through, or that may pass
	No     // refused for good
	Silent // no answer
)

// Hold is what the places that the journal names hold, taken together.
type Hold int

const (
	HoldUnread   Hold = iota
	HoldOld           // every place holds the old pair
	HoldNew           // every place holds the new pair, and no place in either file the old key
	HoldPart          // some hold the old, some the new, or an ID of one with the secret of the other
	HoldForeign       // a place holds a third key: a person acted
	HoldDoubtful      // a file or section is missing, empty or cannot be read: nothing is concluded from it
)

// World is what is known at the moment, beside the journal.
type World struct {
	HaveOld, HaveNew bool // the recovery file has the pair
	Resumed          bool // an earlier run wrote the journal: its create may have been sent

	Files          Hold
	Switches       int // how often this run has put the new key into the files
	OldSTS, OldIAM Seen
	NewSTS, NewIAM Seen
	Back           Seen // the pair as the SDK re-reads it from the files answers at STS as the same user

	Listed  Seen     // the list of the user's keys was asked for since the last doubtful create
	Unknown []string // keys in that list that were not there before and are not Old or New
	Orphan  Seen     // the one unknown key is by all rules the one that a lost reply of ours made

	Due    bool // the grace of the old key has ended, or there was none
	Unused Seen // the old key was not used since the switch; Silent where IAM does not say

	Slot Seen // the inactive key that takes the second slot is gone
	Gone Seen // the old key (retire) or the new key (undo) is gone, or Inactive where that was asked for
	Late bool // the deadline has passed
}

// Step is what to do now.
type Step string

const (
	StepLookFiles    Step = "look at the files"
	StepLookList     Step = "list the user's keys"
	StepFreeSlot     Step = "delete the inactive key to make room"
	StepCreate       Step = "create a new key"
	StepDeleteOrphan Step = "delete the key of a lost reply"
	StepProveNew     Step = "prove the new key"
	StepProveOld     Step = "prove the old key"
	StepSwitch       Step = "put the new key into the files"
	StepReadBack     Step = "re-read the files and prove what they hold"
	StepEnterGrace   Step = "begin the grace of the old key"
	StepForget       Step = "remove the recovery file"
	StepRest         Step = "leave the old key in its grace"
	StepAskUse       Step = "ask when the old key was used last"
	StepDecideRetire Step = "decide to retire the old key"
	StepRetire       Step = "retire the old key"
	StepPutBack      Step = "put the new key back into the files"
	StepDecideUndo   Step = "decide to undo"
	StepRestore      Step = "put the old key back into the files"
	StepDeleteNew    Step = "delete the new key"
	StepClose        Step = "close the rotation"
	StepCloseUndone  Step = "close the rotation, undone"
	StepWait         Step = "wait and look again"
	StepStop         Step = "stop half way"
)

// maxPutBacks bounds how often a pair that another program overwrote is put
// back in one run. A later run may find that program quiet.
const maxPutBacks = 3

// maxSends bounds how many creates are sent in one rotation whose replies are
// lost. Those that AWS answers with throttling are not among them.
const maxSends = 3

func lost(sends []state.Send) int {
	n := 0
	for _, s := range sends {
		if !s.Answered {
			n++
		}
	}
	return n
}

// next names the step to take. It is a function of its arguments alone: every
// run, the first and any later one, comes here with what it sees. The second
// result says why, for people, where the step is StepStop.
func next(j *state.Journal, w World) (Step, string) {
	switch j.Direction {
	case state.Grace:
		return nextGrace(w)
	case state.Retire:
		return nextRetire(w)
	case state.Undo:
		return nextUndo(w)
	}
	if !w.HaveNew {
		return nextCreate(j, w)
	}
	return nextSwitch(j, w)
}

// nextCreate: no pair of a new key is known.
func nextCreate(j *state.Journal, w World) (Step, string) {
	if j.New != "" {
		return nextSecretLost(j, w)
	}
	if !w.Resumed && j.FreeSlot != "" && w.Slot != Yes {
		return StepFreeSlot, ""
	}
	if !w.Resumed && len(j.Sends) == 0 {
		return StepCreate, ""
	}
	// A create was sent and its reply lost, or may have been: the list tells,
	// late perhaps.
	switch {
	case w.Listed == Unasked:
		return StepLookList, ""
	case w.Listed != Yes && w.Late:
		return StepStop, "IAM does not tell which keys the user has"
	case w.Listed != Yes:
		return StepWait, ""
	case len(w.Unknown) == 0 && w.Resumed:
		return StepCloseUndone, ""
	case len(w.Unknown) == 0 && (w.Late || lost(j.Sends) >= maxSends):
		return StepCloseUndone, ""
	case len(w.Unknown) == 0:
		return StepCreate, ""
	case w.Orphan == Yes:
		return StepDeleteOrphan, ""
	}
	return StepStop, "the user has a key that keycare did not make for sure: " + w.Unknown[0]
}

// nextSecretLost: the recovery file is gone, and the files do not hold the new
// key either: nobody has its secret any more.
func nextSecretLost(j *state.Journal, w World) (Step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	if w.Files == HoldOld {
		return giveUp(w)
	}
	return StepStop, "the recovery file, which held the new key's secret, is gone: look whether the files hold key " + j.New
}

// nextSwitch: the new pair is in the recovery file and nothing is decided.
func nextSwitch(j *state.Journal, w World) (Step, string) {
	proof := both(w.NewSTS, w.NewIAM)
	switch {
	case proof == Unasked:
		return StepProveNew, ""
	case proof != Yes && proof != No && !w.Late:
		return StepWait, ""
	case proof != Yes:
		return giveUp(w)
	}
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != HoldNew && w.Switches > maxPutBacks:
		return giveUp(w) // another program keeps putting the old key back
	case w.Files != HoldNew:
		return StepSwitch, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	if j.Grace > 0 {
		return StepEnterGrace, ""
	}
	return StepDecideRetire, ""
}

// nextGrace: the files hold the new key; the old one stays active until the
// grace ends, and longer if somebody still uses it.
func nextGrace(w World) (Step, string) {
	if w.Files == HoldDoubtful && !w.Due {
		return StepRest, ""
	}
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != HoldNew && w.HaveNew && w.Switches < maxPutBacks:
		return StepPutBack, ""
	case w.Files != HoldNew:
		return StepStop, "a place holds the old key again; both keys work"
	case !w.HaveOld && !w.HaveNew && !w.Due:
		return StepRest, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	if w.HaveOld || w.HaveNew { // the files hold a pair that works
		return StepForget, ""
	}
	switch w.Unused {
	case Unasked:
		return StepAskUse, ""
	case Yes:
		return StepDecideRetire, ""
	case NotYet: // by AWS's clock the grace goes on
		return StepRest, ""
	case No:
		return StepStop, "the old key was used after the switch, so it is kept"
	}
	return StepStop, "IAM does not say when the old key was used last, so it is kept"
}

// giveUp: the new key cannot be put to use. Undoing needs the old one working
// now.
func giveUp(w World) (Step, string) {
	switch both(w.OldSTS, w.OldIAM) {
	case Unasked:
		return StepProveOld, ""
	case Yes:
		return StepDecideUndo, ""
	}
	return StepStop, "neither the new nor the old key answers"
}

// nextRetire: it is decided that the old key goes. The files are looked at
// before every attempt, and once more after it.
func nextRetire(w World) (Step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != HoldNew && !w.HaveNew:
		return StepStop, "a place holds the old key again, and the new key's secret is no longer kept"
	case w.Files != HoldNew && w.Switches > maxPutBacks:
		return StepStop, "another program keeps putting the old key back into the files"
	case w.Files != HoldNew:
		return StepPutBack, ""
	case w.Gone == Yes:
		return StepClose, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	switch w.Gone {
	case Unasked:
		return StepRetire, ""
	case No:
		return StepStop, "AWS does not let this user retire the old key"
	}
	return waitOr(w, "AWS does not yet carry out the retirement of the old key")
}

// nextUndo: it is decided that the new key goes.
func nextUndo(w World) (Step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != HoldOld && !w.HaveOld:
		return StepStop, "the recovery file, which held the old key's secret, is gone"
	case w.Files != HoldOld:
		return StepRestore, ""
	}
	switch w.Gone {
	case Yes:
		return StepCloseUndone, ""
	case Unasked:
		return StepDeleteNew, ""
	case No:
		return StepStop, "AWS does not let this user delete the new key"
	}
	return waitOr(w, "AWS does not yet delete the new key")
}

// lookFirst names the step to take while it is not known for sure that every
// place holds the old key, the new one, or some each; nothing otherwise.
func lookFirst(w World) (Step, string) {
	switch w.Files {
	case HoldUnread:
		return StepLookFiles, ""
	case HoldForeign:
		return StepStop, "a place holds a third key now: somebody changed it meanwhile"
	case HoldDoubtful:
		return waitOr(w, "the files cannot be read for sure")
	}
	return "", ""
}

// readBackFirst names the step to take until the pair, as it was re-read from
// the files, has answered.
func readBackFirst(w World) (Step, string) {
	switch w.Back {
	case Unasked:
		return StepReadBack, ""
	case Yes:
		return "", ""
	case No:
		return StepStop, "what the files hold does not answer as the same user"
	}
	return waitOr(w, "the new key, as the files hold it, does not answer")
}

func waitOr(w World, why string) (Step, string) {
	if w.Late {
		return StepStop, why
	}
	return StepWait, ""
}

// both is the worse of two answers.
func both(a, b Seen) Seen {
	for _, s := range []Seen{No, Unasked, Silent, NotYet} {
		if a == s || b == s {
			return s
		}
	}
	return Yes
}
