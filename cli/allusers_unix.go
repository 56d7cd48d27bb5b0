//go:build unix

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// mayBecomeOthers says why this run cannot audit as other users.
func mayBecomeOthers() error {
	if disk.Self() != 0 {
		return errors.New("--all-users audits each home as its own user, and only root can do that: sudo keycare audit --all-users")
	}
	return nil
}

// groupsOf are the groups of a user: those that the system's directory has, or
// else only the first.
func groupsOf(ctx context.Context, u account) []int {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "id", "-G", "--", u.Name)
	cmd.WaitDelay = time.Second
	groups := []int{u.GID}
	if out, err := cmd.Output(); err == nil {
		for word := range strings.FieldsSeq(string(out)) {
			if g, err := strconv.ParseUint(word, 10, 32); err == nil && int(g) != u.GID {
				groups = append(groups, int(g))
			}
		}
	}
	return groups
}

// Of a child's output no more is kept.
const (
	mostOut = 8 << 20
	mostErr = 16 << 10
)

// kept keeps the beginning of what is written to it, and calls full once there
// is more.
type kept struct {
	b    bytes.Buffer
	most int
	full func()
}

func (k *kept) Write(p []byte) (int, error) {
	if n := k.most - k.b.Len(); len(p) > n {
		k.b.Write(p[:n])
		k.full()
		return len(p), nil
	}
	return k.b.Write(p)
}

// runAs runs a program as a user, without a terminal and with nothing of this
// process but the variables given, and stops it with its process group once it
// has taken longer than limit or says too much. What it prints is that user's: who
// has the same user can write into it.
func runAs(ctx context.Context, u account, groups []int, program string, argv, environ []string, limit time.Duration) (end childEnd, err error) {
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it was stopped after %s", show.Duration(limit)))
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Args[0], cmd.Dir, cmd.Env = argv[0], "/", environ
	tooMuch := func() { cancel(errors.New("it was stopped, for it printed too much")) }
	out, talk := &kept{most: mostOut, full: tooMuch}, &kept{most: mostErr, full: func() {}}
	cmd.Stdout, cmd.Stderr = out, talk
	// A session of its own: no terminal of root's can be written to.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if u.UID != disk.Self() {
		ids := make([]uint32, len(groups))
		for i, g := range groups {
			ids[i] = uint32(g)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: ids}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Start()
	switch {
	case errors.Is(err, syscall.EACCES):
		return end, fmt.Errorf("this user cannot run %s: put keycare where everybody can, such as into /usr/local/bin", program)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL):
		return end, fmt.Errorf("the system does not let this run become the user: %w", err)
	case err != nil:
		return end, err
	}
	err = cmd.Wait()
	end = childEnd{out: out.b.Bytes(), talk: talk.b.String(), code: cmd.ProcessState.ExitCode()}
	if cause := context.Cause(ctx); cause != nil {
		return end, cause
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return end, err
	}
	return end, nil
}
