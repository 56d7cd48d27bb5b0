package rotate

import "keycare/rotate/state"

// nextLeaked: the old key leaked, and it is decided that it goes. It is made
// Inactive before anything else, and keycare never makes it Active again: the files
// hold the new key, whose secret the recovery file keeps until the rotation is
// closed. So nothing that goes wrong afterwards needs the old one.
func nextLeaked(j *state.Journal, w observed) (step, string) {
	if step, why := lookFirst(w); step != "" {
		return step, why
	}
	taken := j.After == "" || j.After == state.AfterDone
	switch {
	case w.Files != filesNew && !w.HaveNew:
		return stepStop, putBack
	case w.Files != filesNew && w.Switches > maxPutBacks:
		return stepStop, "another program keeps putting the old key back into the files"
	case w.Files != filesNew:
		return stepPutBack, ""
	case w.Gone == yes && taken:
		return stepClose, ""
	}
	if step, why := readBackFirst(w); step != "" {
		return step, why
	}
	if w.Gone != yes {
		switch { // whoever used it since may be the thief: the last use is not asked
		case w.Off == unasked:
			return stepTurnOff, ""
		case w.Off == no && j.Retire == state.Deactivate:
			return stepStop, "the old key could not be made inactive"
		case w.Off != yes && w.Off != no:
			return waitOr(w, "the old key could not be made inactive yet")
		}
	}
	switch {
	case w.PutBack: // who wrote an older copy once may do it again, and this run would drop the new key's secret
		return stepStop, "another program had put the old key back into the files; the new key is in place again"
	case !taken && w.After == no:
		return stepStop, "the command of the settings has not taken the new key"
	case !taken:
		return stepAfter, ""
	}
	if w.Off == yes && w.Gone != yes {
		switch w.OldQuiet {
		case yes:
		case unasked, notYet:
			return stepListOld, ""
		case no:
			return stepStop, "someone made the old key active again"
		default:
			return waitOr(w, "IAM does not say whether the old key is still inactive")
		}
		if j.Retire == state.Deactivate {
			return stepClose, ""
		}
	}
	switch w.Gone {
	case yes:
		return stepClose, ""
	case unasked:
		return stepRetire, ""
	case no:
		return stepStop, "the old key could not be deleted"
	}
	return waitOr(w, "the old key could not be deleted yet")
}
