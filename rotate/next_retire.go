package rotate

import "keycare/rotate/state"

// putBack is why a run stops that cannot put a file right.
const putBack = "another program put the old key back, and keycare no longer has the new key's secret"

// nextGrace: the files hold the new key; the old one stays active until the
// grace ends, and longer if somebody still uses it. In one that began because a
// program had put the old key back, the recovery file stays: it may do so again.
func nextGrace(j *state.Journal, w observed) (step, string) {
	if w.Files == filesDoubtful && !w.Due {
		return stepRest, ""
	}
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != filesNew && (w.HaveNew || w.KnowNew) && w.Switches < maxPutBacks:
		if !w.HaveNew && both(w.NewSTS, w.NewIAM) != yes { // a file has it, which may be a mixture
			return proveFirst(w)
		}
		return stepPutBack, ""
	case w.Files != filesNew:
		return stepStop, putBack
	case !w.HaveOld && !w.HaveNew && !w.Due:
		return stepRest, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	switch { // the files hold a pair that works
	case j.PutBack && !w.Due:
		return stepRest, ""
	case !j.PutBack && (w.HaveOld || w.HaveNew):
		return stepForget, ""
	}
	switch w.Unused {
	case unasked:
		return stepAskUse, ""
	case yes:
		return stepDecideRetire, ""
	case notYet: // by AWS's clock the grace goes on
		return stepRest, ""
	case no:
		return stepStop, "the old key is still in use, so it stays active"
	}
	return stepStop, "IAM does not say when the old key was last used, so it stays active"
}

// proveFirst: the new pair is only known from a file.
func proveFirst(w observed) (step, string) {
	if both(w.NewSTS, w.NewIAM) == unasked {
		return stepProveNew, ""
	}
	return waitOr(w, "a profile holds the old key again, and AWS does not accept the new key in the other profiles")
}

// nextRetire: it is decided that the old key goes. It is made Inactive first,
// which can be taken back; then the files are looked at, at least settleRename
// after this run wrote them, for a program with an older copy may be about to
// write that; then it is deleted.
func nextRetire(j *state.Journal, w observed) (step, string) {
	if j.Compromised {
		return nextLeaked(j, w)
	}
	s, why := retireStep(j, w)
	// A place may need the old key, which this run has switched off.
	if s == stepStop && w.OffHere && w.Gone != yes && w.On == unasked && (w.Files != filesNew || w.Back != yes) {
		return stepTurnOn, why
	}
	return s, why
}

func retireStep(j *state.Journal, w observed) (step, string) {
	if w.Broken || w.On == no || w.On == yes && !w.PutBack {
		return stepStop, "the old key was inactive while a profile still needed it"
	}
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	switch {
	case w.Files != filesNew && !w.HaveNew:
		return stepStop, putBack
	case w.Files != filesNew && w.Switches > maxPutBacks:
		return stepStop, "another program keeps putting the old key back into the files"
	case w.Files != filesNew:
		return stepPutBack, ""
	case w.Gone == yes:
		return stepClose, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	if w.PutBack && j.Root == nil {
		return afterPutBack(w)
	}
	if j.Root == nil { // only the root key could sign what follows its deactivation
		if step, why := offFirst(j, w); step != "" {
			return step, why
		}
	}
	switch w.Gone {
	case unasked:
		return stepRetire, ""
	case no:
		return stepStop, "the old key could not be deleted"
	}
	return waitOr(w, "the old key could not be deleted yet")
}

// afterPutBack: who wrote an older copy once may do it again. The old key works
// on, and a later run retires it.
func afterPutBack(w observed) (step, string) {
	switch {
	case w.On == yes, w.Off == no, w.Off == unasked && !w.OffEarlier && !w.OffHere:
		return stepEnterGrace, ""
	}
	return stepTurnOn, "another program had put the old key back into the files; the new key is in place again, and the old key is inactive"
}

// offFirst names the step to take until the old key is off, and nobody wants it
// on; nothing where it may be deleted, or where making it Inactive is not
// permitted and deleting it is what is left.
func offFirst(j *state.Journal, w observed) (step, string) {
	switch {
	case w.Off == unasked && w.OffEarlier && w.Unused == unasked:
		return stepAskUse, ""
	case w.Off == unasked && w.OffEarlier && w.Unused == no:
		return stepKeepOld, ""
	case w.Off == unasked && w.OffEarlier && w.Unused != yes:
		return stepStop, "IAM does not say whether the old key was used after the switch"
	case w.Off == unasked:
		return stepTurnOff, ""
	case w.Off == no && j.Retire == state.Deactivate:
		return stepStop, "the old key could not be deactivated"
	case w.Off == no:
		return "", ""
	case w.Off != yes:
		return waitOr(w, "the old key could not be made inactive yet")
	case j.Retire == state.Deactivate:
		return stepClose, ""
	}
	switch w.OldQuiet {
	case yes:
		return "", ""
	case unasked, notYet:
		return stepListOld, ""
	case no:
		return stepKeepOld, ""
	}
	return waitOr(w, "IAM does not say whether the old key is still inactive")
}
