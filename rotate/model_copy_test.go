package rotate

import "keycare/rotate/state"

// copySafeguards are those of copies and of the settings' command, to be taken out
// one by one.
type copySafeguards struct {
	handOnUnsaid  bool // the journal does not say that the command may have the new key
	handsNoneBack bool // it does not get the old key back when a person goes back
	retiresAnyway bool // its failure counts for nothing
}

func (m *model) afterOf(s *mstate) state.After {
	if m.retiresAnyway && answer(s.w.after) == no {
		return state.AfterDone
	}
	after := []state.After{"", state.AfterWanted, state.AfterStarted, state.AfterDone, state.AfterBack}[s.after]
	if m.handsNoneBack && dirs[s.dir] == state.Undo {
		return ""
	}
	return after
}

// handOn lets the command take the new key, or the old one back: it does and says
// so; it does and nobody hears of it; it does not.
func (m *model) handOn(s mstate, fresh bool, emit func(mstate)) {
	if fresh && s.leaked > 0 && s.old == keyLive && s.off == 0 && s.noOff == 0 {
		m.fail(s, "a thief has the time that the command takes")
		return
	}
	s.w.files = uint8(filesUnread)
	if s.after == 1 && !m.handOnUnsaid {
		s.after = 2
	}
	took := func(n mstate) mstate { n.taken = b2u(fresh); return n }
	done := took(s)
	done.w.after = uint8(yes)
	if done.after = 3; !fresh {
		done.after = 4
	}
	emit(done)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
		emit(took(n))
	}
	if s.lose > 0 {
		n := s
		n.lose--
		n.w.after = uint8(no)
		emit(n)
		emit(took(n))
	}
}

// checkTaken: whoever has what the command took is not left with a key that does not
// work, unless a person wanted that.
func (m *model) checkTaken(s mstate) {
	if s.after == 0 || s.closed == 0 || s.alive > 0 || s.kept+s.banned > 0 {
		return
	}
	if key := []uint8{s.old, s.fresh}[s.taken]; key != keyLive {
		m.fail(s, "the command's receiver is left with a key that does not work")
	}
}
