package client

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
)

// Reply says what an answer from AWS means for a key.
type Reply int

const (
	ReplyOK           Reply = iota
	ReplyUnknownKey         // the key is not known (yet): new keys take seconds to spread, and flap
	ReplyBadSignature       // the secret does not fit, or the clock is wrong
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
	var http interface{ HTTPStatusCode() int }
	status := 0
	if errors.As(err, &http) {
		status = http.HTTPStatusCode()
	}
	switch code := api.ErrorCode(); {
	case code == "" || code == "UnknownError":
		return ReplySilent
	case isThrottle(code), status >= 500, status == http429:
		return ReplyBusy
	case code == "InvalidClientTokenId" || code == "UnrecognizedClientException":
		return ReplyUnknownKey
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

// isThrottle reports whether a code of AWS's asks for fewer calls.
func isThrottle(code string) bool {
	return code == "Throttling" || code == "ThrottlingException" || code == "RequestLimitExceeded" || strings.HasPrefix(code, "TooManyRequests")
}

const http429 = http.StatusTooManyRequests

// Explain turns an error of an AWS call into a sentence with a way out.
func Explain(err error) error {
	switch ReplyOf(err) {
	case ReplyDenied:
		if action := DeniedAction(err); action != "" {
			return fmt.Errorf("AWS denies %s: ask for a policy that allows it on your own user (\"keycare policy\" prints one), or give --mfa-serial if your account wants a second factor: %w", action, Short(err))
		}
		return fmt.Errorf("AWS denies the call: %w", Short(err))
	case ReplyUnknownKey:
		return fmt.Errorf("AWS does not accept the key that signed (deleted, inactive, or of another partition): %w", Short(err))
	case ReplyBadSignature:
		return fmt.Errorf("the signature does not fit: the secret in the file is not the key's, or this machine's clock is wrong: %w", Short(err))
	case ReplySilent:
		return fmt.Errorf("no answer from AWS: %w", err)
	}
	return err
}

// DeniedAction finds "iam:X" in AWS's words "not authorized to perform: iam:X".
func DeniedAction(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if m := actionName.FindStringSubmatch(api.ErrorMessage()); m != nil {
			return m[1]
		}
	}
	return ""
}

var actionName = regexp.MustCompile(`perform: ([a-z0-9-]+:[A-Za-z]+)`)

// Short keeps AWS's code and message of an error and leaves out the SDK's
// wrapping, request IDs and retry counts.
func Short(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return err
}

// AlreadyExists reports whether a thing could not be made because it is there.
func AlreadyExists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "EntityAlreadyExists"
}
