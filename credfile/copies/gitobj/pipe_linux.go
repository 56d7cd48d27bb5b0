package gitobj

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// outlet is the end of a pipe that is read without the runtime's poller: that would
// wake this program for each object that git writes.
type outlet struct {
	ctx  context.Context
	file *os.File
	fd   int
}

// newOutlet makes a pipe; wide says that it holds widePipe bytes.
func newOutlet(ctx context.Context) (out io.ReadCloser, in *os.File, wide bool, err error) {
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, false, os.NewSyscallError("pipe2", err)
	}
	_, err = unix.FcntlInt(uintptr(fd[0]), unix.F_SETPIPE_SZ, widePipe)
	wide = err == nil
	file := os.NewFile(uintptr(fd[0]), "pipe") // as a file that blocks, which the poller does not get
	in = os.NewFile(uintptr(fd[1]), "pipe")
	if err := unix.SetNonblock(fd[0], true); err != nil {
		return nil, nil, false, errors.Join(os.NewSyscallError("fcntl", err), file.Close(), in.Close())
	}
	return &outlet{ctx, file, fd[0]}, in, wide, nil
}

func (o *outlet) Read(b []byte) (int, error) {
	const wait = 1000 // milliseconds, until it is asked whether the context ended
	for {
		n, err := unix.Read(o.fd, b)
		switch {
		case errors.Is(err, unix.EAGAIN):
			if o.ctx.Err() != nil {
				return 0, context.Cause(o.ctx)
			}
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(o.fd), Events: unix.POLLIN}}, wait); err != nil && !errors.Is(err, unix.EINTR) {
				return 0, os.NewSyscallError("poll", err)
			}
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (o *outlet) Close() error { return o.file.Close() }
