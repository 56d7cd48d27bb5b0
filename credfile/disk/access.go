package disk

import "io/fs"

// Access is what others than a file's user may do with it.
type Access struct {
	Mode    fs.FileMode // 0o004 if somebody may read it, 0o002 if somebody may change it
	Others  []Other     // who may
	Foreign bool        // it belongs to another user
	System  bool        // that user is one of the system's
}

// Other is an account that has rights to a file.
type Other struct{ Name, SID string }

// SIDs are those of the accounts.
func SIDs(others []Other) (sids []string) {
	for _, o := range others {
		sids = append(sids, o.SID)
	}
	return sids
}
