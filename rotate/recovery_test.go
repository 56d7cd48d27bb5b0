package rotate

import (
	"errors"
	"os"
	"testing"

	"keycare/rotate/awstest"
)

// A recovery file whose journal somebody removed goes once nothing in it is
// needed; until then it is said what to do. No key is deleted because of it.
func TestRecoveryWithoutJournal(t *testing.T) {
	for _, held := range []bool{true, false} {
		w := newWorld(t)
		w.iam.SetFault(func(c awstest.Call) awstest.Fault {
			if c.Action == "DeleteAccessKey" {
				return awstest.Fault{Kind: awstest.FaultDeny}
			}
			return awstest.Fault{}
		})
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		var half *HalfDone
		if !errors.As(err, &half) {
			t.Fatal(err)
		}
		w.iam.SetFault(nil)
		s := w.options().State
		if err := os.Remove(s.JournalPath(half.Journal.ID)); err != nil {
			t.Fatal(err)
		}
		if held {
			w.iam.DeleteKey(w.old.ID)
		}
		_, err = New(*w.options()).Resume(t.Context())
		_, _, there, _ := s.Recovery(half.Journal.ID)
		if held != (err == nil) || held == there {
			t.Errorf("held %v: error %v, recovery file there %v", held, err, there)
		}
		if !held && !errors.As(err, &half) {
			t.Errorf("not exit 4: %v", err)
		}
		w.checkWorking()
	}
}
