package rotate

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
)

// What a command started in a session of its own ends with it too.
func TestAfterIsStoppedInOtherSessions(t *testing.T) {
	testrun.NotShort(t) // it gets some seconds to end
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("SKIPPED: no setsid here")
	}
	t.Setenv(afterMode, "hangs below")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- runAfter(ctx, []string{"/bin/sh", "-c", `setsid "$0" "$1" & exec "$0" "$1"`, os.Args[0], l.Addr().String()}, credfile.Pair{})
	}()
	var held []net.Conn
	for range 2 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, conn := range held {
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("something is left running")
		}
		_ = conn.Close()
	}
}
