package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"keycare/rotate"
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
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
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
		fmt.Fprintf(stderr, "keycare: %v\n", err)
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
