package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"

	"keycare/credfile/facts"
)

// WhyUnknown says in a few words why a call told nothing. action is the permission that
// the call needs, for an answer that does not name it. Only what AWS refuses to tell, or
// cannot be asked there, is settled: all else is lost, and another audit may learn it.
func WhyUnknown(err error, action string) (why string, lost bool) {
	var noMFA *NoMFAError
	if errors.As(err, &noMFA) {
		return noMFA.Why, true // with a code it is told
	}
	for _, never := range []error{errNoTrail, errNoAccountService} {
		if errors.Is(err, never) {
			return never.Error(), false
		}
	}
	switch ReplyOf(err) {
	case ReplyDenied:
		if named := DeniedAction(err); named != "" {
			action = named
		}
		if action != "" {
			return facts.Needs(action), false
		}
		return "AWS denies the call", false
	case ReplyClock:
		return "this machine's clock is wrong" + clockAtAWS(err), true
	case ReplyBusy:
		return facts.Throttle, true
	case ReplySilent:
		return "no answer from AWS" + silence(err), true
	}
	return clause(Short(err).Error()), true
}

// mostWhy is how much of an answer, in characters, is told in a sentence.
const mostWhy = 300

// clause makes of AWS's words a part of a sentence: without its end, and not longer
// than anyone reads, whoever it was that answered.
func clause(s string) string {
	if r := []rune(s); len(r) > mostWhy {
		s = string(r[:mostWhy-1]) + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// silence says in a few words what kept an answer away, in parentheses, where
// that is known. A name or an address is not repeated: it may be a proxy's, with
// a password.
func silence(err error) string {
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		return " (its name is not found: is there a network?)"
	case errors.As(err, &untrusted):
		return " (its certificate is not trusted: is there a proxy?)"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, windowsRefused):
		return " (the connection is refused)"
	case Unreachable(err):
		return " (there is no way to it: is there a network?)"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return " (it took too long)"
	}
	return ""
}

// windowsRefused is what Windows says of an address where nobody listens.
const windowsRefused = syscall.Errno(10061)
