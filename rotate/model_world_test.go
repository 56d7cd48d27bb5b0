package rotate

import (
	"keycare/rotate/state"
)

// successors emits every state that may follow.
func (m *model) successors(s mstate, emit func(mstate)) {
	m.others(s, emit)
	if s.alive > 0 {
		if s.crash > 0 {
			n := die(s)
			n.crash--
			emit(n)
		}
		m.act(s, emit)
		return
	}
	if s.journal > 0 {
		m.choices(s, emit)
		m.start(&s)
		emit(s)
	}
}

// others is what the rest of the world may do at any time.
func (m *model) others(s mstate, emit func(mstate)) {
	// Not promised: who writes an older copy between the last look and the end,
	// or after it.
	closing := s.ending > 0
	if s.alive > 0 && !closing {
		step, _ := m.step(&s)
		closing = step == stepClose || step == stepCloseUndone || step == stepKeepOld || step == stepForget
	}
	if s.journal > 0 && !closing || s.busy > 0 && s.slow == 0 {
		m.writer(s, closing, emit)
	}
	m.oldKey(s, closing, emit)
	if s.flying > 0 {
		n := s
		n.flying--
		emit(n) // it never lands
		if n.keys() < 2 {
			n.lost++
			emit(n)
		}
	}
	if s.expired == 0 && s.flying == 0 && s.sends > 0 { // it matters to those alone
		n := s
		n.expired = 1
		emit(n)
	}
	m.otherMakers(s, emit)
	if s.copies > 0 && s.act > 0 && s.journal > 0 && !closing && s.place[1] != plGone {
		n := s
		n.act--
		n.place[1] = plGone
		emit(n)
	}
	if s.act > 0 && s.journal > 0 && !closing && s.busy == 0 {
		for i := range s.place { // an old copy of the file is put back
			n := s
			n.act--
			n.place[i], n.restored = plOld, 1
			emit(n)
		}
	}
}

// writer is a program that copies place 0, truncates it and writes its copy, and
// one that changes the ID alone.
func (m *model) writer(s mstate, closing bool, emit func(mstate)) {
	n := s
	switch {
	case s.busy == 0 && s.write > 0 && s.place[0] != plTorn:
		n.write--
		n.copy, n.busy = s.place[0], 1
		emit(n)
		n.slow = 1
	case s.busy == 1:
		n.place[0], n.busy = plTorn, 2
	case s.busy == 2:
		n.place[0], n.copy, n.busy, n.slow = s.copy, 0, 0, 0
	default:
		return
	}
	emit(n)
	if s.busy == 2 && s.copy == plNew && dirs[s.dir] != state.Grace && !closing { // else nobody could tell it from a person's
		n.place[0] = plMix
		emit(n)
	}
}

func (s mstate) hold() filesState {
	a, b := s.place[0], s.place[1]
	if b == plGone && (s.asked > 0 || a == plNew && s.hurries()) {
		b = a // it does not count
	}
	switch {
	case a == plTorn || b == plTorn || b == plGone:
		return filesDoubtful
	case a == plMix && s.w.haveNew == 0, b == plMix && s.w.haveNew == 0:
		return filesForeign
	case a != b || a == plMix:
		return filesMixed
	case a == plNew:
		return filesNew
	}
	return filesOld
}

// answers emits s with each answer that a key may give: the true one, and a
// wrong one while the budget for flapping lasts. A key that we deleted may
// still answer for a while.
func answers(s mstate, key uint8, emit func(mstate, answer)) {
	truth := notYet
	if key == keyLive {
		truth = yes
	}
	emit(s, truth)
	if s.flap > 0 && key != keyNone {
		n := s
		n.flap--
		emit(n, yes+notYet-truth)
	}
}

// act emits what the process's next step may lead to; the first emitted is that
// nothing goes wrong.
func (m *model) act(s mstate, emit func(mstate)) {
	if dirs[s.dir] == state.Watch {
		m.watch(s, emit)
		return
	}
	if dirs[s.dir] == state.Keep {
		m.closing(s, emit)
		return
	}
	step, _ := m.step(&s)
	switch step {
	case stepStop:
		emit(die(s))
	case stepWait:
		m.wait(s, emit)
	case stepLookFiles:
		m.settle(&s)
		s.w.files = uint8(s.hold())
		if m.emptyIsForeign && filesState(s.w.files) == filesDoubtful {
			s.w.files = uint8(filesNew)
		}
		if filesState(s.w.files) != filesNew {
			s.w.back = 0
		}
		emit(s)
	case stepLookList:
		m.list(s, emit)
	case stepCreate:
		m.create(s, emit)
	case stepProveOrphan:
		m.proveOrphan(s, emit)
	case stepDeleteOrphan:
		m.deleteOrphan(s, emit)
	case stepProveNew:
		answers(s, s.fresh, func(n mstate, sts answer) {
			answers(n, n.fresh, func(n mstate, iam answer) {
				n.w.newSTS, n.w.newIAM = uint8(sts), uint8(iam)
				emit(n)
			})
		})
	case stepProveOld:
		answers(s, s.old, func(n mstate, a answer) {
			n.w.oldSTS, n.w.oldIAM = uint8(a), uint8(a)
			emit(n)
		})
	case stepSwitch, stepPutBack:
		s.sw = 1
		s.w.switches++
		if step == stepPutBack && dirs[s.dir] == state.Retire && answer(s.w.gone) != yes {
			s.w.putBack = 1
		}
		m.swap(s, plNew, emit)
	case stepRestore:
		m.swap(s, plOld, emit)
	case stepReadBack:
		if s.hold() != filesNew {
			s.w.files, s.w.back = uint8(filesUnread), 0
			emit(s)
			return
		}
		answers(s, s.fresh, func(n mstate, a answer) {
			n.w.back, n.w.files = uint8(a), uint8(filesUnread)
			if n.off == 0 {
				n.w.mayOn = b2u(n.old == keyLive)
			}
			emit(n)
		})
	case stepDecideRetire, stepDecideUndo:
		m.decide(s, step, emit)
	case stepRetire:
		m.remove(s, func(n *mstate) *uint8 { return &n.old }, emit)
	case stepDeleteNew:
		if s.old != keyLive { // it signs
			s.w.gone, s.w.files = uint8(notYet), uint8(filesUnread)
			emit(s)
			return
		}
		m.remove(s, func(n *mstate) *uint8 { return &n.fresh }, emit)
	case stepClose, stepCloseUndone:
		m.closing(s, emit)
	default:
		m.actRetire(s, step, emit)
	}
}

