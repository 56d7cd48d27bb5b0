package rotate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Options is all that a rotation needs to know. The zero values of Retire and
// Timeout mean Delete and DefaultTimeout.
type Options struct {
	Paths   credfile.Paths
	State   state.Folder
	Disk    disk.FS
	Retire  state.Retirement
	Timeout time.Duration
	// Grace leaves the old key active for so long after the switch; 0 retires it
	// at once. The least is MinGrace.
	Grace time.Duration
	// FreeSlot says what may be deleted to make room for the new key.
	FreeSlot FreeSlot
	Auth     state.Auth
	// MFACode asks for a code of an MFA device; nil means that nobody can be asked.
	MFACode func(serial string) (string, error)
	// Connect returns the way to AWS for a profile; nil means Connect.
	Connect func(ctx context.Context, paths credfile.Paths, profile string) (*client.AWS, error)
	Now     func() time.Time
	Wait    func(context.Context, time.Duration) error
	// Confirm asks a person. nil means that nobody can be asked: whatever needs
	// an answer is refused.
	Confirm func(question string) (bool, error)
	// Yes answers the questions that --yes may answer.
	Yes bool
	// Never bars a profile, or a key in it, from any call to AWS; may be nil.
	Never func(profile, keyID string) bool
	// OlderThan leaves alone the keys that are not older, in whole days; 0 means
	// whatever their age.
	OlderThan time.Duration
	// KeepBoth lets Resume close rotations that have switched without retiring
	// the old key.
	KeepBoth bool
	// AskLine asks a person for a line; nil means that nobody can be asked.
	AskLine func(prompt string) (string, error)
	// Say tells a person what is happening, a line at a time. It is never nil.
	Say func(format string, args ...any)

	root   *RootOptions // while a root key is replaced
	shared *sync.Mutex  // what is said, and counters
	asking *sync.Mutex  // questions, one at a time
	files  *sync.Mutex  // writes of the shared files and the history
}

// DefaultTimeout bounds how long a rotation waits for AWS: new keys take
// seconds to spread, rarely a minute.
const DefaultTimeout = 2 * time.Minute

// MinGrace is the shortest grace: IAM records the last use of a key within a
// quarter of an hour, and a shorter grace would learn nothing from it.
const MinGrace = time.Hour

const (
	// createTimeout bounds the one call that Ctrl-C does not stop.
	createTimeout = 30 * time.Second
	// callTimeout bounds every other call, its retries included.
	callTimeout = 30 * time.Second
	// settle is the time between two reads that must be equal before something
	// is deleted because of them.
	settle = 200 * time.Millisecond

	firstWait, longestWait = 200 * time.Millisecond, 2 * time.Second
)

// HalfDone says that a rotation stopped after the new key was made, or may have
// been. A working key is in the files; the journal has the rest.
type HalfDone struct {
	Journal *state.Journal
	Why     string
	Err     error
}

func (e *HalfDone) Error() string {
	msg := fmt.Sprintf("the rotation of key %s of user %s stopped half way: %s", e.Journal.Old, e.Journal.UserName, e.Why)
	if e.Journal.Old == "" {
		msg = "a rotation stopped half way: " + e.Why
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	if errors.Is(e.Err, ErrRootNotConfirmed) {
		return fmt.Sprintf("the files hold key %s of user %s, and it works; the root key %s is still there, too: run \"keycare resume\" in a terminal and type its ID to delete it",
			e.Journal.New, e.Journal.UserName, e.Journal.Old)
	}
	what := "finishes or undoes it"
	if e.Journal.Direction == state.Retire || e.Journal.Direction == state.Grace {
		what = "goes on with it"
	}
	return msg + "\n\"keycare status\" shows it, \"keycare resume\" " + what + "; where it cannot, \"keycare resume --keep-both\" closes it and deletes nothing"
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
		return &HalfDone{&state.Journal{ID: damaged.ID, UserName: "(unknown)"}, damaged.Error(), nil}
	}
	return err
}

