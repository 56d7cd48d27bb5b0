package rotate

import "keycare/credfile/show"

// Progress sees long work live. Next begins a part of it, of so many units (0 for
// work that is not counted), and Add counts those that are done.
type Progress interface {
	Next(text, unit string, total int)
	Add(n int)
}

type nobodyLooks struct{}

func (nobodyLooks) Next(string, string, int) {}
func (nobodyLooks) Add(int)                  {}

// about begins a part of the work on so many keys: one is not counted.
func (rot *Rotator) about(text string, keys int) {
	if keys > 1 {
		rot.Progress.Next(text, "key", keys)
	} else {
		rot.Progress.Next(text, "", 0)
	}
}

// showStep shows what a rotation does. Steps that look and ask are quick, and stand
// between waits: they change nothing here. Of several rotations the number shows.
func (r *cycle) showStep(s step) {
	text := ""
	switch s {
	case stepWait:
		what := "waiting for AWS"
		if r.j.Direction == "" && r.fresh.ID != "" && (r.seen.NewSTS != yes || r.seen.NewIAM != yes) {
			what = "waiting for AWS to accept the new key"
		}
		text = what + ", up to " + show.Duration(r.Timeout)
	case stepFreeSlot, stepCreate:
		text = "creating the new key"
	case stepSwitch, stepPutBack:
		text = "putting the new key into the files"
	case stepTurnOff, stepRetire:
		text = "retiring the old key"
	case stepDecideUndo, stepRestore, stepDeleteNew:
		text = "rolling back"
	}
	if text != "" && r.name == "" {
		r.Progress.Next(text, "", 0)
	}
}
