package rotate

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/smithy-go"
)

// explain turns an error of an AWS call into a sentence with a way out.
func explain(err error) error {
	switch replyOf(err) {
	case replyDenied:
		if action := deniedAction(err); action != "" {
			return fmt.Errorf("AWS denies %s: ask for a policy that allows it on your own user (\"keycare policy\" prints one), or give --mfa-serial if your account wants a second factor: %w", action, short(err))
		}
		return fmt.Errorf("AWS denies the call: %w", short(err))
	case replyNotYet:
		return fmt.Errorf("AWS does not accept the key that signed (deleted, inactive, or of another partition): %w", short(err))
	case replyBadSign:
		return fmt.Errorf("the signature does not fit: the secret in the file is not the key's, or this machine's clock is wrong: %w", short(err))
	case replySilent:
		return fmt.Errorf("no answer from AWS: %w", err)
	}
	return err
}

// deniedAction finds "iam:X" in AWS's words "not authorized to perform: iam:X".
func deniedAction(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if m := actionName.FindStringSubmatch(api.ErrorMessage()); m != nil {
			return m[1]
		}
	}
	return ""
}

var actionName = regexp.MustCompile(`perform: ([a-z0-9-]+:[A-Za-z]+)`)

// short keeps AWS's code and message of an error and leaves out the SDK's
// wrapping, request IDs and retry counts.
func short(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return err
}

// exists reports whether a thing could not be made because it is there.
func exists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "EntityAlreadyExists"
}
