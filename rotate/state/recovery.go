package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// The recovery file has two lines of fixed length, one for each pair: writing
// the second needs no new space on disk and cannot harm the first.
const recoveryLine = 512

type recoveryPair struct {
	ID     string `json:"aws_access_key_id"`
	Secret string `json:"aws_secret_access_key"`
}

func recoveryRecord(p credfile.Pair) ([]byte, error) {
	b, err := json.Marshal(recoveryPair{p.ID, p.Secret.Reveal()})
	if err != nil || len(b) >= recoveryLine {
		return nil, fmt.Errorf("key %s does not fit into the recovery file", p.ID)
	}
	b = append(b, bytes.Repeat([]byte{' '}, recoveryLine-1-len(b))...)
	return append(b, '\n'), nil
}

// OpenRecovery makes the recovery file with the old pair and room for the new.
func (s Folder) OpenRecovery(id string, old credfile.Pair) error {
	if err := s.Trusted(); err != nil {
		return err
	}
	b, err := recoveryRecord(old)
	if err != nil {
		return err
	}
	b = append(b, bytes.Repeat([]byte{' '}, recoveryLine-1)...)
	write := func() error { return disk.WriteNew(s.Disk, s.RecoveryPath(id), append(b, '\n'), 0o600) }
	err = write()
	if errors.Is(err, fs.ErrNotExist) && s.Init() == nil { // somebody removed the folder meanwhile
		err = write()
	}
	if err != nil {
		return fmt.Errorf("cannot write the recovery file: %w", err)
	}
	return s.Disk.SyncDir(s.RotationsDir())
}

// KeepNew writes the new pair into the recovery file.
func (s Folder) KeepNew(id string, pair credfile.Pair) (err error) {
	b, err := recoveryRecord(pair)
	if err != nil {
		return err
	}
	if err := s.Trusted(); err != nil {
		return err
	}
	f, err := s.Disk.OpenWrite(s.RecoveryPath(id))
	if err != nil {
		return fmt.Errorf("cannot write the recovery file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if n, err := f.WriteAt(b, recoveryLine); err != nil || n < len(b) {
		return fmt.Errorf("cannot write the recovery file: %w", err)
	}
	return f.Sync()
}

// KeepPairs makes sure that the recovery file has the new pair, and the old one
// where that is known still: it makes the file anew where it is gone.
func (s Folder) KeepPairs(id string, old, fresh credfile.Pair) error {
	kept, keptNew, ok, err := s.Recovery(id)
	switch {
	case err != nil:
		return err
	case ok && keptNew.Equal(fresh) && (kept.Equal(old) || old.Secret.Empty()):
		return nil
	case ok && kept.Equal(old):
		return s.KeepNew(id, fresh)
	case ok: // a damaged one; the pairs that are known come from the files
		if err := s.DropRecovery(id); err != nil {
			return err
		}
	}
	if err := s.OpenRecovery(id, old); err != nil {
		return err
	}
	return s.KeepNew(id, fresh)
}

// Recovery returns the pairs of the recovery file; the second is empty before
// KeepNew. ok is false where there is no such file.
func (s Folder) Recovery(id string) (old, fresh credfile.Pair, ok bool, err error) {
	b, err := s.readOwn(s.RecoveryPath(id), 2*recoveryLine)
	if errors.Is(err, fs.ErrNotExist) {
		return old, fresh, false, nil
	}
	if err != nil {
		return old, fresh, false, err
	}
	pairs := [2]credfile.Pair{}
	for i := range pairs {
		line := bytes.TrimSpace(b[min(len(b), i*recoveryLine):min(len(b), (i+1)*recoveryLine)])
		var r recoveryPair
		if len(line) > 0 && json.Unmarshal(line, &r) == nil && show.IsKeyID(r.ID) { // a torn second record is as good as none
			pairs[i] = credfile.Pair{ID: r.ID, Secret: credfile.NewSecret(r.Secret)}
		}
	}
	return pairs[0], pairs[1], true, nil
}

// DropRecovery removes the recovery file.
func (s Folder) DropRecovery(id string) error {
	if err := disk.RemoveIfThere(s.Disk, s.RecoveryPath(id)); err != nil {
		return fmt.Errorf("cannot remove the recovery file: %w", err)
	}
	return s.Disk.SyncDir(s.RotationsDir())
}

// WithoutJournal returns the IDs of recovery files that have no journal: somebody
// removed it, and what was decided is not known any more.
func (s Folder) WithoutJournal() ([]string, error) {
	entries, err := s.readDir()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".recovery")
		if !ok || !IsID(id) {
			continue
		}
		if _, err := s.Disk.Lstat(s.JournalPath(id)); errors.Is(err, fs.ErrNotExist) && s.vanished(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
