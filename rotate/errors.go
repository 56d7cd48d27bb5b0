package rotate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Refused says why a key is not rotated, before anything was done.
type Refused struct{ Why string }

func (e *Refused) Error() string { return e.Why }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// tooYoung says that a key is younger than it may get.
type tooYoung struct {
	ID        string
	Age, Most time.Duration
}

func (e *tooYoung) Error() string {
	return fmt.Sprintf("key %s is %s old; it is due after %d days", e.ID, show.Count(int(e.Age/day), "day"), e.Most/day)
}

// fullSlots says that the user got a second key since its keys were listed.
type fullSlots struct {
	user, profile string
	err           error
}

func (e *fullSlots) Error() string {
	return fmt.Sprintf("user %s got a second key just now, perhaps from keycare on another machine that uses the same key. %s\n  %v",
		e.user, otherMachine(e.profile), e.err)
}

func (e *fullSlots) Unwrap() error { return e.err }

// otherMachine says what to do where the same key is also used elsewhere.
func otherMachine(profile string) string {
	return fmt.Sprintf("If so, copy the new key from there into profile %s here", word(profile))
}

// HalfDone says that a rotation stopped after the new key was made, or may have
// been. A working key is in the files; the journal has the rest.
type HalfDone struct {
	Journal *state.Journal
	Holds   string // which key the files hold, and whether it was seen to work; empty where nobody looked
	Why     string
	Err     error
	Ways    []Way  // commands that would not be refused now, beside "keycare resume"
	Refused string // the flag that a person gave and that is refused in this state
	Lost    bool   // its journal cannot be read: "keycare resume" does not go on with it
}

func halfDone(j *state.Journal, why string, err error) *HalfDone {
	return &HalfDone{Journal: j, Why: why, Err: client.Explain(err)}
}

func refusedHalf(j *state.Journal, flag, why string, err error) *HalfDone {
	return &HalfDone{Journal: j, Why: why, Err: client.Explain(err), Refused: flag}
}

// Error says in its first line what is true and what went wrong, then which command
// goes on. The words of others stand last, on lines that begin with two spaces.
func (e *HalfDone) Error() string {
	said := wordsOf(e.Err)
	what := show.Sentence(e.Why)
	switch {
	case errors.Is(e.Err, errRootNotTyped):
		return e.sentence(fmt.Sprintf("The root key %s still exists", e.Journal.Old)) +
			"\nto delete it, run this in a terminal and type its ID: " + e.command()
	case client.Unreachable(e.Err) && !e.Lost:
		return e.sentence("") + "\n" + show.Sentence(offline) + ".\nwhen it is back: " + e.command()
	case e.Why == interruptedWhy:
		said = words{} // the signal's name helps nobody
	case e.Refused != "":
		what = e.Refused + " is refused: " + e.Why
	}
	if said.clause != "" {
		what += ": " + said.clause
	}
	text := e.sentence(what)
	if said.more != "" {
		text += "\n" + client.WithoutMFASerial(said.more)
	}
	or := ""
	again := !e.Lost && (e.Why != putBack && e.Why != thirdKey || len(e.Ways) == 0) // or it would say the same
	var used *OldKeyUsed
	switch {
	case again && errors.As(e.Err, &used):
		text += fmt.Sprintf("\nto go on, once nobody has used it for %s: %s", show.Duration(used.Grace), e.command())
		or = "or, "
	case again:
		text += "\nto go on: " + e.command()
		or = "or, "
	}
	for _, w := range e.Ways {
		text += fmt.Sprintf("\n%sto %s: %s", or, w.Does, w.Command)
	}
	return text + said.raw
}

// sentence is what is true, and behind it what went wrong.
func (e *HalfDone) sentence(wrong string) string {
	holds := e.Holds
	if holds == "" && e.Journal.Old != "" {
		holds = fmt.Sprintf("the rotation of key %s is not finished", e.Journal.Old)
	}
	switch {
	case wrong == "":
		return holds
	case holds == "":
		return wrong
	}
	return holds + ". " + wrong
}

// command is the one that goes on.
func (e *HalfDone) command() string {
	name, flags := "", ""
	if w := show.Arg(e.Journal.Profile, runtime.GOOS); w != "" && e.Journal.Profile != "" {
		name = " " + w
	}
	if errors.Is(e.Err, client.ErrNeedsPerson) || errors.Is(e.Err, ErrCodeUsed) {
		flags = " --mfa-code CODE"
	}
	return "keycare resume" + inOrder(name, flags)
}

