// Package progress shows that long work lives: one line on a terminal, which is
// rewritten as the work goes on and is gone when it ends.
package progress

import (
	"fmt"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"keycare/credfile/show"
)

const (
	// patience is how long work may take without a line.
	patience = time.Second
	// pace is how often the line is rewritten at most: who counts may count fast.
	pace = 200 * time.Millisecond
)

// Screen is what a Line stands on. A *show.Writer is one; it keeps the line below
// what else is said.
type Screen interface{ Status(line string) }

// After calls f after d; time.AfterFunc does.
type After func(d time.Duration, f func())

// Line is the line of one piece of work. A nil Line is silent, so that who works
// need not ask whether somebody looks. All methods may be called by several
// goroutines.
type Line struct {
	screen Screen
	width  int
	after  After

	mu    sync.Mutex
	text  string
	unit  string
	total int
	done  int
	over  bool
}

// Start begins a line on a screen of so many columns: the text and, where there is
// a unit ("key"), how many of total are done; of a total of 0 nobody knows how many
// there are. It shows after a second, so that quick work is silent. Who starts one
// ends it by Done.
func Start(screen Screen, width int, after After, text, unit string, total int) *Line {
	l := &Line{screen: screen, width: width, after: after, text: text, unit: unit, total: total}
	l.after(patience, l.show)
	return l
}

// Add counts n more that are done.
func (l *Line) Add(n int) { l.change(func() { l.done += n }) }

// Grow adds n to the total.
func (l *Line) Grow(n int) { l.change(func() { l.total += n }) }

// Next begins another part of the work, as Start does.
func (l *Line) Next(text, unit string, total int) {
	l.change(func() { l.text, l.unit, l.total, l.done = text, unit, total, 0 })
}

// Say puts another text in place of the one before.
func (l *Line) Say(text string) { l.change(func() { l.text = text }) }

// Done takes the line away. Nothing shows after it.
func (l *Line) Done() {
	l.change(func() {
		if !l.over {
			l.over = true
			l.screen.Status("")
		}
	})
}

func (l *Line) change(f func()) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// show draws the line, again and again until it is done.
func (l *Line) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.screen.Status(runewidth.Truncate(l.String(), l.width-1, "…"))
	l.after(pace, l.show)
}

// String is the line as it is: "asking AWS: 12 of 18 keys".
func (l *Line) String() string {
	switch {
	case l.unit == "" || l.total == 0 && l.done == 0:
		return l.text
	case l.total == 0:
		return l.text + ": " + show.Count(l.done, l.unit)
	}
	return fmt.Sprintf("%s: %d of %s", l.text, l.done, show.Count(l.total, l.unit))
}
