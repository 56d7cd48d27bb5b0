package rotate

import "keycare/rotate/state"

// retireSafeguards are those of the old key's end, to be taken out one by one.
type retireSafeguards struct {
	noSettle    bool // the look after the deactivation does not wait for a writer
	noListAgain bool // nobody looks whether a person wants the old key
	oneList     bool // one list is enough for that
	alwaysOn    bool // the old key is made Active again whoever made it Inactive
	onUnsaid    bool // the journal does not say before that it will be
	noUseAsked  bool // a later run does not ask for the last use
	keepNoNew   bool // the new pair is not kept after a grace
}

func (m *model) retiring(s *mstate) retiring {
	return retiring{
		Off: answer(s.w.offv), OffEarlier: s.w.offEarlier > 0, OffHere: s.w.offHere > 0, OldQuiet: answer(s.w.quiet),
		PutBack: s.w.putBack > 0, On: answer(s.w.on), Broken: s.w.broken > 0,
	}
}

// oldKey is what people do with the old key.
func (m *model) oldKey(s mstate, closing bool, emit func(mstate)) {
	if s.journal > 0 && dirs[s.dir] == state.Grace && s.due == 0 && s.alive == 0 {
		n := s
		n.due = 1
		emit(n)
	}
	if s.act == 0 || s.journal == 0 || closing {
		return
	}
	if s.old == keyOff && s.off > 0 && s.banned == 0 {
		n := s
		n.act--
		n.old, n.wanted = keyLive, 1
		emit(n)
	}
	// Not where nothing else works, nor between our look and our request.
	if s.old == keyLive && s.fresh == keyLive && s.rec >= recBoth && s.wanted == 0 && (s.alive == 0 || s.w.mayOn == 0) {
		n := s
		n.act--
		n.old, n.banned = keyOff, 1
		emit(n)
	}
	if s.old == keyLive && (dirs[s.dir] == state.Grace || s.off == 1) && s.used == 0 {
		n := s
		n.act--
		n.used = 1
		emit(n)
	}
}

// settle lets a quick writer end whose copy is older than this run's last rename:
// the look waits for it.
func (m *model) settle(s *mstate) {
	if m.noSettle || dirs[s.dir] != state.Retire || s.w.offv == 0 && s.off == 0 || s.busy == 0 || s.slow > 0 {
		return
	}
	s.place[0], s.copy, s.busy = s.copy, 0, 0
}

func (m *model) actRetire(s mstate, step step, emit func(mstate)) {
	switch step {
	case stepTurnOff:
		m.turnOff(s, emit)
	case stepListOld:
		m.listOld(s, emit)
	case stepTurnOn:
		m.turnOn(s, emit)
	case stepKeepOld:
		s.dir = dirOf(state.Keep)
		m.closing(s, emit)
	case stepAskUse:
		s.w.files = uint8(filesUnread)
		s.w.unused, s.w.askedUse = uint8(yes), b2u(s.used == 0)
		if s.used > 0 && !m.noUseAsked {
			s.w.unused = uint8(no)
		}
		emit(s)
		if s.flap > 0 {
			s.flap--
			s.w.unused = uint8(silent)
			emit(s)
		}
	case stepEnterGrace:
		if s.leaked > 0 {
			m.fail(s, "a leaked key gets a grace")
			return
		}
		s.putBack = b2u(dirs[s.dir] == state.Retire)
		s.dir, s.due, s.off, s.grace = dirOf(state.Grace), 0, 0, 1
		w := mworld{resumed: s.w.resumed, haveOld: s.w.haveOld, haveNew: s.w.haveNew, switches: s.w.switches, back: s.w.back, late: s.w.late}
		s.w = w
		m.orCrash(s, emit)
	case stepForget:
		if m.dropsOnlyCopy(s) {
			m.fail(s, "the only copy of the new key's secret is dropped")
			return
		}
		s.rec, s.w.haveOld, s.w.haveNew = recNone, 0, 0
		m.orCrash(s, emit)
	case stepRest:
		emit(die(s))
	default:
		m.actChoice(s, step, emit)
	}
}

// orCrash emits s, and that the process dies right after the step.
func (m *model) orCrash(s mstate, emit func(mstate)) {
	emit(s)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
	}
}

func (m *model) turnOff(s mstate, emit func(mstate)) {
	s.w.files = uint8(filesUnread)
	if s.noOff > 0 {
		s.w.offv = uint8(no)
		emit(s)
		return
	}
	if s.old == keyGone {
		s.w.gone = uint8(yes)
		emit(s)
		return
	}
	off := func(n mstate) mstate { n.old = keyOff; return n }
	done := off(s)
	done.off, done.w.offHere, done.w.offv = 2, 1, uint8(yes)
	emit(done)
	s.off = 1
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
		emit(off(n))
	}
	s.w.offHere = 1
	if s.lose > 0 {
		n := s
		n.lose--
		n.w.offv = uint8(silent)
		emit(n)
		emit(off(n))
	}
}

func (m *model) listOld(s mstate, emit func(mstate)) {
	s.w.files = uint8(filesUnread)
	if m.noListAgain {
		s.w.quiet = uint8(yes)
		emit(s)
		return
	}
	second := answer(s.w.quiet) == notYet
	show := func(n mstate, active bool) {
		switch {
		case !active:
			n.w.quiet = uint8(yes)
		case second, m.oneList:
			n.w.quiet = uint8(no)
		default:
			n.w.quiet = uint8(notYet)
		}
		emit(n)
	}
	truth := s
	truth.w.quietTrue = b2u(s.old != keyLive)
	show(truth, s.old == keyLive)
	if s.flap > 0 && !second && s.old != keyGone { // the list is late
		n := s
		n.flap--
		n.w.quietTrue = 1
		show(n, s.old != keyLive)
	}
}

func (m *model) turnOn(s mstate, emit func(mstate)) {
	if s.leaked > 0 {
		m.fail(s, "a leaked key is made Active again")
		return
	}
	s.w.on, s.w.files = uint8(no), uint8(filesUnread)
	may := answer(s.w.offv) == yes && s.w.offHere > 0 && s.w.mayOn > 0
	if !may && !m.alwaysOn || s.old == keyGone || s.fresh != keyLive {
		emit(s)
		return
	}
	on := func(n mstate) mstate { n.old = keyLive; return n }
	done := on(s)
	done.off, done.w.on, done.w.offv, done.w.offEarlier, done.w.offHere, done.w.quiet = 0, uint8(yes), 0, 0, 0, 0
	emit(done)
	if !m.onUnsaid {
		s.off = 1
	}
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
		emit(on(n))
	}
	if s.lose > 0 {
		n := s
		n.lose--
		emit(n)
		emit(on(n))
	}
}
