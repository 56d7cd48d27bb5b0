package rotate

import (
	"keycare/rotate/state"
)

// answer is what is known about one question; the zero value is "not asked".
type answer int

const (
	unasked answer = iota
	yes
	notYet // refused in a way that a new key passes through, or that may pass
	no     // refused for good
	silent // no answer
)

// filesState is what the places that the journal names hold, taken together.
type filesState int

const (
	filesUnread    filesState = iota
	filesOld                  // every place holds the old pair
	filesNew                  // every place holds the new pair, and no place in either file the old key
	filesMixed                // some hold the old, some the new, or an ID of one with the secret of the other
	filesForeign              // a place holds a third key: a person acted
	filesDoubtful             // a file or section is missing, empty or cannot be read: nothing is concluded from it
	filesElsewhere            // as filesNew, and the old key is about to go, which a file has that is not the rotation's
)

// observed is what is known at the moment, beside the journal.
type observed struct {
	HaveOld, HaveNew bool // the recovery file has the pair
	KnowNew          bool // or a file did, unproved
	Resumed          bool // an earlier run wrote the journal: its create may have been sent

	Files          filesState
	Switches       int // how often this run has put the new key into the files
	OldSTS, OldIAM answer
	NewSTS, NewIAM answer
	After          answer // the settings' command has taken the pair that the files hold; no: it failed
	Back           answer // the pair as the SDK re-reads it from the files answers at STS as the same user

	Listed  answer   // the list of the user's keys was asked for since the last doubtful create
	Unknown []string // keys in that list that were not there before and are not Old or New
	Full    bool     // IAM refused a further create: the list does not show all keys yet
	Proof   answer   // one of the unknown keys is proved to be of a lost reply of ours: CloudTrail says so, or a person

	Due    bool   // the grace of the old key has ended, or there was none
	Unused answer // the old key was not used since the switch; Silent where IAM does not say

	Slot answer // the inactive key that takes the second slot is gone
	Gone answer // the old key (retire) or the new key (undo) is gone
	Late bool   // the deadline has passed

	NewAbsent answer // two lists that are activeTwice apart lack the new key
	NewOff    answer // the new key was made Inactive, where a person asked to go back

	retiring
}

// retiring is what is known about the old key once it is decided that it goes.
type retiring struct {
	Off        answer // it was made Inactive, as AWS answered: this run or, by the journal, an earlier one; no: not permitted
	OffEarlier bool   // an earlier run asked for that, and nobody knows the answer
	OffHere    bool   // this run asked for that
	OldQuiet   answer // since Off: no list shows it Active; notYet: one does; no: two that are activeTwice apart
	PutBack    bool   // in this run a file had got it back, and the new key was put there again
	On         answer // this run made it Active again
	Broken     bool   // a step failed in a way that is not tried again in this run
}

// step is what to do now.
type step string

