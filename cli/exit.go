package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"keycare/cli/usage"
	"keycare/credfile/pattern"
	"keycare/rotate"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// The exit codes. exitTable says what they mean, for help and docs/reference.md.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitFailed      = 3
	exitHalf        = 4
	exitInterrupted = 130
)

var exitTable = [][2]string{
	{"0", "all well"},
	{"1", "the audit found something at or above --fail-on"},
	{"2", "wrong usage; nothing was done"},
	{"3", "failed, refused, or an audit that could not check all of --fail-on"},
	{"4", "stopped half way; \"keycare resume\" will finish"},
	{"130", "interrupted; nothing is left half done"},
}

// usageError is a mistake on the command line or in the settings.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFindings ends an audit that found something at or above the limit.
var errFindings = errors.New("findings")

// toldError is one that the person has been told of already. It has its exit
// code and no text.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// exitCode tells the error to a person and returns its exit code.
func exitCode(ctx context.Context, e *env, err error) int {
	var half *rotate.HalfDone
	var untrusted *state.Untrusted
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	}
	var told toldError
	if !errors.As(err, &told) {
		e.fail(ctx, err)
	}
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &half), errors.As(err, &untrusted) && untrusted.Open:
		return exitHalf
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitFailed
}

// fail tells a person an error: each of those that were joined by itself. Where ctx
// has ended, Go's words for that, such as "interrupt signal received", give way to
// a person's.
func (e *env) fail(ctx context.Context, err error) {
	for _, one := range apart(err) {
		text := "keycare: " + one.Error()
		for _, why := range []error{context.Cause(ctx), ctx.Err()} {
			if before, ended := strings.CutSuffix(text, ": "+cmp.Or(why, errFindings).Error()); ended && why != nil {
				text = before + ": interrupted"
			}
		}
		e.say("%s", e.filled(text))
		if e.debug {
			for _, words := range client.SDKWords(one) {
				e.say("  %s", words)
			}
		}
	}
}

// apart are the errors that were joined.
func apart(err error) (all []error) {
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	lines := []string{}
	for _, one := range several.Unwrap() {
		all = append(all, apart(one)...)
		lines = append(lines, one.Error())
	}
	if err.Error() != strings.Join(lines, "\n") { // it has words of its own
		return []error{err}
	}
	return all
}

// filled breaks the lines of a message between words, where a person looks at it. A
// command at the end of a line stays whole, and the words of others stay as they
// are, on lines that begin with two spaces.
func (e *env) filled(text string) string {
	if !e.Terminal.Err {
		return text
	}
	return wrapped(text, cmp.Or(e.Terminal.ErrWidth, usage.Width))
}

// print writes lines on standard output, broken in the same way; they keep their
// indentation.
func (e *env) print(format string, args ...any) error {
	var b strings.Builder
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		line, ended := strings.CutSuffix(line, "\n")
		if text := strings.TrimLeft(line, " "); e.Terminal.Out && utf8.RuneCountInString(line) > e.Width() {
			indent := line[:len(line)-len(text)]
			line = indent + strings.ReplaceAll(wrapped(text, e.Width()-len(indent)-2), "\n", "\n"+indent+"  ")
		}
		b.WriteString(line)
		if ended {
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(e.Out, b.String())
	return err
}

// row is a line of a table whose last column is broken between words, where a person
// looks at it, and goes on below itself.
func (e *env) row(before, last string) string {
	width := e.Width() - utf8.RuneCountInString(before)
	if !e.Terminal.Out || width < 20 {
		return before + last
	}
	return before + strings.Join(usage.Lines(last, width), "\n"+strings.Repeat(" ", len(before)))
}

func wrapped(text string, width int) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		m := commandLast().FindStringSubmatch(line)
		switch {
		case utf8.RuneCountInString(line) <= width, strings.HasPrefix(line, "  "):
			out = append(out, line)
		case m != nil:
			out = append(append(out, usage.Lines(m[1], width)...), "  "+m[2])
		default:
			out = append(out, usage.Lines(line, width)...)
		}
	}
	return strings.Join(out, "\n")
}

var commandLast = pattern.Of(`^(.*:) ((?:keycare|aws|chmod|chown|icacls) .*)$`)
