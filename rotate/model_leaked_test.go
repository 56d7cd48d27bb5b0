package rotate

import "keycare/rotate/state"

// leakedSafeguards are those of a key that leaked, to be taken out one by one.
type leakedSafeguards struct {
	forgotten bool // a later step does not know that it leaked
	waits     bool // the command of the settings comes first, as in a plain rotation
}

// leak puts into the journal what it says about a key that leaked.
func (m *model) leak(s *mstate, j *state.Journal) {
	if s.leaked == 0 {
		return
	}
	if s.leaked == 1 {
		j.Retire = state.Deactivate
	}
	j.Compromised = !m.forgotten && !(m.waits && j.Direction == state.Undecided)
}

// hurries is modelled after cycle.hurries.
func (s mstate) hurries() bool {
	d := dirs[s.dir]
	return s.leaked > 0 && (d == state.Retire || d == state.Undecided && s.sw > 0) &&
		answer(s.w.offv) != yes && answer(s.w.offv) != no && answer(s.w.gone) != yes
}

// checkLeaked holds a state against what is promised about a leaked key: once the
// rotation is closed with the new one, it works no more, unless a person wanted that.
func (m *model) checkLeaked(s mstate) {
	if s.leaked > 0 && s.closed > 0 && s.alive == 0 && s.fresh == keyLive && s.old == keyLive && s.wanted+s.kept+s.asked == 0 {
		m.fail(s, "closed, and the leaked key works")
	}
}
