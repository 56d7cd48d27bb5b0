package group

import (
	"sync/atomic"
	"testing"
)

// A panic waits for the others and comes out where Wait is called.
func TestPanicComesOutOfWait(t *testing.T) {
	var g Group
	var done atomic.Int32
	for n := range 5 {
		g.Go(func() {
			if n == 2 {
				panic("a bug")
			}
			done.Add(1)
		})
	}
	defer func() {
		if v := recover(); v != "a bug" || done.Load() != 4 {
			t.Errorf("got %v after %d", v, done.Load())
		}
	}()
	g.Wait()
	t.Error("Wait returned")
}
