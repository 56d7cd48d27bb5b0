package rotate

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/windows"
)

// startTree starts cmd in a job of its own, so that what it starts can be ended
// along with it, as happens when its context ends. done, called after Wait, ends
// what is left if asked to.
func startTree(cmd *exec.Cmd, _ string) (done func(kill bool), err error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, err
	}
	cmd.Cancel = func() error { return errors.Join(windows.TerminateJobObject(job, 1), cmd.Process.Kill()) }
	if err := cmd.Start(); err != nil {
		_ = windows.CloseHandle(job)
		return nil, err
	}
	// Where this fails, it is killed alone.
	_ = cmd.Process.WithHandle(func(h uintptr) { _ = windows.AssignProcessToJobObject(job, windows.Handle(h)) })
	return func(kill bool) {
		if kill {
			_ = windows.TerminateJobObject(job, 1)
		}
		_ = windows.CloseHandle(job)
	}, nil
}