// InFlight returns the rotations that are not closed, oldest first. A journal
// that cannot be understood is a *HalfDone in the error, beside those that can.
func InFlight(s state.Folder) ([]*state.Journal, error) {
	js, err := s.Journals()
	return js, damagedIsHalfDone(err)
}

// run is one rotation being carried out, from its journal.
type run struct {
	*Options
	aws    *client.AWS
	help   client.Signer // signs for the key where Auth says so
	j      *state.Journal
	w      World
	writer *credfile.Writer

	old, fresh credfile.Pair // from the recovery file; fresh is the new key
	back       credfile.Pair // as re-read from the files
	backAt     time.Time     // when that was proved, by AWS's clock
	listedAt   time.Time     // when the user's keys were listed last, by AWS's clock

	began    time.Time
	deadline time.Time
	wait     time.Duration
	why      error // the last thing that went wrong, for people
}

func newRun(o *Options, a *client.AWS, j *state.Journal) *run {
	r := &run{Options: o, aws: a, j: j, began: o.Now(), wait: firstWait} // j.Started is the same moment by AWS's clock
	r.deadline = r.began.Add(o.Timeout)
	r.writer = &credfile.Writer{Disk: o.Disk, Tag: j.ID, Wait: o.Wait}
	return r
}

// errAbort wraps an error after which nothing is left half done: the journal is
// closed and the error is the result.
type errAbort struct{ error }

func (e errAbort) Unwrap() error { return e.error }

// loop takes steps until the rotation is closed or cannot go on.
func (r *run) loop(ctx context.Context) (Outcome, error) {
	for {
		r.w.Late = !r.Now().Before(r.deadline)
		r.w.Due = !r.j.Resting(r.Now())
		step, why := next(r.j, r.w)
		if ctx.Err() != nil && step != StepClose && step != StepCloseUndone {
			return r.interrupted(ctx)
		}
		switch step {
		case StepStop:
			return Unfinished, &HalfDone{r.j, why, r.why}
		case StepClose:
			return Rotated, r.close(Rotated)
		case StepCloseUndone:
			return Undone, r.close(Undone)
		case StepRest:
			return InGrace, nil
		}
		err := r.do(ctx, step)
		var abort errAbort
		switch {
		case err == nil:
		case errors.As(err, &abort):
			return Failed, errors.Join(r.withFreed(abort.error), r.close(Failed))
		case ctx.Err() != nil:
			return r.interrupted(ctx)
		default:
			return Unfinished, &HalfDone{r.j, "could not " + string(step), err}
		}
	}
}

// interrupted ends a run that a person stopped. Before a key was made nothing
// is left half done.
func (r *run) interrupted(ctx context.Context) (Outcome, error) {
	if !r.w.HaveNew && !r.w.Resumed && len(r.j.Sends) == 0 {
		return Failed, errors.Join(r.withFreed(context.Cause(ctx)), r.close(Failed))
	}
	return Unfinished, &HalfDone{r.j, "interrupted", context.Cause(ctx)}
}

// withFreed adds what an error would hide: that a key was deleted to make room.
func (r *run) withFreed(err error) error {
	if r.w.Slot != Yes {
		return err
	}
	return fmt.Errorf("%w (key %s was deleted to make room; nothing else was changed)", err, r.j.FreeSlot)
}