const (
	stepLookFiles    step = "look at the files"
	stepLookList     step = "list the user's keys"
	stepFreeSlot     step = "delete the inactive key to make room"
	stepCreate       step = "create a new key"
	stepProveOrphan  step = "ask CloudTrail which key a lost request made"
	stepDeleteOrphan step = "delete the key whose reply was lost"
	stepProveNew     step = "verify the new key"
	stepProveOld     step = "verify the old key"
	stepSwitch       step = "put the new key into the files"
	stepReadBack     step = "verify the key in the files"
	stepEnterGrace   step = "begin the grace period of the old key"
	stepForget       step = "remove the recovery file"
	stepRest         step = "leave the old key in its grace period"
	stepAskUse       step = "ask when the old key was last used"
	stepDecideRetire step = "decide to retire the old key"
	stepTurnOff      step = "make the old key inactive"
	stepListOld      step = "check that the old key is still inactive"
	stepRetire       step = "delete the old key"
	stepTurnOn       step = "make the old key active again"
	stepKeepOld      step = "keep the old key"
	stepPutBack      step = "put the new key back into the files"
	stepListNew      step = "check whether IAM still lists the new key"
	stepTurnNewOff   step = "make the new key inactive"
	stepAfter        step = "hand the new key to the command of the settings"
	stepAfterBack    step = "hand the old key back to the command of the settings"
	stepDecideUndo   step = "decide to roll back"
	stepRestore      step = "put the old key back into the files"
	stepDeleteNew    step = "delete the new key"
	stepClose        step = "close the rotation"
	stepCloseUndone  step = "close the rotation, undone"
	stepWait         step = "wait and look again"
	stepStop         step = "stop half way"
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
// result says why, for people, where the step is stepStop.
func next(j *state.Journal, w observed) (step, string) {
	switch j.Direction {
	case state.Grace:
		return nextGrace(j, w)
	case state.Retire:
		return nextRetire(j, w)
	case state.Undo:
		return nextUndo(j, w)
	}
	if !w.HaveNew {
		return nextCreate(j, w)
	}
	return nextSwitch(j, w)
}

// nextCreate: no pair of a new key is known.
func nextCreate(j *state.Journal, w observed) (step, string) {
	if j.New != "" {
		return nextSecretLost(j, w)
	}
	if !w.Resumed && j.FreeSlot != "" && w.Slot != yes {
		return stepFreeSlot, ""
	}
	if !w.Resumed && len(j.Sends) == 0 {
		return stepCreate, ""
	}
	// A create was sent and its reply lost: the list tells, late perhaps. A key
	// that nobody has the secret of is deleted on proof alone, for a second
	// machine or a person may make one in the same minute. Without it the old key
	// stays, and a later run looks again.
	switch {
	case w.Resumed && len(j.Sends) == 0:
		return stepCloseUndone, ""
	case w.Listed == unasked:
		return stepLookList, ""
	case w.Listed != yes && w.Late && w.Full:
		return stepCloseUndone, ""
	case w.Listed != yes && w.Late:
		return stepStop, "the reply to the request for a new key was lost, and IAM does not list the user's keys"
	case w.Listed != yes:
		return stepWait, ""
	case len(w.Unknown) == 0 && (w.Resumed || w.Late || w.Proof == no || lost(j.Sends) >= maxSends):
		return stepCloseUndone, ""
	case len(w.Unknown) == 0:
		return stepCreate, ""
	case w.Proof == unasked:
		return stepProveOrphan, ""
	case w.Proof == yes:
		return stepDeleteOrphan, ""
	}
	return stepCloseUndone, ""
}

// nextSecretLost: the recovery file is gone, and the files do not hold the new
// key either: nobody has its secret any more.
func nextSecretLost(j *state.Journal, w observed) (step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	if w.Files == filesOld {
		return giveUp(j, w)
	}
	return stepStop, "the recovery file with the secret of the new key " + j.New + " is gone"
}

// nextSwitch: the new pair is in the recovery file and nothing is decided.
func nextSwitch(j *state.Journal, w observed) (step, string) {
	proof := both(w.NewSTS, w.NewIAM)
	switch {
	case proof == unasked:
		return stepProveNew, ""
	case proof != yes && proof != no && !w.Late:
		return stepWait, ""
	case proof != yes:
		return giveUp(j, w)
	}
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != filesNew && w.Switches > maxPutBacks:
		return giveUp(j, w) // another program keeps putting the old key back
	case w.Files != filesNew:
		return stepSwitch, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	if j.Compromised { // what the command does takes time, which a thief has too
		return stepDecideRetire, ""
	}
	// Whoever gets the new key by that command must have it before the old one ends.
	switch {
	case j.After == "" || j.After == state.AfterDone:
	case w.After == no:
		return stepStop, "the command of the settings has not taken the new key"
	default:
		return stepAfter, ""
	}
	if j.Grace > 0 {
		return stepEnterGrace, ""
	}
	return stepDecideRetire, ""
}

// handedOn reports whether the command of the settings may have the new key.
func handedOn(j *state.Journal) bool {
	return j.After == state.AfterStarted || j.After == state.AfterDone
}

// giveUp: the new key cannot be put to use. Undoing needs the old one working
// now. After the switch another machine may have copied the new key: there it is
// given up only where IAM no longer has it, or a person says so.
func giveUp(j *state.Journal, w observed) (step, string) {
	switch both(w.OldSTS, w.OldIAM) {
	case unasked:
		return stepProveOld, ""
	case yes:
	case silent:
		return stepStop, "AWS did not answer"
	default:
		return stepStop, "AWS accepts neither the new key nor the old one"
	}
	switch {
	case handedOn(j):
		return stepStop, "the new key, which the command of the settings was given, cannot be put to use"
	case !j.SwitchBegun, w.NewAbsent == yes:
		return stepDecideUndo, ""
	case w.NewAbsent == unasked:
		return stepListNew, ""
	}
	return stepStop, "AWS does not accept the new key, which was in the files already, and still lists it"
}

// nextUndo: it is decided that the new key goes.
func nextUndo(j *state.Journal, w observed) (step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != filesOld && !w.HaveOld:
		return stepStop, "the recovery file with the old key's secret is gone"
	case w.Files != filesOld:
		return stepRestore, ""
	case handedOn(j) && w.After == no:
		return stepStop, "the files hold the old key again, and the command of the settings has not taken it back"
	case handedOn(j):
		return stepAfterBack, ""
	case j.UndoAsked && j.SwitchBegun && w.Gone != yes:
		return nextUndoAsked(w)
	}
	switch w.Gone {
	case yes:
		return stepCloseUndone, ""
	case unasked:
		return stepDeleteNew, ""
	case no:
		return stepStop, "the new key could not be deleted"
	}
	return waitOr(w, "the new key could not be deleted yet")
}

