// Package group runs functions side by side. Unlike those of sync.WaitGroup, a
// panic in one of them comes out of Wait, where the caller's own recover sees it:
// in a goroutine of its own it would end the program on the spot.
package group

import "sync"

// Group is a set of functions that run side by side. The zero value is ready.
type Group struct {
	wg       sync.WaitGroup
	mu       sync.Mutex
	panicked any
}

// Go calls f in a goroutine of its own.
func (g *Group) Go(f func()) {
	g.wg.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.panicked = v
			}
		}()
		f()
	})
}

// Wait returns when all have ended, and panics if one of them has.
func (g *Group) Wait() {
	g.wg.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panicked != nil {
		panic(g.panicked)
	}
}
