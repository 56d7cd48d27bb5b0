package rotate

import "keycare/rotate/state"

// choiceSafeguards are those of what a person chooses, to be taken out one by
// one.
type choiceSafeguards struct {
	keepAlways    bool // keep-both closes also before the switch
	keepDrops     bool // and drops what the recovery file holds
	undoDrops     bool // undo after the switch drops the new key's secret
	undoWithoutIt bool // the new key is given up after the switch though IAM lists it
}

func (s mstate) held(what uint8) bool { return s.place[0] == what || s.place[1] == what }

// dropsOnlyCopy reports whether the recovery file has the only copy of the new
// key's secret, and the key is there.
func (m *model) dropsOnlyCopy(s mstate) bool {
	return s.rec >= recBoth && s.aside == 0 && (s.fresh == keyLive || s.fresh == keyOff) && !s.held(plNew) && s.busy == 0
}

// choices are the commands that a person may give while no run is at work.
func (m *model) choices(s mstate, emit func(mstate)) {
	if s.act == 0 || s.jNew == 0 {
		return
	}
	s.act--
	if d := dirs[s.dir]; d == state.Undecided || d == state.Grace {
		m.undo(s, emit)
	}
	if d := dirs[s.dir]; d != state.Watch && d != state.Keep {
		m.keepBoth(s, emit)
	}
}

// undo is modelled after cycle.undo.
func (m *model) undo(s mstate, emit func(mstate)) {
	torn := s.held(plTorn) || s.held(plMix)
	knowsOld := s.rec == recOld || s.rec == recBoth || s.held(plOld)
	if torn || !knowsOld || s.old != keyLive {
		return
	}
	knowsNew := s.rec >= recBoth || s.held(plNew)
	if s.rec = recOld; knowsNew {
		s.rec = recBoth
	}
	s.sw = max(s.sw, b2u(s.held(plNew)), b2u(dirs[s.dir] == state.Grace))
	s.dir, s.asked = dirOf(state.Undo), 1
	m.start(&s)
	m.orCrash(s, emit)
}

// keepBoth is modelled after cycle.keepBoth.
func (m *model) keepBoth(s mstate, emit func(mstate)) {
	if s.held(plTorn) || s.held(plMix) || s.busy > 0 && s.slow == 0 { // the second look differs
		return
	}
	answers := s.old == keyLive || s.fresh == keyLive && (s.rec >= recBoth || s.held(plNew))
	goes := uint8(plOld)
	if dirs[s.dir] == state.Undo {
		goes = plNew
	}
	if s.held(goes) && answers && !m.keepAlways {
		return
	}
	keep := s.rec >= recBoth && s.fresh != keyGone && !s.held(plNew) || (s.rec == recOld || s.rec == recBoth) && s.old != keyGone && !s.held(plOld)
	s.kept, s.dir = 1, dirOf(state.Keep)
	if keep && !m.keepDrops {
		s.aside = s.rec
	}
	m.closing(s, emit)
}

func (m *model) actChoice(s mstate, step step, emit func(mstate)) {
	switch step {
	case stepAfter, stepAfterBack:
		m.handOn(s, step == stepAfter, emit)
	case stepListNew:
		s.w.newAbsent = uint8(no)
		if s.fresh == keyGone || m.undoWithoutIt {
			s.w.newAbsent = uint8(yes)
		}
		emit(s)
		if s.flap > 0 {
			s.flap--
			s.w.newAbsent = uint8(silent)
			emit(s)
		}
	case stepTurnNewOff:
		s.w.files = uint8(filesUnread)
		if s.old != keyLive { // it signs
			s.w.newOff = uint8(notYet)
			emit(s)
			return
		}
		if s.newOff > 0 || s.fresh == keyGone {
			s.w.newOff = uint8(yes)
			if s.fresh == keyGone {
				s.w.gone = uint8(yes)
			}
			emit(s)
			return
		}
		off := func(n mstate) mstate { n.fresh = keyOff; return n }
		done := off(s)
		done.newOff, done.w.newOff = 1, uint8(yes)
		if m.undoDrops {
			done.w.haveNew = 0
		}
		emit(done)
		if s.crash > 0 {
			n := die(s)
			n.crash--
			emit(n)
			emit(off(n))
		}
		if s.lose > 0 {
			n := s
			n.lose--
			n.w.newOff = uint8(silent)
			emit(n)
			emit(off(n))
		}
	default:
		panic("no model of " + string(step))
	}
}
