package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// Reply says what an answer from AWS means for a key.
type Reply int

const (
	ReplyOK           Reply = iota
	ReplyUnknownKey         // the key is not known (yet): new keys take seconds to spread, and flap
	ReplyBadSignature       // the secret does not fit
	ReplyClock              // the request's time is too far from AWS's: nothing is said about the key
	ReplyDenied             // known and refused by policy, in AWS's own words
	ReplyNoSuch             // no such key or user
	ReplyLimit              // the user has two keys
	ReplyBusy               // throttled, or AWS is in trouble: ask again
	ReplyOther              // another answer with a code of AWS's
	ReplySilent             // no answer that AWS signed for: nothing is known
)

// ReplyOf classifies an error of the calls above. What has no code of AWS's, a
// proxy's page for one, tells nothing.
func ReplyOf(err error) Reply {
	if err == nil {
		return ReplyOK
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ReplySilent
	}
	status := statusOf(err)
	switch code := api.ErrorCode(); {
	case code == "" || code == "UnknownError":
		return ReplySilent
	case isThrottle(code), status >= 500, status == http429:
		return ReplyBusy
	case code == "InvalidClientTokenId" || code == "UnrecognizedClientException":
		return ReplyUnknownKey
	case isClock(code, api.ErrorMessage()):
		return ReplyClock
	case code == "SignatureDoesNotMatch":
		return ReplyBadSignature
	case code == "AccessDenied" || code == "AccessDeniedException":
		return ReplyDenied
	case code == "NoSuchEntity":
		return ReplyNoSuch
	case code == "LimitExceeded":
		return ReplyLimit
	}
	return ReplyOther
}

// isClock reports whether AWS refused a request for its time. STS and IAM do so with the
// code of a wrong secret, and "Signature expired: 20221103T080139Z is now earlier than ..." or
// "Signature not yet current: ...".
func isClock(code, message string) bool {
	switch code {
	case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
		return true
	case "SignatureDoesNotMatch", "InvalidSignatureException":
		return strings.HasPrefix(message, "Signature expired") || strings.HasPrefix(message, "Signature not yet current")
	}
	return false
}

// clockAtAWS is what AWS's clock said in an answer, in parentheses; empty where it is not known.
func clockAtAWS(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		if at, err := http.ParseTime(answer.Response.Header.Get("Date")); err == nil {
			return " (at AWS it is " + show.Time(at) + ")"
		}
	}
	return ""
}

// isThrottle reports whether a code of AWS's asks for fewer calls.
func isThrottle(code string) bool {
	return code == "Throttling" || code == "ThrottlingException" || code == "RequestLimitExceeded" || strings.HasPrefix(code, "TooManyRequests")
}

const http429 = http.StatusTooManyRequests

// Explained is what an error of a call means, in keycare's words. The words of AWS
// or of the SDK stand below them, on a line that begins with two spaces.
type Explained struct {
	Clause string // what went wrong
	Hint   string // what helps, a line
	Err    error
}

func (e *Explained) Error() string {
	text := e.Clause
	if e.Hint != "" {
		text += "\n" + e.Hint
	}
	if raw := Raw(e.Err); raw != "" {
		text += "\n  " + raw
	}
	return text
}

func (e *Explained) Unwrap() error { return e.Err }

// Explain turns an error of an AWS call into a sentence with a way out. An error of
// anything else, and one that is explained or says more, stays as it is.
func Explain(err error) error {
	if !ofCall(err) {
		return err
	}
	e := &Explained{Err: err}
	switch ReplyOf(err) {
	case ReplyDenied:
		e.Clause = "AWS denies the call"
		if action := DeniedAction(err); action != "" {
			e.Clause = "AWS denies " + action
			e.Hint = whoAllows(err)
		}
	case ReplyUnknownKey:
		e.Clause = "AWS does not accept the key (deleted, inactive, or of another partition)"
	case ReplyBadSignature:
		e.Clause = "the signature is wrong: the secret in the file does not belong to the key"
	case ReplyClock:
		e.Clause = "this machine's clock is wrong" + clockAtAWS(err) + ", and AWS refuses requests of another time"
		e.Hint = "Set the clock and try again (in WSL: sudo hwclock -s)"
	case ReplyNoSuch:
		e.Clause = "IAM knows no such user or key"
	case ReplyLimit:
		e.Clause = "the user already has two keys"
	case ReplyBusy:
		e.Clause = "AWS is busy or throttling"
	case ReplyOther:
		e.Clause = "AWS refused the call"
	case ReplySilent:
		e.Clause = "AWS did not answer"
		switch status := statusOf(err); {
		case Unreachable(err):
			e.Clause = "AWS cannot be reached"
		case status >= 300:
			e.Clause = fmt.Sprintf("something between here and AWS answered in its place (HTTP %d)", status)
		}
	}
	return e
}

