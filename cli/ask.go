package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/rotate"
)

// canAsk reports whether there is a person to answer.
func (e *env) canAsk() bool { return e.Terminal.In && e.Terminal.Err }

// confirm asks a question; only "y" and "yes" agree.
func (e *env) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := e.ask(ctx, question+" [y/N] ")
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// ask reads the line that a person types. It ends with ctx, at once: the read
// goes on until the process ends, since nothing can stop it, and nothing is
// asked after that.
func (e *env) ask(ctx context.Context, prompt string) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	fmt.Fprint(e.Err, e.filled(strings.TrimRight(prompt, " "))+" ")
	type answer struct {
		line  string
		ended bool // by Enter
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		line, ended, err := readLine(e.In)
		answers <- answer{line, ended, err}
	}()
	select {
	case a := <-answers:
		if !a.ended {
			fmt.Fprintln(e.Err) // Ctrl-D leaves the cursor in the prompt's line
		}
		if w, ok := e.Err.(*show.Writer); ok {
			w.LineEnded()
		}
		if emptyOnInterrupt && a.line == "" && wait(ctx, interruptFollows) != nil {
			return "", context.Cause(ctx)
		}
		return a.line, a.err
	case <-ctx.Done():
		fmt.Fprintln(e.Err) // the prompt's line
		return "", context.Cause(ctx)
	}
}

// interruptFollows is longer than an interrupt is behind the end of the read.
const interruptFollows = 200 * time.Millisecond

// readLine reads one line, a byte at a time: what follows it is the next answer.
// The end of input ends the line too; ended reports whether Enter did.
func readLine(in io.Reader) (text string, ended bool, err error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		ended = n > 0 && b[0] == '\n'
		if n > 0 && !ended {
			line = append(line, b[0])
		}
		if ended || errors.Is(err, io.EOF) {
			return strings.TrimSpace(string(line)), ended, nil
		}
		if err != nil {
			return "", false, err
		}
	}
}

// askCode asks for the code of an MFA device until what is typed can be one: AWS's
// answer to anything else costs a call and says little. An empty line is returned:
// it ends the questions.
func (e *env) askCode(ctx context.Context, prompt string) (string, error) {
	for {
		code, err := e.ask(ctx, prompt)
		code = strings.ReplaceAll(code, " ", "") // phones show "123 456"
		if err != nil || code == "" || isCode(code) {
			return code, err
		}
		e.say("a code has six digits")
	}
}

// codeFrom runs the program of the settings that prints a one-time code. The
// device's serial number is in KEYCARE_MFA_SERIAL. What it prints is never
// shown.
func (e *env) codeFrom(ctx context.Context, command []string, serial string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(slices.Clone(e.Environ), "KEYCARE_MFA_SERIAL="+serial)
	cmd.Stderr, cmd.WaitDelay = e.Err, time.Second
	if e.Terminal.Err {
		cmd.Stderr = show.Under(e.Err) // it may talk to the person, and look for a terminal
		if w, ok := e.Err.(*show.Writer); ok {
			w.Yield()
			defer w.LineEnded()
		}
	}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("mfa_command %q: %w", command[0], err)
	}
	code := strings.TrimSpace(string(out))
	if !isCode(code) {
		return "", fmt.Errorf("mfa_command %q did not print a six-digit code", command[0])
	}
	return code, nil
}

// isCode reports whether s is what an MFA device shows.
func isCode(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// onceThen gives a code that was typed with the command, once, for AWS takes it
// no second time, and then asks, where somebody can be asked.
func onceThen(code string, ask func(serial string) (string, error)) func(serial string) (string, error) {
	used := false
	return func(serial string) (string, error) {
		switch {
		case !used:
			used = true
			return code, nil
		case ask != nil:
			return ask(serial)
		}
		return "", rotate.ErrCodeUsed
	}
}

// codeWindow is longer than a device shows a code.
const codeWindow = 40 * time.Second

// freshCode runs the program of the settings until it prints another code than
// the time before: AWS takes each only once.
func (e *env) freshCode(ctx context.Context, command []string) func(serial string) (string, error) {
	last := ""
	return func(serial string) (string, error) {
		for waited := time.Duration(0); ; waited += time.Second {
			code, err := e.codeFrom(ctx, command, serial)
			if err != nil || code != last || waited >= codeWindow {
				last = code
				return code, err
			}
			if err := wait(ctx, time.Second); err != nil {
				return "", err
			}
		}
	}
}
