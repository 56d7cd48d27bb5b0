package testrun

import (
	"net"
	"testing"
)

// Nobody is an address of this machine at which nobody listens, and no other test or
// program will: a port that was closed would be the next one's to take.
func Nobody(t testing.TB) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	held, err := net.Dial("tcp", ln.Addr().String()) // its own port is taken, and takes no connections
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return held.LocalAddr().String()
}
