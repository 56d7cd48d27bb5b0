package rotate

import (
	"fmt"

	"keycare/credfile/show"
)

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
