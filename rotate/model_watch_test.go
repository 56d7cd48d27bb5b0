package rotate

// This file is the part of the model about creates: requests that are lost, land
// late or are answered in vain, and a person or keycare on another machine, who
// make a key of the same user in the same minute.

// What there is of somebody else's key.
const (
	pnNone  uint8 = iota
	pnFresh       // made while a request of ours was under way, not used
	pnUsed        // the same, and used: IAM shows that once the watch's time is over
	pnOther       // made later: it cannot be ours
)

// otherMakers is what a person or another machine does with keys.
func (m *model) otherMakers(s mstate, emit func(mstate)) {
	if s.act > 0 && s.person == pnNone && s.keys() < 2 {
		n := s
		n.act--
		n.person = pnOther
		if s.expired == 0 && s.sends > 0 {
			n.person = pnFresh
		}
		emit(n)
	}
	if s.person == pnFresh && s.expired == 0 {
		n := s
		n.person = pnUsed
		emit(n)
	}
}

// candidate reports whether somebody else's key looks as if we had made it.
func (s mstate) candidate() bool { return s.person == pnFresh || s.person == pnUsed }

// list emits what a list may show: all, or all but the newest key.
func (m *model) list(s mstate, emit func(mstate)) {
	show := func(n mstate, lost uint8) {
		n.w.listed, n.w.proof, n.w.full = uint8(yes), 0, 0
		n.w.unknown = b2u(lost > 0) + 2*b2u(n.candidate())
		emit(n)
	}
	show(s, s.lost)
	if s.lost > 0 && s.flap > 0 && s.expired == 0 {
		n := s
		n.flap--
		show(n, 0)
	}
}

// create is noted before it is sent.
func (m *model) create(s mstate, emit func(mstate)) {
	s.sends++
	if s.crash > 0 {
		for _, kept := range []bool{false, true} {
			if s.keys() >= 2 {
				break
			}
			n := die(s)
			n.crash--
			n.expired = 0
			if kept { // between the recovery file and the journal
				n.fresh, n.rec = keyLive, recBoth
			} else {
				n.lost++
			}
			defer emit(n)
		}
		n := die(s)
		n.crash--
		n.expired = 0
		defer emit(n) // right before it was sent
		n.flying = 1
		defer emit(n)
	}
	if s.keys() >= 2 {
		s.sends--
		if s.sends > 0 {
			s.w.listed, s.w.full = uint8(notYet), 1
			emit(s)
			return
		}
		m.closing(s, emit) // refused for good: nothing is left
		return
	}
	ok := s
	ok.sends--
	ok.fresh, ok.rec, ok.jNew, ok.w.haveNew = keyLive, recBoth, 1, 1
	emit(ok)
	if s.lose > 0 {
		n := s
		n.lose--
		n.expired, n.w.listed = 0, 0
		emit(n) // the request was lost
		landed, flying := n, n
		landed.lost++
		emit(landed) // the reply was lost
		flying.flying = 1
		emit(flying) // the request may still land
	}
}

// proveOrphan emits what CloudTrail may say: who made each key, or of some of them
// nothing, yet or for want of a permission.
func (m *model) proveOrphan(s mstate, emit func(mstate)) {
	if m.bySigns && s.w.unknown != 3 && !(s.person == pnUsed && s.expired > 0) {
		s.w.proof = uint8(yes)
		emit(s)
		return
	}
	for said := range uint8(4) { // 1 about the lost key, 2 about the other one
		if said&^s.w.unknown != 0 {
			continue
		}
		n := s
		n.w.unknown &^= said & 2
		n.w.proof = uint8(no)
		if said&1 != 0 {
			n.w.proof = uint8(yes)
		}
		emit(n)
	}
}

func (m *model) deleteOrphan(s mstate, emit func(mstate)) {
	if s.w.unknown&1 == 0 || s.lost == 0 {
		m.fail(s, "a key that is not ours is deleted")
		return
	}
	done := s
	done.lost--
	done.orphans++
	done.w.unknown &^= 1
	done.w.listed, done.w.proof = uint8(yes), 0
	emit(done)
	if s.crash > 0 {
		n := die(s)
		n.crash--
		n.lost = done.lost
		emit(n)
	}
}

// watch is a later run that looks after a create whose reply was lost.
func (m *model) watch(s mstate, emit func(mstate)) {
	m.list(s, func(n mstate) {
		if n.w.unknown == 0 {
			m.endWatch(n, emit)
			return
		}
		m.proveOrphan(n, func(n mstate) {
			if n.w.proof != uint8(yes) {
				m.endWatch(n, emit)
				return
			}
			m.deleteOrphan(n, func(n mstate) {
				if n.alive == 0 || n.sends > n.orphans {
					emit(die(n))
					return
				}
				m.closing(n, emit)
			})
		})
	})
}

// endWatch closes the watch once its time is over. The one key that nothing proves
// to be ours is made inactive if IAM shows no use of it.
func (m *model) endWatch(s mstate, emit func(mstate)) {
	if s.expired == 0 && !m.hasty {
		emit(die(s))
		return
	}
	if s.w.unknown == 2 && s.person == pnUsed && s.expired == 0 {
		m.fail(s, "a key that somebody uses is switched off")
		return
	}
	s.told = b2u(s.w.unknown != 0)
	s.orphans = s.sends // for closing: it is over
	m.closing(s, emit)
}
