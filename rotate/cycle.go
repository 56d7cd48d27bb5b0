package rotate

import (
	"context"
	"errors"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// cycle is one rotation being carried out, from its journal.
type cycle struct {
	*Rotator
	name   string // goes before what is said, where several go on at the same time
	aws    *client.AWS
	help   client.Signer // signs for the key where Auth says so
	helpBy string        // the ID of the key whose session that is
	j      *state.Journal
	seen   observed
	writer *credfile.Writer

	old, fresh credfile.Pair // from the recovery file; fresh is the new key
	back       credfile.Pair // as re-read from the files
	wrong      credfile.Pair // a place's: the new key's ID with a secret that is not its own
	backAt     time.Time     // when that was proved, by AWS's clock
	listedAt   time.Time     // when the user's keys were listed last, by AWS's clock
	renamed    time.Time     // when this run wrote the files last; a later run: when it looked first
	activeAt   time.Time     // when a list showed the old key Active although it was made Inactive
	quietAt    time.Time     // when a list showed it Inactive
	oldActive  bool          // the list that was asked for with the last proof before that showed it Active
	unknown    []client.Key  // of that list: those that Unknown names
	orphan     string        // the one of them that is proved to be of a lost reply
	noProof    error         // why CloudTrail could not be asked

	began    time.Time
	deadline time.Time
	wait     time.Duration
	proofs   map[string]proof // what AWS said about the keys, by ID
	kept     string           // why both keys are kept, for people
	why      error            // the last thing that went wrong, for people
	decided  bool             // the direction is this run's decision
	owed     bool             // an earlier run had closed it and owes a report
}

func newCycle(rot *Rotator, a *client.AWS, j *state.Journal) *cycle {
	r := &cycle{Rotator: rot, aws: a, j: j, proofs: map[string]proof{}, began: rot.Now(), wait: firstWait} // j.Started is the same moment by AWS's clock
	r.deadline = r.began.Add(rot.Timeout)
	r.writer = rot.writerOf(j)
	return r
}

// say tells a person what is happening to this rotation.
func (r *cycle) say(format string, args ...any) { r.Rotator.say(r.name+format, args...) }

// newID is the new key's ID, from the recovery file where a crash kept it out
// of the journal.
func (r *cycle) newID() string {
	if r.j.New == "" {
		return r.fresh.ID
	}
	return r.j.New
}

// awsTime is a time of this machine's clock by AWS's clock.
func (r *cycle) awsTime(t time.Time) time.Time { return r.j.Started.Add(t.Sub(r.began)) }

// by returns who signs a call to IAM: the helper, else the key itself.
func (r *cycle) by(p credfile.Pair) client.Signer {
	if r.help != nil {
		return r.help
	}
	return client.SignerOf(p)
}

// pause waits and forgets what may have changed.
func (r *cycle) pause(ctx context.Context) error {
	left := r.deadline.Sub(r.Now())
	if err := r.Wait(ctx, min(r.wait, max(left, time.Millisecond))); err != nil {
		return err
	}
	r.wait = min(2*r.wait, longestWait)
	for _, s := range []*answer{&r.seen.NewSTS, &r.seen.NewIAM, &r.seen.OldSTS, &r.seen.OldIAM, &r.seen.Back, &r.seen.Listed, &r.seen.Proof, &r.seen.NewAbsent, &r.seen.NewOff} {
		if *s != yes {
			*s = unasked
		}
	}
	if r.seen.Off != yes && r.seen.Off != no {
		r.seen.Off = unasked
	}
	if r.seen.Gone != yes {
		if r.seen.Gone == silent || r.Now().Sub(r.quietAt) > activeTwice {
			r.seen.OldQuiet = unasked
		}
		r.seen.Gone = unasked
		r.seen.Files = filesUnread // looked at anew before every attempt
	}
	if r.seen.Files == filesDoubtful {
		r.seen.Files = filesUnread
	}
	return nil
}

// decide writes a binding decision down before anything is done about it.
func (r *cycle) decide(d state.Direction) error {
	before := r.j.Direction
	r.j.Direction = d
	if err := r.State.Save(r.j); err != nil {
		r.j.Direction = before
		return err
	}
	r.seen.Files = filesUnread
	if r.decided = true; d == state.Undo {
		r.say("rolling back: keeping the old key %s, retiring the new key %s", r.j.Old, r.j.New)
		r.deadline = r.Now().Add(r.Timeout)
	}
	return nil
}

func (rot *Rotator) writerOf(j *state.Journal) *credfile.Writer {
	return &credfile.Writer{Disk: rot.Disk, Tag: j.ID, Wait: rot.Wait, DropAttributes: rot.DropACL}
}

// sweep removes what a run that was interrupted left beside the files, and brings
// back a file that vanished in it.
func (rot *Rotator) sweep(j *state.Journal) error {
	w := rot.writerOf(j)
	errs := []error{w.Sweep(j.Paths.Credentials), w.Sweep(j.Paths.Config)}
	for _, path := range slices.Concat(j.Paths.Copies, j.Dropped) {
		errs = append(errs, w.Sweep(path))
	}
	return errors.Join(errs...)
}

// close ends a rotation: history, then recovery file, then journal. A create
// whose reply was lost may still land for as long as its signature is good, so
// its journal stays as a watch; that of a leaked key stays until Told.
func (r *cycle) close(out Outcome) error {
	if err := r.sweep(r.j); err != nil {
		return halfDone(r.j, "everything is done, but temporary files could not be removed", err)
	}
	if out == Rotated || r.j.New != "" || r.j.FreeSlot != "" || len(r.j.Orphans) > 0 {
		if err := r.addHistory(out); err != nil {
			return halfDone(r.j, "everything is done, but keycare could not close its notes", err)
		}
	}
	if err := r.State.DropRecovery(r.j.ID); err != nil {
		return halfDone(r.j, "everything is done, but keycare could not close its notes", err)
	}
	r.j.Owed = !r.j.OffAt.IsZero()
	if mayStillLand(r.j) {
		if r.j.Direction = state.Watch; len(r.unknown) > 0 {
			r.j.Watched = r.unknown[0].ID
		}
		if err := r.State.Save(r.j); err != nil {
			return halfDone(r.j, "everything is done, but keycare could not close its notes", err)
		}
		return nil
	}
	if err := r.dropJournal(); err != nil {
		return halfDone(r.j, "everything is done, but keycare could not close its notes", err)
	}
	return nil
}

// dropJournal is the last act of a rotation and of a watch. What a leaked key did is
// still to be told then.
func (r *cycle) dropJournal() error {
	if !r.j.Owed {
		return r.State.Remove(r.j.ID)
	}
	if r.j.Direction == state.Watch {
		r.j.Direction, r.j.Sends = state.Retire, nil
	}
	return r.State.Save(r.j)
}

func (r *cycle) addHistory(out Outcome) error {
	r.files.Lock()
	defer r.files.Unlock()
	return r.State.AddHistory(historyOf(r.j, out), r.Now())
}
