package show

import (
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// statusLine is a line that stands below all that is written to a terminal. It is
// not ended, so that the next text takes its place.
type statusLine struct {
	want       string
	drawn      int  // columns of it on the screen; 0 where it is not there
	unfinished bool // the text above has no line end, as a prompt: there is no room
}

// Status shows a line below what is written, from now on, and "" takes it away.
// Only for a terminal. The line must be shorter than the terminal is wide: of one
// that is wrapped only the last part can be taken away.
func (w *Writer) Status(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if line, _ = w.shown(Text(line)); line == w.status.want {
		return
	}
	before := w.status.erase()
	w.status.want = line
	_, _ = io.WriteString(w.to, before+w.status.draw()) // a screen that is gone shows nothing
}

// Yield takes the status away while another program may write to the terminal, until
// LineEnded.
func (w *Writer) Yield() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = io.WriteString(w.to, w.status.erase())
	w.status.unfinished = true
}

// LineEnded says that the person ended the line of a prompt.
func (w *Writer) LineEnded() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.unfinished = false
}

// erase works on terminals that know no sequences, too.
func (s *statusLine) erase() string {
	n := s.drawn
	s.drawn = 0
	if n == 0 {
		return ""
	}
	return "\r" + strings.Repeat(" ", n) + "\r"
}

func (s *statusLine) draw() string {
	if s.unfinished || s.want == "" {
		return ""
	}
	s.drawn = runewidth.StringWidth(s.want)
	return s.want
}
