package copies

import (
	"bytes"
	"io"

	"keycare/credfile"
)

// bufferSize is how much is read at a time: measured, more and less are slower.
const bufferSize = 256 << 10

// Scanner looks for a matcher's keys in streams, one after another. Each goroutine
// needs one of its own.
type Scanner struct {
	m      *Matcher
	size   int // of a read
	buf    []byte
	narrow []byte
	stream stream // of now
	found  func(Hit)
	// farLines says that the line of a hit beyond the first buffer need not be known:
	// it is 0.
	farLines bool
	credible map[string]bool // other keys' IDs, as they were judged
}

// NewScanner returns a scanner for m.
func NewScanner(m *Matcher) *Scanner { return newScanner(m, bufferSize) }

func newScanner(m *Matcher, size int) *Scanner {
	s := &Scanner{m: m, size: size, credible: make(map[string]bool), buf: make([]byte, size+2*m.reach+m.step+2)}
	s.found = func(h Hit) { // one closure for all streams
		if !s.believes(&h) {
			return
		}
		s.stream.lookNear(s.stream.b, &h)
		s.stream.found(s.stream.b, h)
	}
	return s
}

// mostJudged bounds the IDs that are remembered.
const mostJudged = 10_000

// believes reports whether a hit may be a real key. A history has the same ID in each
// version of a file.
func (s *Scanner) believes(h *Hit) bool {
	if h.Key >= 0 || h.API != nil { // of which the latter is judged where it is found
		return true
	}
	is, judged := s.credible[h.ID]
	if !judged {
		if len(s.credible) >= mostJudged {
			clear(s.credible)
		}
		is = credible(h.ID) || s.m.any && !credfile.FactsOf(h.ID).Example
		s.credible[h.ID] = is
	}
	return is
}

// stream is where a scan of one stream is.
type stream struct {
	s       *Scanner
	b       []byte // what is looked at
	base    int64  // of b[0] in the stream
	next    int    // place of the next look
	wide    int64  // in the stream: before it UTF-16 was looked at
	isWide  bool
	decided bool
	lines   int // line ends before b[counted]; -1 if they are not counted
	counted int
	emit    func(Hit)
	last    map[[2]int]int64 // ends
	near    map[string]bool  // IDs beside which a secret was seen
	looked  int              // for one
}

// Bytes looks for keys in b, which is the whole of it.
func (s *Scanner) Bytes(b []byte, emit func(Hit)) {
	s.stream = stream{s: s, emit: emit}
	s.stream.look(b, true)
}

// Scan looks for keys in all of r. It calls emit for each, in about their order.
func (s *Scanner) Scan(r io.Reader, emit func(Hit)) (size int64, err error) {
	s.stream = stream{s: s, emit: emit}
	t := &s.stream
	have := 0
	for {
		n, err := r.Read(s.buf[have:min(have+s.size, len(s.buf))])
		size += int64(n)
		have += n
		last := err != nil
		if last || have == len(s.buf) {
			done := t.look(s.buf[:have], last)
			have = copy(s.buf, s.buf[done:have])
		}
		switch {
		case err == io.EOF:
			return size, nil
		case err != nil:
			return size, err
		}
	}
}

// look goes over b as far as what comes after it cannot matter, and returns from
// where on its bytes are needed again.
func (t *stream) look(b []byte, last bool) (done int) {
	m := t.s.m
	t.b = b
	to := len(b)
	if !last {
		to -= m.reach
	}
	t.next = m.probe(b, t.next, to, t.s.found)
	if !t.decided {
		t.decided, t.isWide = true, m.others && looksWide(b)
	}
	if t.isWide {
		t.lookWide(b, to)
	}
	if last {
		return len(b)
	}
	done = max(0, min(t.next, len(b))-m.reach)
	done &^= 1 // narrowed texts stay in step
	if t.s.farLines {
		t.lines = -1
	} else {
		t.count(b, done)
		t.counted -= done
	}
	t.base += int64(done)
	t.next -= done
	return done
}

// count counts the line ends before b[to].
func (t *stream) count(b []byte, to int) {
	if to > t.counted {
		t.lines += bytes.Count(b[t.counted:to], []byte{'\n'})
		t.counted = to
	}
}

func (t *stream) found(b []byte, h Hit) {
	at := int(h.Off)
	switch {
	case t.lines < 0:
	case at >= t.counted:
		t.count(b, at)
		h.Line = t.lines + 1
	default:
		h.Line = t.lines + 1 - bytes.Count(b[at:t.counted], []byte{'\n'})
	}
	h.Off += t.base
	half := [2]int{h.Key, int(h.Part)}
	end := h.Off + int64(h.Len) // not where it begins: of a long row of backslashes in front of it cores know more and less
	if before, ok := t.last[half]; ok && before == end && h.Key >= 0 {
		return // two cores of one occurrence
	}
	if t.last == nil {
		t.last = make(map[[2]int]int64)
	}
	t.last[half] = end
	t.emit(h)
}

// lookNear looks for a secret beside an ID of which the matcher has none; for each ID
// until one was seen.
func (t *stream) lookNear(b []byte, h *Hit) {
	id := h.ID
	if h.API != nil {
		return
	}
	if h.Key >= 0 {
		id = t.s.m.keys[h.Key].ID
		if h.Part != ID || !t.s.m.keys[h.Key].Secret.Empty() {
			return
		}
	}
	if t.near[id] || t.looked >= mostNear {
		return
	}
	if t.looked++; !secretNear(b, int(h.Off), h.Len, t.s.m.any) {
		return
	}
	if t.near == nil {
		t.near = make(map[string]bool)
	}
	h.Near, t.near[id] = true, true
}

// mostNear bounds the IDs of one stream beside which a secret is looked for: so many are
// a list of IDs.
const mostNear = 10_000

// looksWide reports whether a text that begins so is UTF-16.
func looksWide(b []byte) bool {
	if len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		return true
	}
	head := b[:min(len(b), 512)]
	if bytes.IndexByte(head, 0) < 0 {
		return false
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	return len(head) >= 40 && (zeros[0] > len(head)/3 && zeros[1] < len(head)/16 || zeros[1] > len(head)/3 && zeros[0] < len(head)/16)
}

// lookWide looks for other keys in UTF-16 before b[to]; what was before t.wide in the
// stream it has told.
func (t *stream) lookWide(b []byte, to int) {
	for parity := range 2 {
		t.s.narrow = t.s.narrow[:0]
		for i := parity; i < len(b); i += 2 {
			t.s.narrow = append(t.s.narrow, b[i])
		}
		t.s.m.probe(t.s.narrow, 0, len(t.s.narrow), func(h Hit) {
			at := parity + 2*int(h.Off)
			if h.Key >= 0 || at >= to || t.base+int64(at) < t.wide || !t.s.believes(&h) {
				return
			}
			t.lookNear(t.s.narrow, &h)
			h.Off, h.Len, h.Form = int64(at), 2*h.Len-1, Wide
			t.found(b, h)
		})
	}
	t.wide = t.base + int64(max(to, 0))
}
