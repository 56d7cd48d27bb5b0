package ask

import (
	"context"
	"slices"
	"sync"
)

// rank is the order of the questions: what decides about the worst findings first,
// so that what is cut where time or requests run out is the least.
type rank int

const (
	rankOwner  rank = iota // whose a key is, its age and state, and the root user: critical, high
	rankPower              // what the user may do, and whether it has MFA: critical, high
	rankGroups             // the same by groups and inline policies: high
	rankUse                // last uses, the rules for passwords: medium
	rankRest               // low
	ranks
)

// gate lets so many in at a time: the lower ranks first, and of one rank in the
// order in which they came.
type gate struct {
	mu      sync.Mutex
	free    int
	waiting [ranks][]chan struct{}
}

// enter waits for room. It reports false if ctx ended before there was some.
func (g *gate) enter(ctx context.Context, at rank) bool {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return true
	}
	turn := make(chan struct{})
	g.waiting[at] = append(g.waiting[at], turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting[at], turn)
	if i < 0 {
		return true // let in meanwhile
	}
	g.waiting[at] = slices.Delete(g.waiting[at], i, i+1)
	return false
}

// leave makes room for the next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at := range g.waiting {
		if len(g.waiting[at]) > 0 {
			close(g.waiting[at][0])
			g.waiting[at] = g.waiting[at][1:]
			return
		}
	}
	g.free++
}
