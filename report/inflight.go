package report

import (
	"keycare/credfile/facts"
)

// flightOf is the rotation in flight that a key is the old or the new one of; nil
// if there is none.
func (a *auditor) flightOf(id string) *facts.Rotation {
	for i := range a.in.Rotations {
		if r := &a.in.Rotations[i]; id != "" && r.Journal && !r.Closed() && (r.Old == id || r.New == id) {
			return r
		}
	}
	return nil
}

// inFlight reports whether two keys of a user are there because of a rotation. One
// that has not noted its new key yet may have made any.
func (a *auditor) inFlight(id, other string) bool {
	r := a.flightOf(id)
	if r == nil {
		r = a.flightOf(other)
	}
	return r != nil && (r.New == "" || a.flightOf(id) == a.flightOf(other))
}

// replacesRoot reports whether a root key of the account is being replaced.
func (a *auditor) replacesRoot(account string) bool {
	for _, r := range a.in.Rotations {
		if r.Root && r.Account == account && r.Journal && !r.Closed() {
			return true
		}
	}
	return false
}
