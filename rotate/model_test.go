package rotate

import (
	"fmt"
	"strings"

	"keycare/rotate/state"
)

// This file explores next in a small world to exhaustion: every order of steps,
// crashes, lost and late replies, stale and flapping answers, a program that
// writes an older copy of a file and truncates it first, a person who makes a
// key or puts an old file back, within the budgets of bounds. The effects of
// steps are modelled after act.go and look.go.

// What a place holds.
const (
	plOld uint8 = iota
	plNew
	plMix  // an ID of one with the secret of the other
	plTorn // truncated, being written
	plGone // a copy that a person removed; place 1 alone may be one
)

// What IAM has of a key.
const (
	keyNone uint8 = iota
	keyLive
	keyGone
	keyOff // Inactive
)

// What the recovery file holds.
const (
	recNone uint8 = iota
	recOld
	recBoth
	recNew // after a grace: the old secret is not known any more
)

// mstate is one state of the world: comparable and small, for millions are kept.
type mstate struct {
	place      [2]uint8
	copy, busy uint8 // what the other program holds of place 0; 1 copied, 2 truncated
	slow       uint8 // it takes longer than settleRename

	old, fresh   uint8 // keys; fresh is one whose secret reached us
	lost, flying uint8 // live keys whose secret nobody has; creates that may still land
	person       uint8 // a key of a person's or of keycare on another machine: pn...

	// on disk
	journal, dir, jNew, sends, orphans, rec uint8

	off, due uint8 // the deactivation of the old key: 1 sent, 2 answered; the grace has ended

	putBack           uint8 // the grace began because a program had put the old key back
	sw, asked, newOff uint8 // the switch has begun; a person went back; the new key was made Inactive then
	kept, aside       uint8 // a person closed it with both keys; what the recovery file held is set aside

	wanted, banned, used uint8 // a person made the old key Active again, or Inactive; or used it after the switch
	restored             uint8 // a person put an old copy of a file back
	copies, after, taken uint8 // place 1 is a copy, which may be removed; the command of the settings: 1 wanted, 2 started, 3 done, 4 back; what it took: OLD, NEW
	grace, noOff         uint8 // of the world: the rotation has a grace; iam:UpdateAccessKey is denied
	leaked               uint8 // of the world: the old key leaked, and 1 is made Inactive, 2 deleted

	// the running process; all zero while none runs
	alive uint8
	w     mworld

	// budgets that are left
	crash, flap, lose, write, act uint8
	expired                       uint8 // watchFor has passed since the last send: nothing lands any more and lists are true
	ending                        uint8 // closing has begun: the last look is over
	closed                        uint8 // the journal was removed
	told                          uint8 // the watch closed and named a key that is left
}

// mworld is World, small.
type mworld struct {
	haveOld, haveNew, resumed, late                               uint8
	files, newSTS, newIAM                                         uint8
	oldSTS, oldIAM, back, listed, gone                            uint8
	switches                                                      uint8
	decided                                                       uint8 // in this run
	unknown, proof, full                                          uint8 // unknown: 1 the lost key, 2 the person's, 3 both
	offv, offEarlier, offHere, quiet, putBack, on, broken, unused uint8
	mayOn                                                         uint8 // the last proof's list showed the old key Active
	newAbsent, newOff                                             uint8
	askedUse                                                      uint8 // and it was not used by then
	after                                                         uint8 // the command's answer
	quietTrue                                                     uint8 // the list that found the old key off was right, or wrong by budget
}

var dirs = []state.Direction{state.Undecided, state.Undo, state.Retire, state.Watch, state.Grace, state.Keep}

func dirOf(d state.Direction) uint8 {
	for i := range dirs {
		if dirs[i] == d {
			return uint8(i)
		}
	}
	panic(d)
}

