package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Run starts one of the system's own programs, gives it text to read, and
// returns what it wrote. A program that does not end well is a *RunError.
type Run func(ctx context.Context, stdin []byte, argv ...string) ([]byte, error)

// RunError is a program that could not be started (Code is -1), or did not end
// with 0.
type RunError struct {
	Argv []string
	Code int
	Text string // what it wrote to standard error
	Err  error
}

func (e *RunError) Error() string {
	text := strings.Join(strings.Fields(e.Text), " ")
	if text == "" {
		text = e.Err.Error()
	}
	return fmt.Sprintf("%s: %s", strings.Join(e.Argv, " "), text)
}

func (e *RunError) Unwrap() error { return e.Err }

// Exec is the Run of this machine. The programs speak English, and UTC.
func Exec(ctx context.Context, stdin []byte, argv ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	code := -1
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return stdout.Bytes(), &RunError{argv, code, fromConsole(stderr.Bytes()), err}
}
