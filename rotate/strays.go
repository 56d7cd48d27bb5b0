package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"keycare/credfile"
)

// strays returns the IDs of recovery files that have no journal: somebody
// removed it, and what was decided is not known any more.
func (s State) strays() ([]string, error) {
	entries, err := s.Disk.ReadDir(s.rotations())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the state folder: %w", err)
	}
	var ids []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".recovery")
		if !ok {
			continue
		}
		if _, err := s.Disk.Lstat(s.journalPath(id)); errors.Is(err, fs.ErrNotExist) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// resumeStray looks after a recovery file without a journal. It deletes no key,
// for nobody knows what was decided: where the files hold one of its pairs and
// that answers, the file is no longer needed and goes; otherwise it stays, for
// it may be all that has a working secret.
func (o *Options) resumeStray(ctx context.Context, id string) error {
	unlock, err := o.lock(ctx, o.lockNames(o.Paths))
	if err != nil {
		return err
	}
	defer unlock()
	old, fresh, ok, err := o.State.Recovery(id)
	if err != nil || !ok {
		return err
	}
	if j, err := o.State.Journal(id); err != nil || j != nil {
		return err // it has one now: a rotation has just begun
	}
	set, err := credfile.Load(o.Disk, o.Paths)
	if err != nil {
		return err
	}
	half := &HalfDone{Journal: &Journal{ID: id, Old: old.ID, New: fresh.ID, UserName: "(unknown)"}}
	for _, p := range []credfile.Pair{fresh, old} {
		if p.ID == "" {
			continue
		}
		for _, m := range set.Mentions(p.ID) {
			a, err := o.Connect(ctx, o.Paths, m.Profile)
			if err != nil {
				half.Err = err
				continue
			}
			if _, _, err := a.Identity(ctx, p); err != nil {
				half.Err = err
				continue
			}
			o.Say("profile %s holds key %s and it works, so the recovery file without a journal is removed; look whether both %s and %s are needed: aws iam list-access-keys --profile %s",
				m.Profile, p.ID, old.ID, orNone(fresh.ID), shellWord(m.Profile))
			return o.State.DropRecovery(id)
		}
	}
	half.Why = fmt.Sprintf("its journal is gone, and no file holds a working key of it: %s has the secrets", o.State.recoveryPath(id))
	return half
}

func orNone(id string) string {
	if id == "" {
		return "(none)"
	}
	return id
}
