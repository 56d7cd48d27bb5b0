package state

import (
	"strings"

	"keycare/credfile/facts"
	"keycare/credfile/sorting"
)

// Rotations returns what the state folder holds of rotations in flight, oldest
// first, for an audit. A journal that cannot be read is one of stage "damaged",
// and no recovery file is opened.
func (s Folder) Rotations() ([]facts.Rotation, error) {
	entries, err := s.readDir()
	if err != nil {
		return nil, err
	}
	found := map[string]*facts.Rotation{}
	at := func(id string) *facts.Rotation {
		if found[id] == nil {
			found[id] = &facts.Rotation{ID: id}
		}
		return found[id]
	}
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".recovery"); ok {
			r := at(id)
			r.Recovery = true
			if !r.Journal {
				r.Path = s.RecoveryPath(id)
			}
		}
	}
	for _, id := range journalIDs(entries) {
		if _, err := s.Disk.Lstat(s.JournalPath(id)); err != nil && s.vanished(id) == nil {
			continue // never came to be
		}
		r := at(id)
		r.Journal, r.Path, r.Stage = true, s.JournalPath(id), "damaged"
		s.describe(r)
	}
	all := make([]facts.Rotation, 0, len(found))
	for _, r := range found {
		all = append(all, *r)
	}
	sorting.By(all, func(a, b facts.Rotation) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, nil
}

func (s Folder) describe(r *facts.Rotation) {
	j, err := s.Journal(r.ID)
	if err != nil || j == nil {
		return
	}
	r.Profile, r.Old, r.New, r.Since, r.Until = j.Profile, j.Old, j.New, j.Started, j.GraceEnds
	if j.Root != nil {
		r.Root, r.Account = true, j.Root.Root.Account
	}
	r.Stage = string(j.Direction)
	switch {
	case j.OnlyOwed():
		r.Stage = facts.StageOwed
	case j.Direction == Undecided:
		r.Stage = "unfinished"
	}
}
