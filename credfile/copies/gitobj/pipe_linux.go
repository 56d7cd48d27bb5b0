package gitobj

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// outlet is the end of a pipe that is read without the runtime's poller: that would
// wake this program for each object that git writes.
type outlet struct {
	ctx   context.Context
	file  *os.File
	fd    int
	wide  bool // the pipe holds widePipe bytes
	size  int  // read so far
	short bool // the last read was
}

const (
	widePipe = 1 << 20
	// nap is less than git takes to fill a wide pipe.
	nap = time.Millisecond
	// napFrom is how much git has to have written before: most of its answers are short.
	napFrom = 128 << 10
)

func newOutlet(ctx context.Context) (out io.ReadCloser, in *os.File, err error) {
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	_, err = unix.FcntlInt(uintptr(fd[0]), unix.F_SETPIPE_SZ, widePipe)
	wide := err == nil
	file := os.NewFile(uintptr(fd[0]), "pipe") // as a file that blocks, which the poller does not get
	in = os.NewFile(uintptr(fd[1]), "pipe")
	if err := unix.SetNonblock(fd[0], true); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("fcntl", err), file.Close(), in.Close())
	}
	return &outlet{ctx: ctx, file: file, fd: fd[0], wide: wide}, in, nil
}

// Read reads. Git writes object by object and slower than they are looked at, so that
// this program and git would wake each other for each: where the pipe is wide it is
// left to fill for a moment. The runtime's own sleep would wake threads of its own.
func (o *outlet) Read(b []byte) (n int, err error) {
	if o.wide && o.short && o.size >= napFrom {
		moment := unix.NsecToTimespec(int64(nap))
		_ = unix.Nanosleep(&moment, nil) // a signal ends it early, which is no harm
	}
	n, err = o.read(b)
	o.size, o.short = o.size+n, n < len(b)/2
	return n, err
}

func (o *outlet) read(b []byte) (int, error) {
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
