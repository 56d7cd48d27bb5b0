package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Style is how a text is set off on a terminal: the parameters of an ANSI SGR
// sequence.
type Style string

// The styles that keycare uses. A Writer lets no others pass.
const (
	Bold    Style = "1"
	Faint   Style = "2"
	Green   Style = "32"
	Alarm   Style = "97;41;1"
	Red     Style = "31;1"
	Yellow  Style = "33;1"
	Cyan    Style = "36;1"
	noStyle Style = "0"
)

func (s Style) sequence() string { return "\x1b[" + string(s) + "m" }

var sequences = []string{
	Bold.sequence(), Faint.sequence(), Green.sequence(), Alarm.sequence(), Red.sequence(), Yellow.sequence(),
	Cyan.sequence(), noStyle.sequence(),
}

// Paint sets s off.
func Paint(s string, style Style) string {
	if s == "" {
		return ""
	}
	return style.sequence() + s + noStyle.sequence()
}

// Writer stands in front of a terminal, a file or a pipe and lets only text
// through that shows as itself: line ends, tabs and, where Color is set, the
// sequences of Paint pass; everything else that is not Printable is written as an
// escape. It is the last door, not the only one: what comes from a file or from
// AWS goes through Text or Name first.
//
// The escapes are those of JSON, so that a JSON document stays one with the same
// meaning; a byte that is not UTF-8 is written as \xff.
type Writer struct {
	Color bool

	to   io.Writer
	tail string // the beginning of a character or a sequence that may go on

	mu     sync.Mutex // of all here
	hide   []string
	err    error // the first of a write
	status statusLine
}

// Err is why a write failed, the first one that did.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// NewWriter returns a Writer in front of to.
func NewWriter(to io.Writer, color bool) *Writer { return &Writer{Color: color, to: to} }

// Hide has parts of the values that may be secrets written as Redacted from now on.
// It is for what a person typed or set, which messages of libraries repeat.
func (w *Writer) Hide(values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		for _, s := range secretsIn(v) {
			if !slices.Contains(w.hide, s) {
				w.hide = append(w.hide, s)
			}
		}
	}
}

// Without is a text without what Hide was told of, for files.
func (w *Writer) Without(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.without(text)
}

func (w *Writer) without(text string) string {
	for _, s := range w.hide {
		text = strings.ReplaceAll(text, s, Redacted)
	}
	return text
}

// Under is what a Writer writes to, for bytes that are no text; every other
// io.Writer is returned as it is.
func Under(w io.Writer) io.Writer {
	if s, ok := w.(*Writer); ok {
		return s.to
	}
	return w
}

// Write writes p, but for the beginning of a character at its end, which waits
// for the rest. It never returns a short count without an error.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, rest := w.shown(w.tail + string(p))
	w.tail = rest
	if text != "" {
		w.status.unfinished = !strings.HasSuffix(text, "\n")
		text = w.status.erase() + text + w.status.draw()
	}
	if _, err := io.WriteString(w.to, text); err != nil {
		w.err = cmp.Or(w.err, err)
		return 0, err
	}
	return len(p), nil
}

// shown is how text is written. rest is its end where that is the beginning of a
// character or a sequence.
func (w *Writer) shown(text string) (shown, rest string) {
	text = w.without(text)
	var b strings.Builder
	for text != "" {
		n, form := w.next(text)
		if n == 0 {
			break
		}
		b.WriteString(form)
		text = text[n:]
	}
	return b.String(), text
}

// Flush writes what still waited for its rest.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for text := w.tail; text != ""; {
		_, n := utf8.DecodeRuneInString(text)
		if one := text[:n]; Printable(one) {
			b.WriteString(one)
		} else {
			b.WriteString(jsonEscape(one))
		}
		text = text[n:]
	}
	w.tail = ""
	if b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(w.to, b.String())
	return err
}

// next is how the beginning of text is written, and how many bytes that is; 0
// where more bytes have to be seen.
func (w *Writer) next(text string) (int, string) {
	plain := strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError || r != '\n' && r != '\t' && hidden(r) })
	switch {
	case plain < 0:
		return len(text), text
	case plain > 0:
		return plain, text[:plain]
	}
	if w.Color && text[0] == '\x1b' {
		for _, s := range sequences {
			if strings.HasPrefix(text, s) {
				return len(s), s
			}
		}
		if slices.ContainsFunc(sequences, func(s string) bool { return strings.HasPrefix(s, text) }) {
			return 0, ""
		}
	}
	if !utf8.FullRuneInString(text) {
		return 0, ""
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && n > 1 {
		return n, text[:n] // a replacement character that stands there
	}
	return n, jsonEscape(text[:n])
}

// jsonEscape writes one character as JSON does; a byte that is none as Go does.
func jsonEscape(one string) string {
	r, n := utf8.DecodeRuneInString(one)
	switch {
	case r == utf8.RuneError && n == 1:
		return fmt.Sprintf(`\x%02x`, one[0])
	case r > 0xffff:
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
