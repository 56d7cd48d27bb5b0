package progress

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/show"
)

// clock is one that a test moves.
type clock struct {
	now  time.Duration
	next []timer
}

type timer struct {
	at time.Duration
	f  func()
}

func (c *clock) after(d time.Duration, f func()) { c.next = append(c.next, timer{c.now + d, f}) }

func (c *clock) pass(d time.Duration) {
	for end := c.now + d; ; {
		i := slices.IndexFunc(c.next, func(t timer) bool { return t.at <= end })
		if i < 0 {
			c.now = end
			return
		}
		t := c.next[i]
		c.next = slices.Delete(c.next, i, i+1)
		c.now = t.at
		t.f()
	}
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		desc        string
		text, unit  string
		total, wide int
		do          func(l *Line, c *clock)
		want        string
	}{
		{"quick work", "asking", "key", 3, 80, func(l *Line, c *clock) { l.Add(1); c.pass(time.Second - 1); l.Done(); c.pass(time.Hour) }, ""},
		{"long work", "asking", "key", 3, 80, func(l *Line, c *clock) { l.Add(1); c.pass(time.Second) }, "asking: 1 of 3 keys"},
		{"counted on", "a", "key", 1, 80, func(l *Line, c *clock) { c.pass(time.Second); l.Add(1); c.pass(pace) }, "a: 0 of 1 key|a: 1 of 1 key"},
		{"counted fast", "a", "file", 0, 80, func(l *Line, c *clock) {
			c.pass(time.Second)
			for range 1000 {
				l.Add(1)
			}
			c.pass(pace)
		}, "a|a: 1000 files"},
		{"the total grows", "a", "key", 1, 80, func(l *Line, c *clock) { l.Grow(2); c.pass(time.Second) }, "a: 0 of 3 keys"},
		{"no count", "waiting", "", 0, 80, func(l *Line, c *clock) { l.Add(1); c.pass(time.Second) }, "waiting"},
		{"another text", "a", "", 0, 80, func(l *Line, c *clock) { c.pass(time.Second); l.Say("b"); c.pass(pace) }, "a|b"},
		{"another part", "a", "key", 2, 80, func(l *Line, c *clock) { l.Add(2); c.pass(time.Second); l.Next("b", "file", 5); l.Add(1); c.pass(pace) }, "a: 2 of 2 keys|b: 1 of 5 files"},
		{"gone at the end", "a", "", 0, 80, func(l *Line, c *clock) { c.pass(time.Second); l.Done(); l.Done(); l.Say("b"); c.pass(time.Hour) }, "a|"},
		{"a narrow terminal", "waiting for AWS", "", 0, 10, func(l *Line, c *clock) { c.pass(time.Second) }, "waiting …"},
	} {
		t.Run(c.desc, func(t *testing.T) {
			clock, screen := &clock{}, &lines{}
			l := Start(screen, c.wide, clock.after, c.text, c.unit, c.total)
			if c.do(l, clock); screen.String() != c.want {
				t.Errorf("got %q, want %q", screen.String(), c.want)
			}
			l.Done()
			if clock.pass(time.Hour); len(clock.next) > 0 {
				t.Error("a timer goes on after the end")
			}
		})
	}
	var silent *Line
	silent.Add(1)
	silent.Grow(1)
	silent.Say("x")
	silent.Next("x", "", 0)
	silent.Done()
}

// lines are what a screen showed.
type lines struct{ all []string }

func (s *lines) Status(line string) {
	if len(s.all) == 0 || s.all[len(s.all)-1] != line {
		s.all = append(s.all, line)
	}
}

func (s *lines) String() string {
	return strings.TrimPrefix(strings.Join(s.all, "|"), "|")
}

var _ Screen = (*show.Writer)(nil)