func (m *model) wait(s mstate, emit func(mstate)) {
	for _, a := range []*uint8{&s.w.newSTS, &s.w.newIAM, &s.w.oldSTS, &s.w.oldIAM, &s.w.back, &s.w.listed, &s.w.proof, &s.w.newAbsent, &s.w.newOff} {
		if *a != uint8(yes) {
			*a = 0
		}
	}
	if answer(s.w.offv) != yes && answer(s.w.offv) != no {
		s.w.offv = 0
	}
	if s.w.gone != uint8(yes) {
		if answer(s.w.gone) == silent {
			s.w.quiet = 0
		}
		s.w.gone, s.w.files = 0, uint8(filesUnread)
	}
	if filesState(s.w.files) == filesDoubtful {
		s.w.files = uint8(filesUnread)
	}
	n := s
	n.w.late = 1
	emit(n)
	emit(s)
}

// swap puts to into both places, one after the other.
func (m *model) swap(s mstate, to uint8, emit func(mstate)) {
	gone := s.place[1] == plGone
	if s.place[0] == plTorn || s.place[1] == plTorn || gone && s.asked == 0 {
		s.w.files = uint8(filesDoubtful)
		emit(s)
		return
	}
	done := s
	done.place = [2]uint8{to, to}
	if gone {
		done.place[1] = plGone
	}
	done.w.files = uint8(filesUnread)
	emit(done)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		n.place[0] = to
		emit(n)
	}
	half := s // the second rename failed
	half.place[0] = to
	if s.w.offHere > 0 && s.w.broken == 0 {
		half.w.broken, half.w.files = 1, uint8(filesUnread)
		emit(half)
		return
	}
	emit(die(half))
}

func (m *model) decide(s mstate, step step, emit func(mstate)) {
	s.dir = dirOf(state.Retire)
	if step == stepDecideUndo {
		s.dir = dirOf(state.Undo)
	} else {
		if s.rec == recNone && !m.keepNoNew {
			s.rec = recNew
		}
		s.w.haveNew = b2u(s.rec >= recBoth)
		if m.dropEarly {
			s.rec, s.w.haveOld, s.w.haveNew = recNone, 0, 0
		}
	}
	s.w.files, s.w.decided = uint8(filesUnread), b2u(m.noBindUndo || m.noBindRetire)
	if step == stepDecideUndo {
		s.w.late = 0
	}
	emit(s)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
	}
}

// remove deletes a key at IAM: done, reply lost with and without effect, not
// yet, and a crash right after it.
func (m *model) remove(s mstate, key func(*mstate) *uint8, emit func(mstate)) {
	had := *key(&s)
	if key(&s) == &s.old && had == keyLive && s.wanted > 0 && s.w.quietTrue == 0 {
		m.fail(s, "a key is deleted that a person made Active again")
		return
	}
	if key(&s) == &s.fresh && had == keyLive && s.sw > 0 && s.asked == 0 {
		m.fail(s, "a new key is deleted that others may have copied")
		return
	}
	if key(&s) == &s.old && s.w.offEarlier > 0 && s.used > 0 && s.w.askedUse == 0 && s.leaked == 0 {
		m.fail(s, "a key is deleted that was used since")
		return
	}
	*key(&s) = keyGone
	s.w.files = uint8(filesUnread)
	done := s
	done.w.gone = uint8(yes)
	emit(done)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
	}
	if s.lose > 0 {
		n := s
		n.lose--
		n.w.gone = uint8(silent)
		emit(n)
		n = s
		*key(&n) = had
		n.lose--
		n.w.gone = uint8(silent)
		emit(n)
	}
	if s.flap > 0 {
		n := s
		*key(&n) = had
		n.flap--
		n.w.gone = uint8(notYet)
		emit(n)
	}
}

// closing removes the recovery file, then the journal, which stays as a watch
// where a create may still land.
func (m *model) closing(s mstate, emit func(mstate)) {
	watch := s.sends > s.orphans && !m.noWatch
	if m.dropsOnlyCopy(s) {
		m.fail(s, "the only copy of the new key's secret is dropped")
		return
	}
	s.rec, s.ending = recNone, 1
	if watch {
		s.dir = dirOf(state.Watch)
		emit(die(s))
		return
	}
	n := die(s)
	n.journal, n.closed = 0, 1
	emit(n)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		emit(n)
	}
}

// trace explores once more, to the same violation, and tells how it comes to it.
func (m *model) trace() string {
	again := *m
	again.violated, again.queue, again.from = "", nil, map[mstate]mstate{}
	again.explore()
	return again.violated
}