// denials are what AWS's words say of the policy that denies, and what helps then. Source: IAM
// User Guide, troubleshoot access denied error messages.
var denials = []struct{ said, hint string }{
	{"service control policy", "A policy of your organization forbids it, whatever your own policies allow: ask who manages the organization"},
	{"resource control policy", "A policy of your organization forbids it, whatever your own policies allow: ask who manages the organization"},
	{"permissions boundary", "The permissions boundary of the user does not allow it: ask an administrator to allow it there (\"keycare policy\" prints what is needed)"},
	{"VPC endpoint policy", "The policy of the VPC endpoint in between does not allow it: ask who manages the network"},
	{"explicit deny", "A policy denies it outright, often until you sign in with MFA: pass --mfa-serial. If it is about something else (your address, say), ask an administrator"},
	{"", "Ask for a policy that allows it for your own user (\"keycare policy\" prints one), or pass --mfa-serial if your account requires MFA"},
}

// WithoutMFASerial is a hint for "keycare resume", which has no --mfa-serial: a
// rotation is finished by whoever began it.
func WithoutMFASerial(hint string) string {
	return strings.NewReplacer(", or pass --mfa-serial if your account requires MFA", "", ", often until you sign in with MFA: pass --mfa-serial. If it is", ". If it is").Replace(hint)
}

// whoAllows says what helps against a denial.
func whoAllows(err error) string {
	var api smithy.APIError
	errors.As(err, &api)
	return denials[slices.IndexFunc(denials, func(d struct{ said, hint string }) bool { return strings.Contains(api.ErrorMessage(), d.said) })].hint
}

// callError is an error of one call to AWS.
type callError struct {
	doing string
	err   error
}

func (e *callError) Error() string { return e.doing + ": " + e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

func calling(err error, doing string, args ...any) error {
	return &callError{fmt.Sprintf(doing, args...), err}
}

// ofCall reports whether an error is one of a call of AWS's and nothing more.
func ofCall(err error) bool {
	switch err.(type) {
	case *callError, *smithy.OperationError, short:
		return true
	}
	return false
}

func statusOf(err error) int {
	var http interface{ HTTPStatusCode() int }
	if errors.As(err, &http) {
		return http.HTTPStatusCode()
	}
	return 0
}

// Raw is what AWS or the network said, without the SDK's wrapping, request IDs and
// retry counts; empty where keycare's words say all of it.
func Raw(err error) string {
	var api smithy.APIError
	var address *url.Error
	switch {
	case errors.As(err, &api) && (api.ErrorCode() != "UnknownError" || api.ErrorMessage() != "UnknownError"):
		return api.ErrorCode() + ": " + oneLine(api.ErrorMessage())
	case Unreachable(err), statusOf(err) >= 300: // the clause says it
		return ""
	case errors.As(err, &address):
		return oneLine(address.Error())
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return oneLine(err.Error())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// DeniedAction finds "iam:X" in AWS's words "not authorized to perform: iam:X".
func DeniedAction(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if m := actionName().FindStringSubmatch(api.ErrorMessage()); m != nil {
			return m[1]
		}
	}
	return ""
}

var actionName = pattern.Of(`perform: ([a-z0-9-]+:[A-Za-z]+)`)

// Short keeps AWS's code and message of an error and leaves out the SDK's
// wrapping, request IDs and retry counts.
func Short(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return short{err, api}
	}
	return err
}

type short struct {
	error
	api smithy.APIError
}

func (e short) Error() string { return e.api.ErrorCode() + ": " + oneLine(e.api.ErrorMessage()) }
func (e short) Unwrap() error { return e.error }

// SDKWords are the SDK's own words in an error, whole, for --debug.
func SDKWords(err error) (said []string) {
	if err == nil {
		return nil
	}
	if call, ok := err.(*smithy.OperationError); ok {
		return []string{oneLine(call.Error())}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			said = append(said, SDKWords(one)...)
		}
	case interface{ Unwrap() error }:
		return SDKWords(e.Unwrap())
	}
	return said
}

// AlreadyExists reports whether a thing could not be made because it is there.
func AlreadyExists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "EntityAlreadyExists"
}