// nextUndoAsked: a person went back to the old key after the switch. The new one
// is made Inactive; its secret, where it is kept here alone, stays until IAM no
// longer has the key.
func nextUndoAsked(w observed) (step, string) {
	switch {
	case w.NewOff == unasked:
		return stepTurnNewOff, ""
	case w.NewOff == no:
		return stepStop, "the new key could not be made inactive"
	case w.NewOff != yes:
		return waitOr(w, "the new key could not be made inactive yet")
	case w.HaveNew:
		return stepRest, ""
	}
	return stepCloseUndone, ""
}

// lookFirst names the step to take while it is not known for sure that every
// place holds the old key, the new one, or some each; nothing otherwise.
func lookFirst(w observed) (step, string) {
	switch w.Files {
	case filesUnread:
		return stepLookFiles, ""
	case filesForeign:
		return stepStop, thirdKey
	case filesDoubtful:
		return waitOr(w, unsure)
	case filesElsewhere:
		return stepStop, elsewhere
	}
	return "", ""
}

const (
	elsewhere = "the old key stands in a file that this rotation does not change"
	thirdKey  = "a profile holds a third key now; someone changed it"
	unsure    = "the files could not be read reliably; another program may be writing them"
)

// readBackFirst names the step to take until the pair, as it was re-read from
// the files, has answered.
func readBackFirst(w observed) (step, string) {
	switch w.Back {
	case unasked:
		return stepReadBack, ""
	case yes:
		return "", ""
	case no:
		return stepStop, "the key in the files belongs to another user"
	}
	if w.Back == silent {
		return waitOr(w, "AWS did not answer about the key in the files")
	}
	return waitOr(w, "AWS does not accept the key in the files yet")
}

func waitOr(w observed, why string) (step, string) {
	if w.Late {
		return stepStop, why
	}
	return stepWait, ""
}

// both is the worse of two answers.
func both(a, b answer) answer {
	for _, s := range []answer{no, unasked, silent, notYet} {
		if a == s || b == s {
			return s
		}
	}
	return yes
}
