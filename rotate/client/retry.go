package client

import (
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// Asking is the way for calls that change nothing and that somebody waits for:
// without a network they fail at once, and AWS's wish for fewer calls is followed
// for as long as their context lasts.
func (a *AWS) Asking() *AWS {
	if r := a.config.Retryer; r != nil && r().MaxAttempts() == 1 {
		return a // nothing is to be tried again
	}
	cfg := a.config.Copy()
	cfg.Retryer = func() aws.Retryer {
		return askRetryer{retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff, o.MaxAttempts = 4*time.Second, busyAttempts })}
	}
	return &AWS{cfg}
}

const (
	unreachableAttempts = 2
	otherAttempts       = 3 // the SDK's own
	busyAttempts        = 10
	// soon is how long a hiccup of a network that is there may take.
	soon = 200 * time.Millisecond
)

type askRetryer struct{ *retry.Standard }

// IsErrorRetryable reports whether another attempt may help.
func (r askRetryer) IsErrorRetryable(err error) bool {
	var untrusted *tls.CertificateVerificationError
	cut := errors.Is(err, io.ErrUnexpectedEOF) // the SDK tries again only what ends with a reset
	return throttled(err) || cut || !errors.As(err, &untrusted) && r.Standard.IsErrorRetryable(err)
}

// RetryDelay is how long to wait after so many attempts; an error ends them.
func (r askRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	most := otherAttempts
	switch {
	case Unreachable(err):
		if attempt >= unreachableAttempts {
			return 0, err
		}
		return soon, nil
	case throttled(err):
		most = busyAttempts
	}
	if attempt >= most {
		return 0, err
	}
	return r.Standard.RetryDelay(attempt, err)
}

// clockRetryer tries again only what AWS refused because of the request's time, once: the
// SDK then signs with AWS's. Nothing came of the first request.
type clockRetryer struct{ aws.NopRetryer }

// MaxAttempts is the request and its repetition.
func (clockRetryer) MaxAttempts() int { return 2 }

// IsErrorRetryable reports whether AWS refused the request for its time.
func (clockRetryer) IsErrorRetryable(err error) bool { return ReplyOf(err) == ReplyClock }

// RetryDelay is none.
func (clockRetryer) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// throttled reports whether AWS asks for fewer calls.
func throttled(err error) bool {
	var api smithy.APIError
	var http interface{ HTTPStatusCode() int }
	if errors.As(err, &http) && http.HTTPStatusCode() == http429 {
		return true
	}
	return errors.As(err, &api) && isThrottle(api.ErrorCode())
}
