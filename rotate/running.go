package rotate

import (
	"fmt"
	"slices"
	"time"

	"keycare/credfile/show"
)

// elsewhereNotes names the copies of a key that will not be changed along.
func (rot *Rotator) elsewhereNotes(id string, along []string) (notes []string) {
	if rot.Elsewhere == nil {
		return nil
	}
	paths, at := rot.Elsewhere(id)
	paths = slices.DeleteFunc(paths, func(p string) bool { return slices.Contains(along, p) })
	if len(paths) == 0 {
		return nil
	}
	verb := "copies of it stop"
	if len(paths) == 1 {
		verb = "copy of it stops"
	}
	return []string{fmt.Sprintf("%d %s working (scan of %s): keycare scan --key %s; text files can be changed along: --copies FILE", len(paths), verb, at.Format(time.DateOnly), id)}
}

// mostNamed bounds how many running programs are named.
const mostNamed = 5

// runningNotes names the programs that were started with a key and go on with it
// until they are started again, whatever the files say.
func (rot *Rotator) runningNotes(id string) (notes []string) {
	if rot.Running == nil {
		return nil
	}
	found := rot.Running(id)
	for _, p := range found[:min(len(found), mostNamed)] {
		notes = append(notes, fmt.Sprintf("process %d (%s) was started with key %s: start it again after the rotation", p.PID, show.Text(p.Program), id))
	}
	if more := len(found) - mostNamed; more > 0 {
		notes = append(notes, fmt.Sprintf("and %s more", show.Count(more, "program")))
	}
	return notes
}
