package client

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"keycare/credfile/facts"
)

// DeniesOutright reports whether a policy of the user forbids a call in so many
// words, as those do that let nothing pass without MFA. A permission that is merely
// missing reads otherwise.
func DeniesOutright(err error) bool {
	var api smithy.APIError
	if ReplyOf(err) != ReplyDenied || !errors.As(err, &api) {
		return false
	}
	said := strings.TrimRight(api.ErrorMessage(), ". ")
	return strings.HasSuffix(said, "with an explicit deny") || strings.Contains(said, "with an explicit deny in an identity-based policy")
}

// NoMFAError is a call that is denied outright to a user who has to sign in with
// MFA, and did not.
type NoMFAError struct {
	Why string // in a few words
	err error
}

func (e *NoMFAError) Error() string { return e.Why }
func (e *NoMFAError) Unwrap() error { return e.err }

// WithoutMFA is the way for the calls of a user who has to sign in with MFA, and did
// not, because of why (facts.NeedsMFA if empty): what is denied outright is a
// *NoMFAError.
func (a *AWS) WithoutMFA(why string) *AWS {
	if why == "" {
		why = facts.NeedsMFA
	}
	cfg := a.config.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("withoutMFA",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				out, md, err := next.HandleInitialize(ctx, in)
				if DeniesOutright(err) {
					err = &NoMFAError{why, err}
				}
				return out, md, err
			}), middleware.Before)
	})
	return &AWS{cfg}
}
