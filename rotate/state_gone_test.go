package rotate

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"keycare/rotate/awstest"
)

// Somebody removes the state folder while a rotation runs, at every call, before
// its effect and after it. A key works in every place all the same, at most one
// other is left, and the message or the journal names it.
func TestRotateStateFolderRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows removes no folder with a lock that is held")
	}
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			w := newWorld(t)
			o := w.options()
			remove := func() {
				if err := os.RemoveAll(o.State.Dir); err != nil {
					t.Error(err)
				}
			}
			f := awstest.Fault{Before: remove}
			if after {
				f = awstest.Fault{After: remove}
			}
			met := w.faultOn(n, f)
			_, err := New(*o).Rotate(t.Context(), "default")
			if !met() {
				break
			}
			w.checkHalf()
			var half *HalfDone
			if err != nil && !errors.As(err, &half) {
				w.checkKeys(1)
			}
			if errors.As(err, &half) {
				w.finish()
			}
			w.checkWorking()
			w.checkKeys(1)
			if t.Failed() {
				t.Fatalf("removed at call %d (%v), after %v: rotate said: %v", n, w.iam.Actions(), after, err)
			}
			w.iam.Close()
		}
	}
}
