//go:build unix

package rotate

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// startTree starts cmd in a session of its own: it has no terminal that it could
// prompt on, as under a timer, and what it starts can be ended along with it. When
// its context ends, all of them are asked to end, and cmd is killed after its
// WaitDelay. done, called after Wait, kills what is left if asked to, and where the
// system shows it also what has the mark in its environment.
func startTree(cmd *exec.Cmd, mark string) (done func(kill bool), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	signal := func(s syscall.Signal) error {
		err := syscall.Kill(-cmd.Process.Pid, s)
		if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) { // macOS: a group of zombies
			return fmt.Errorf("%w (%w)", os.ErrProcessDone, err)
		}
		return err
	}
	cmd.Cancel = func() error { return signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func(kill bool) {
		if kill {
			_ = signal(syscall.SIGKILL)
			killMarked(mark)
		}
	}, nil
}
