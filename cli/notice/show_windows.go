package notice

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// show starts this program anew: a toast goes through COM, and a fault in there
// ends the process whatever Go does.
func show(title, text string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return apart(program, title, text)
}

// noWindow: a program of a task without a console would get one of its own.
func noWindow(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
}
