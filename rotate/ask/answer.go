package ask

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile/facts"
	"keycare/rotate/client"
)

// Why something is unknown that no answer of AWS's explains.
const (
	notAsked = facts.NotAsked
	tooMany  = facts.TooMany
	tooLong  = "AWS lists more of it than one audit reads"
)

// answerOf is a value, or why there is none.
func answerOf[T any](v T, err error, action string) facts.Answer[T] {
	if err != nil {
		return fail(facts.Answer[T]{}, err, action)
	}
	return facts.Answered(v)
}

// fail is a without an answer, and why there is none. Only what AWS refuses to tell
// is settled by that: all else is lost.
func fail[T any](a facts.Answer[T], err error, action string) facts.Answer[T] {
	var noMFA *client.NoMFAError
	if why := whyUnknown(err, action); errors.As(err, &noMFA) {
		a.Lose(noMFA.Why) // with a code it is told
	} else if client.ReplyOf(err) == client.ReplyDenied {
		a.Fail(why)
	} else {
		a.Lose(why)
	}
	return a
}

// whyUnknown says in a few words why AWS did not tell. action is the permission
// that the call needs, for an answer that does not name it.
func whyUnknown(err error, action string) string {
	switch client.ReplyOf(err) {
	case client.ReplyDenied:
		if named := client.DeniedAction(err); named != "" {
			action = named
		}
		if action != "" {
			return "needs " + action
		}
		return "AWS denies the call"
	case client.ReplyBusy:
		return facts.Throttle
	case client.ReplySilent:
		if errors.Is(err, errTooLong) {
			return tooLong
		}
		return "no answer from AWS" + silence(err)
	}
	return client.Short(err).Error()
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
	case client.Unreachable(err):
		return " (there is no way to it: is there a network?)"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return " (it took too long)"
	}
	return ""
}

// windowsRefused is what Windows says of an address where nobody listens.
const windowsRefused = syscall.Errno(10061)

// mostPages bounds a list. Of most things a user has fewer than one page holds.
const mostPages = 20

var errTooLong = errors.New(tooLong)

// pages gathers the pages of a list.
func pages[T any](page func(marker *string) ([]T, *string, error)) ([]T, error) {
	var all []T
	var marker *string
	for range mostPages {
		some, next, err := page(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if aws.ToString(next) == "" {
			return all, nil
		}
		marker = next
	}
	return nil, errTooLong
}

func names[T any](all []T, name func(T) *string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = aws.ToString(name(one))
	}
	return out
}