func (e *HalfDone) Unwrap() error { return e.Err }

// ErrCodeUsed says that a code of an MFA device was typed once and is needed again.
var ErrCodeUsed = errors.New("AWS takes each MFA code only once; wait until the device shows the next one")

// cannotSign says that the identity which signed for the key cannot be had again.
const cannotSign = "keycare cannot sign the calls to IAM"

// offline is what is said where this machine has no way to AWS.
const offline = "AWS cannot be reached: no network, or a proxy, VPN or firewall is in the way"

// words are an error taken apart: a clause for the middle of a sentence, what else
// keycare says, and the words of others, a line each.
type words struct{ clause, more, raw string }

func wordsOf(err error) (w words) {
	if err == nil {
		return w
	}
	for i, line := range strings.Split(allExplained(err).Error(), "\n") {
		switch {
		case strings.HasPrefix(line, "  "):
			w.raw += "\n" + line
		case i == 0:
			w.clause = strings.TrimSuffix(line, ".")
		case w.more == "":
			w.more = line
		default:
			w.more += "\n" + line
		}
	}
	return w
}

// allExplained is err with each error of a call to AWS in keycare's words.
func allExplained(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range several.Unwrap() {
			all = append(all, allExplained(e))
		}
		return errors.Join(all...)
	}
	return client.Explain(err)
}

// OldKeyUsed says that somebody used the old key after the switch, and not a
// whole grace ago.
type OldKeyUsed struct {
	Use   facts.Use
	Grace time.Duration
	By    string // who used it since, in a line; empty where that is not known
}

func (e *OldKeyUsed) Error() string {
	text := fmt.Sprintf("last used %s for %s in %s", show.Time(e.Use.At), e.Use.Service, e.Use.Region)
	if e.By != "" {
		text += "\n" + e.By
	}
	return text + "\nFind out who uses it. If this user's key is also on another machine, copy the new one there"
}

// errRootNotTyped says that nobody typed the root key's ID.
var errRootNotTyped = errors.New("the ID of the root key was not typed")

// interruptedWhy is why a rotation stopped that a person stopped.
const interruptedWhy = "interrupted"

// errInterrupted is the same before anything was begun.
var errInterrupted = errors.New(interruptedWhy)

// interruption is err, or that a person stopped the run.
func interruption(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &worded{interruptedWhy, err}
	}
	return err
}

// because is why a step failed, for the middle of a sentence.
type because struct {
	why string
	err error
}

func (e *because) Error() string { return e.why + ": " + e.err.Error() }
func (e *because) Unwrap() error { return e.err }

// behind adds to an error what is true beside it, in front of the words of others.
func behind(err error, more string) error { return &noted{err, more} }

type noted struct {
	error
	more string
}

func (e *noted) Error() string {
	first, rest, more := strings.Cut(e.error.Error(), "\n")
	if first += e.more; more {
		first += "\n" + rest
	}
	return first
}

func (e *noted) Unwrap() error { return e.error }

// behindAll adds a line to what an error says, in front of the words of others.
func behindAll(err error, line string) error { return &lined{err, line} }

type lined struct {
	error
	line string
}

func (e *lined) Error() string {
	text := e.error.Error()
	if at := strings.Index(text, "\n  "); at >= 0 {
		return text[:at] + "\n" + e.line + text[at:]
	}
	return text + "\n" + e.line
}

func (e *lined) Unwrap() error { return e.error }

// notBegun says that a key was not rotated: which key the file holds, then why.
type notBegun struct {
	holds string
	again string // the command to run once AWS can be reached
	err   error
}

func (e *notBegun) Unwrap() error { return e.err }

func (e *notBegun) Error() string {
	if client.Unreachable(e.err) {
		return e.holds + "\n" + show.Sentence(offline) + ".\nwhen it is back: " + e.again
	}
	said := wordsOf(e.err)
	text := e.holds
	if said.clause != declined {
		text += ". " + show.Sentence(said.clause)
	}
	if said.more != "" {
		text += "\n" + said.more
	}
	return text + said.raw
}

// declined is why a key is not rotated whose person did not agree.
const declined = "you did not agree"

// errAbort wraps an error after which nothing is left half done: the journal is
// closed and the error is the result.
type errAbort struct{ error }

func (e errAbort) Unwrap() error { return e.error }
