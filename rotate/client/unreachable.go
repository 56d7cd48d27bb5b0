package client

import (
	"errors"
	"net"
	"slices"
	"syscall"
)

// Unreachable reports whether an error says that this machine has no way to AWS at
// the moment: no network, no name server, nobody at the address.
func Unreachable(err error) bool {
	var name *net.DNSError
	if errors.As(err, &name) || errors.Is(err, errNoContact) {
		return true
	}
	var no syscall.Errno
	return errors.As(err, &no) && slices.Contains(noWay, no)
}

// noWay are what systems say of an address that nobody answers at. The numbers are
// those of Windows, for the network being down, unreachable, a timeout, a refusal
// and an unreachable host.
var noWay = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ETIMEDOUT,
	10050, 10051, 10060, 10061, 10065,
}
