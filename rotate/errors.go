package rotate

import (
	"errors"
	"fmt"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// Refused says why a key is not rotated, before anything was done.
type Refused struct{ Why string }

func (e *Refused) Error() string { return e.Why }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// tooYoung says that a key is younger than it may get.
type tooYoung struct {
	ID        string
	Age, Most time.Duration
}

func (e *tooYoung) Error() string {
	return fmt.Sprintf("key %s is %d days old, it is due after %d", e.ID, e.Age/day, e.Most/day)
}

// fullSlots says that the user got a second key since its keys were listed.
type fullSlots struct {
	user, profile string
	err           error
}

func (e *fullSlots) Error() string {
	return fmt.Sprintf("user %s got a second key just now, perhaps by keycare on another machine that uses the same key. %s: %v",
		e.user, otherMachine(e.profile), e.err)
}

func (e *fullSlots) Unwrap() error { return e.err }

// otherMachine says what to do where the same key is also used elsewhere.
func otherMachine(profile string) string {
	return fmt.Sprintf("If so, copy the new key from there into profile %s here", word(profile))
}

// HalfDone says that a rotation stopped after the new key was made, or may have
// been. A working key is in the files; the journal has the rest.
type HalfDone struct {
	Journal *state.Journal
	Why     string
	Err     error
	Ways    []Way  // commands that would not be refused now, beside "keycare resume"
	Refused string // the flag that a person gave and that is refused in this state
}

func halfDone(j *state.Journal, why string, err error) *HalfDone {
	return &HalfDone{Journal: j, Why: why, Err: err}
}

func refusedHalf(j *state.Journal, flag, why string, err error) *HalfDone {
	return &HalfDone{Journal: j, Why: why, Err: err, Refused: flag}
}

func (e *HalfDone) Error() string {
	msg := fmt.Sprintf("the rotation of key %s of user %s stopped half way: %s", e.Journal.Old, e.Journal.UserName, e.Why)
	switch {
	case e.Refused != "":
		msg = fmt.Sprintf("%s is refused for the rotation of key %s of user %s: %s", e.Refused, e.Journal.Old, e.Journal.UserName, e.Why)
	case e.Journal.Old == "":
		msg = "a rotation stopped half way: " + e.Why
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	if errors.Is(e.Err, errRootNotTyped) {
		return fmt.Sprintf("the files hold key %s of user %s, and it works; the root key %s is still there, too: run \"keycare resume\" in a terminal and type its ID to delete it",
			e.Journal.New, e.Journal.UserName, e.Journal.Old)
	}
	return msg + "\n\"keycare status\" shows it" + e.ways()
}

// ways are the commands that are not refused in the state in which it stopped.
func (e *HalfDone) ways() string {
	if e.Journal.Profile == "" {
		return ""
	}
	text := ", \"keycare resume\" " + map[state.Direction]string{
		state.Undecided: "finishes or undoes it", state.Undo: "goes on with undoing it", state.Keep: "closes it", state.Watch: "looks again",
		state.Grace: "goes on with it", state.Retire: "goes on with it",
	}[e.Journal.Direction]
	for _, w := range e.Ways {
		text += fmt.Sprintf("; \"%s\" %s", w.Command, w.Does)
	}
	return text
}

func (e *HalfDone) Unwrap() error { return e.Err }

// damagedIsHalfDone returns err with each journal that cannot be understood told
// as a rotation that stopped half way, for it may be one.
func damagedIsHalfDone(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range several.Unwrap() {
			all = append(all, damagedIsHalfDone(e))
		}
		return errors.Join(all...)
	}
	if damaged, ok := err.(*state.Damaged); ok {
		return &HalfDone{Journal: &state.Journal{ID: damaged.ID, UserName: "(unknown)"}, Why: damaged.Error()}
	}
	return err
}

// InFlight returns the rotations that are not closed, oldest first. A journal
// that cannot be understood is a *HalfDone in the error, beside those that can.
func InFlight(s state.Folder) ([]*state.Journal, error) {
	js, err := s.Journals()
	return js, damagedIsHalfDone(err)
}

// OldKeyUsed says that somebody used the old key after the switch, and not a
// whole grace ago.
type OldKeyUsed struct {
	Use   facts.Use
	Grace time.Duration
}

func (e *OldKeyUsed) Error() string {
	return fmt.Sprintf("used %s for %s in %s; find out who uses it, for it is retired when nobody has used it for %s; if this user's key is also on another machine, copy the new one there",
		e.Use.At.UTC().Format(show.TimeFormat), e.Use.Service, e.Use.Region, show.Duration(e.Grace))
}

// errRootNotTyped says that nobody typed the root key's ID.
var errRootNotTyped = errors.New("the ID of the root key was not typed")

// errAbort wraps an error after which nothing is left half done: the journal is
// closed and the error is the result.
type errAbort struct{ error }

func (e errAbort) Unwrap() error { return e.error }
