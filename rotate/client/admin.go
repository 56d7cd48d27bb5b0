package client

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/credfile"
)

// ProveAdmin asks IAM as an administrator would: only an answer counts, no
// denial.
func (a *AWS) ProveAdmin(ctx context.Context, p credfile.Pair) error {
	client := a.IAM(SignerOf(p))
	if _, err := client.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1)}); err != nil {
		return calling(err, "ask IAM as an administrator")
	}
	if _, err := client.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}); err != nil {
		return calling(err, "ask IAM as an administrator")
	}
	return nil
}

// RootHasKey asks whether the account's root user has an access key; known is
// false where AWS does not say.
func (a *AWS) RootHasKey(ctx context.Context, by Signer) (present, known bool, err error) {
	out, err := a.IAM(by).GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil {
		return false, false, err
	}
	n, known := out.SummaryMap["AccountAccessKeysPresent"]
	return n != 0, known, nil
}