// model is a world with one of its safeguards taken out, or none.
type model struct {
	noBindUndo, noBindRetire bool // later runs do not know the decision
	bySigns                  bool // a key that is new, alone and never used, as IAM shows it by then, counts as ours
	hasty                    bool // the watch does not wait until IAM would show a use
	dropEarly                bool // the recovery file goes before the retirement
	noWatch                  bool // a doubtful create is forgotten at the end
	emptyIsForeign           bool // a truncated file is read as "key not held"
	retireSafeguards
	choiceSafeguards
	copySafeguards
	leakedSafeguards

	bounds   mstate
	seen     map[mstate]struct{}
	ended    map[mstate]struct{} // where mustEnd began
	queue    []mstate
	violated string
	from     map[mstate]mstate // for traces
	origin   mstate            // of the run that must end
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func (m *model) step(s *mstate) (step, string) {
	j := state.Journal{Direction: dirs[s.dir]}
	if s.jNew > 0 {
		j.New = "NEW"
	}
	j.Sends = make([]state.Send, s.sends)
	if s.w.resumed > 0 && s.w.decided == 0 && (m.noBindUndo && j.Direction == state.Undo || m.noBindRetire && j.Direction == state.Retire) {
		j.Direction = state.Undecided
	}
	j.Off = []state.Off{"", state.OffSent, state.OffDone}[s.off]
	j.After = m.afterOf(s)
	m.leak(s, &j)
	j.SwitchBegun, j.UndoAsked, j.PutBack = s.sw > 0, s.asked > 0, s.putBack > 0
	if s.grace > 0 {
		j.Grace = MinGrace
	}
	w := observed{
		HaveOld: s.w.haveOld > 0, HaveNew: s.w.haveNew > 0, Resumed: s.w.resumed > 0, Late: s.w.late > 0, Due: j.Direction != state.Grace || s.due > 0, Switches: int(s.w.switches),
		Files: filesState(s.w.files), OldSTS: answer(s.w.oldSTS), OldIAM: answer(s.w.oldIAM), NewSTS: answer(s.w.newSTS), NewIAM: answer(s.w.newIAM),
		Back: answer(s.w.back), Listed: answer(s.w.listed), Gone: answer(s.w.gone), Proof: answer(s.w.proof), Full: s.w.full > 0,
		Unused: answer(s.w.unused), After: answer(s.w.after), retiring: m.retiring(s),
		KnowNew: s.held(plNew), NewAbsent: answer(s.w.newAbsent), NewOff: answer(s.w.newOff),
	}
	if s.w.unknown > 0 {
		w.Unknown = []string{"SOME"}
	}
	return next(&j, w)
}

func (m *model) fail(s mstate, format string, args ...any) {
	if m.violated == "" {
		m.violated = fmt.Sprintf(format, args...) + fmt.Sprintf("\nin %+v", s)
		if m.from != nil {
			var trace []string
			start := s
			if _, ok := m.from[s]; !ok {
				start = m.origin
				trace = append(trace, "and then, with nothing going wrong, the end")
			}
			for at, ok := start, true; ok; at, ok = m.from[at] {
				step, _ := m.step(&at)
				trace = append(trace, fmt.Sprintf("%s: %+v", step, at))
				if len(trace) > 60 || m.from[at] == at {
					break
				}
			}
			m.violated += "\n" + strings.Join(trace, "\n")
		}
	}
}

// check holds a state against the promise.
func (m *model) check(s mstate) {
	live := func(p uint8) bool { return p == plOld && s.old == keyLive || p == plNew && s.fresh == keyLive }
	inFiles := live(s.place[0]) && (live(s.place[1]) || s.place[1] == plGone)
	restorable := s.rec >= recOld && s.rec <= recBoth && s.old == keyLive || s.rec >= recBoth && s.fresh == keyLive
	restorable = restorable || s.aside > 0 && (s.aside <= recBoth && s.old == keyLive || s.aside >= recBoth && s.fresh == keyLive)
	// In a grace the new pair is put back from the place that has it.
	restorable = restorable || s.journal > 0 && dirs[s.dir] == state.Grace && s.fresh == keyLive && s.held(plNew)
	// Not promised: a person who switches the old key off in its grace, while old
	// copies come back into every place.
	restorable = restorable || dirs[s.dir] == state.Grace && s.banned > 0 && s.restored > 0
	if !inFiles && !restorable && s.busy == 0 {
		m.fail(s, "no usable or restorable key")
	}
	m.checkLeaked(s)
	if s.closed > 0 && s.alive == 0 && (s.lost > 0 && s.told == 0 || s.flying > 0) {
		m.fail(s, "a key that nobody can name")
	}
	if s.closed > 0 && s.alive == 0 && s.fresh == keyLive && s.leaked != 1 && (s.old == keyLive || s.old == keyOff) && s.wanted+s.used+s.kept+s.asked == 0 {
		m.fail(s, "closed with two keys")
	}
	m.checkTaken(s)
	if s.banned > 0 && s.old == keyLive {
		m.fail(s, "a key is on that a person switched off")
	}
}

func (m *model) add(from, s mstate) {
	if _, ok := m.seen[s]; ok {
		return
	}
	m.seen[s] = struct{}{}
	if m.from != nil {
		m.from[s] = from
	}
	m.check(s)
	m.queue = append(m.queue, s)
}

// explore runs to exhaustion or to the first violation and returns the number
// of states.
func (m *model) explore() int {
	m.seen, m.ended = map[mstate]struct{}{}, map[mstate]struct{}{}
	start := m.bounds
	start.old, start.journal, start.rec = keyLive, 1, recOld
	start.alive, start.w = 1, mworld{haveOld: 1}
	m.add(start, start)
	for len(m.queue) > 0 && m.violated == "" {
		s := m.queue[len(m.queue)-1]
		m.queue = m.queue[:len(m.queue)-1]
		m.successors(s, func(n mstate) { m.add(s, n) })
		if s.alive == 0 && s.journal > 0 {
			m.mustEnd(s)
		}
	}
	return len(m.seen)
}

// mustEnd runs a later keycare from s with nothing going wrong any more: it must
// come to an end, and close unless a person acted.
func (m *model) mustEnd(s mstate) {
	m.origin = s
	s.crash, s.flap, s.lose, s.write, s.act = 0, 0, 0, 0, 0
	asked := s.restored + s.used + s.banned
	if s.leaked > 0 {
		asked += s.wanted // it stops as long as the leaked key is on
	}
	if s.busy == 2 || s.busy == 1 && s.ending == 0 { // the other program ends first
		s.place[0] = s.copy
	}
	s.busy, s.copy, s.slow = 0, 0, 0
	if _, ok := m.ended[s]; ok { // from other states it came to the same one
		return
	}
	m.ended[s] = struct{}{}
	for runs := 0; runs < 8 && s.journal > 0; runs++ {
		if s.place[1] == plGone && s.asked == 0 && runs >= missedEnough { // a person gives it up
			s.place[1] = s.place[0]
		}
		m.start(&s)
		if !m.toEnd(&s) {
			return
		}
		s.flying, s.expired, s.due = 0, 1, 1
		m.check(s)
	}
	if s.journal > 0 && dirs[s.dir] == state.Grace && s.restored > 0 && s.old == keyLive { // the way out of that
		m.undo(s, func(n mstate) { s = n })
		m.toEnd(&s)
	}
	if s.journal > 0 && dirs[s.dir] == state.Undo && s.newOff > 0 && s.fresh == keyOff && s.alive == 0 { // it rests until a person deletes the new key
		s.fresh = keyGone
		for runs := 0; runs < 3 && s.journal > 0; runs++ {
			m.start(&s)
			m.toEnd(&s)
		}
		m.check(s)
		asked = 0
	}
	if s.journal > 0 && asked == 0 {
		m.fail(s, "a rotation that never closes")
	}
}

// toEnd takes the steps of a run with nothing going wrong.
func (m *model) toEnd(s *mstate) bool {
	for steps := 0; s.alive > 0; steps++ {
		if steps > 100 {
			m.fail(*s, "a run that never ends")
			return false
		}
		first := true
		m.act(*s, func(n mstate) {
			if first {
				*s, first = n, false
			}
		})
	}
	return true
}

// start begins a later run from what is on disk.
func (m *model) start(s *mstate) {
	s.alive = 1
	s.w = mworld{resumed: 1, haveOld: b2u(s.rec == recOld || s.rec == recBoth), haveNew: b2u(s.rec >= recBoth)}
	s.w.offEarlier = b2u(s.off == 1)
	if s.off == 2 {
		s.w.offv = uint8(yes)
	}
	if s.w.haveNew > 0 && s.jNew == 0 { // a crash right after the new pair was kept
		s.jNew = 1
		s.sends--
	}
}

func (s mstate) keys() int {
	return int(b2u(s.old == keyLive || s.old == keyOff) + b2u(s.fresh == keyLive || s.fresh == keyOff) + s.lost + b2u(s.person != pnNone))
}

// die ends the process; what it knew is gone.
func die(s mstate) mstate {
	s.alive, s.w = 0, mworld{}
	return s
}
