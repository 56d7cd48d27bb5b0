package facts

import (
	"testing"
	"time"
)

// What nobody filled in is not known.
func TestZeroAnswerIsNotKnown(t *testing.T) {
	var a Answer[int]
	if a.Known() || a.Why() != NotAsked {
		t.Errorf("zero: known %v, why %q", a.Known(), a.Why())
	}
	if o := (Online{}); o.Identity.Known() || o.Created.Known() || o.Status.Known() || o.LastUsed.Known() || o.Others.Known() {
		t.Errorf("zero: %+v", o)
	}
	a = Answered(0)
	if !a.Known() || a.Why() != "" {
		t.Errorf("answered: known %v, why %q", a.Known(), a.Why())
	}
	a.Fail("no network")
	if a.Known() || a.Why() != "no network" {
		t.Errorf("failed: known %v, why %q", a.Known(), a.Why())
	}
	if u := Unanswered[time.Time]("needs x"); u.Known() || u.Why() != "needs x" {
		t.Errorf("unanswered: known %v, why %q", u.Known(), u.Why())
	}
	if o := (Online{Created: Answered(time.Now())}).AllUnknown("rejected"); o.Created.Known() || o.Others.Why() != "rejected" {
		t.Errorf("all unknown: %+v", o)
	}
}
