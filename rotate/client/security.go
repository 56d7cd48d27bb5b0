package client

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"keycare/credfile/facts"
)

// accountRegions are where the account service of a partition answers. Source: AWS
// General Reference, Account Management endpoints.
var accountRegions = map[string]string{"aws": "us-east-1", "aws-cn": "cn-northwest-1"}

var errNoAccountService = errors.New("cannot ask for it: this partition has no account service, or IAM's endpoint is set and that of the account service is not")

// SecurityContact reports whether the account has an alternate contact for security, to
// which AWS writes when it finds a leaked key. Who that is does not leave this function.
// It needs account:GetAlternateContact.
func (a *AWS) SecurityContact(ctx context.Context, by Signer, user facts.Identity) (bool, error) {
	cfg := a.signedBy(by)
	region := accountRegions[user.Partition()]
	c := account.NewFromConfig(cfg, func(o *account.Options) { o.Region = region })
	if region == "" || iam.NewFromConfig(cfg).Options().BaseEndpoint != nil && c.Options().BaseEndpoint == nil {
		return false, errNoAccountService
	}
	out, err := c.GetAlternateContact(ctx, &account.GetAlternateContactInput{AlternateContactType: types.AlternateContactTypeSecurity})
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "ResourceNotFoundException":
		return false, nil
	case err != nil:
		return false, calling(err, "ask for the security contact of account %s", user.Account)
	case out.AlternateContact == nil:
		return false, calling(errNotAWS, "ask for the security contact of account %s", user.Account)
	}
	return true, nil
}