func (r *run) do(ctx context.Context, step Step) error {
	switch step {
	case StepWait:
		return r.pause(ctx)
	case StepLookFiles:
		return r.lookFiles(ctx)
	case StepLookList:
		return r.lookList(ctx)
	case StepFreeSlot:
		return r.freeSlot(ctx)
	case StepCreate:
		return r.create(ctx)
	case StepDeleteOrphan:
		return r.deleteOrphan(ctx)
	case StepProveNew:
		r.w.NewSTS, r.w.NewIAM = r.prove(ctx, r.fresh)
	case StepProveOld:
		r.w.OldSTS, r.w.OldIAM = r.prove(ctx, r.old)
	case StepSwitch, StepPutBack:
		return r.putNew(ctx, step)
	case StepReadBack:
		r.readBack(ctx)
	case StepEnterGrace:
		return r.enterGrace()
	case StepForget:
		r.w.HaveOld, r.w.HaveNew = false, false
		return r.State.DropRecovery(r.j.ID)
	case StepAskUse:
		r.askUse(ctx)
	case StepDecideRetire:
		if r.j.Root != nil {
			if err := r.confirmRoot(ctx); err != nil {
				return err
			}
		}
		return r.decide(state.Retire)
	case StepRetire:
		r.retire(ctx)
	case StepDecideUndo:
		return r.decide(state.Undo)
	case StepRestore:
		return r.restore(ctx)
	case StepDeleteNew:
		r.deleteNew(ctx)
	default:
		return fmt.Errorf("no such step %q", step)
	}
	return nil
}

// pause waits and forgets what may have changed.
func (r *run) pause(ctx context.Context) error {
	left := r.deadline.Sub(r.Now())
	if err := r.Wait(ctx, min(r.wait, max(left, time.Millisecond))); err != nil {
		return err
	}
	r.wait = min(2*r.wait, longestWait)
	for _, s := range []*Seen{&r.w.NewSTS, &r.w.NewIAM, &r.w.OldSTS, &r.w.OldIAM, &r.w.Back, &r.w.Listed} {
		if *s != Yes {
			*s = Unasked
		}
	}
	if r.w.Gone != Yes {
		r.w.Gone = Unasked
		r.w.Files = HoldUnread // looked at anew before every attempt
	}
	if r.w.Files == HoldDoubtful {
		r.w.Files = HoldUnread
	}
	return nil
}

// decide writes a binding decision down before anything is done about it.
func (r *run) decide(d state.Direction) error {
	r.j.Direction = d
	if err := r.State.Save(r.j); err != nil {
		r.j.Direction = state.Undecided
		return err
	}
	r.w.Files = HoldUnread
	if d == state.Undo {
		r.Say("undoing: the old key %s stays, the new key %s is deleted", r.j.Old, r.j.New)
		r.deadline = r.Now().Add(r.Timeout)
	}
	return nil
}

// close ends a rotation: history, then recovery file, then journal. A create
// whose reply was lost may still land for as long as its signature is good, so
// its journal stays as a watch.
func (r *run) close(out Outcome) error {
	if err := r.writerSweep(); err != nil {
		return &HalfDone{r.j, "all is done but for temporary files", err}
	}
	if out == Rotated || r.j.New != "" || r.j.FreeSlot != "" || len(r.j.Orphans) > 0 {
		if err := r.addHistory(out); err != nil {
			return &HalfDone{r.j, "all is done but the notes", err}
		}
	}
	if err := r.State.DropRecovery(r.j.ID); err != nil {
		return &HalfDone{r.j, "all is done but the notes", err}
	}
	if r.mayStillLand() {
		r.j.Direction = state.Watch
		if err := r.State.Save(r.j); err != nil {
			return &HalfDone{r.j, "all is done but the notes", err}
		}
		return nil
	}
	if err := r.State.Remove(r.j.ID); err != nil {
		return &HalfDone{r.j, "all is done but the notes", err}
	}
	return nil
}

func (r *run) addHistory(out Outcome) error {
	r.files.Lock()
	defer r.files.Unlock()
	return r.State.AddHistory(historyOf(r.j, out), r.Now())
}

func (r *run) writerSweep() error {
	for _, path := range []string{r.j.Paths.Credentials, r.j.Paths.Config} {
		if err := r.writer.Sweep(path); err != nil {
			return err
		}
	}
	return nil
}

// awsTime is a time of this machine's clock by AWS's clock.
func (r *run) awsTime(t time.Time) time.Time { return r.j.Started.Add(t.Sub(r.began)) }

func (r *run) mayStillLand() bool { return len(r.j.Sends) > len(r.j.Orphans) }
