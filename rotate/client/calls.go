package client

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// Identity asks STS who the pair belongs to. The time is AWS's.
func (a *AWS) Identity(ctx context.Context, p credfile.Pair) (facts.Identity, time.Time, error) {
	out, err := sts.NewFromConfig(a.signedBy(SignerOf(p))).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return facts.Identity{}, time.Time{}, calling(err, "ask STS about key %s", show.KeyID(p.ID))
	}
	return facts.Identity{ARN: aws.ToString(out.Arn), UserID: aws.ToString(out.UserId), Account: aws.ToString(out.Account)},
		serverTime(out.ResultMetadata), nil
}

// Key is an access key as IAM lists it.
type Key struct {
	ID      string
	User    string // name
	Active  bool
	Created time.Time
}

// List returns the user's keys. An empty user means the signer; only the audit
// leaves it empty.
func (a *AWS) List(ctx context.Context, by Signer, user string) ([]Key, time.Time, error) {
	in := &iam.ListAccessKeysInput{UserName: nilIfEmpty(user)}
	var keys []Key
	client := iam.NewFromConfig(a.signedBy(by))
	for {
		out, err := client.ListAccessKeys(ctx, in)
		if err != nil {
			return nil, time.Time{}, calling(err, "list the keys of user %q", user)
		}
		for _, k := range out.AccessKeyMetadata {
			keys = append(keys, Key{aws.ToString(k.AccessKeyId), aws.ToString(k.UserName), k.Status == "Active", aws.ToTime(k.CreateDate)})
		}
		if !out.IsTruncated {
			return keys, serverTime(out.ResultMetadata), nil
		}
		in.Marker = out.Marker
	}
}

// Create asks IAM for a new key, once: the call has no idempotency token, so a
// retry after a lost reply would leave a key whose secret nobody knows. Only what AWS
// refused for its time is sent again, with AWS's time. token
// stands in the request's User-Agent, where CloudTrail records it: it tells
// later which key this very request made.
func (a *AWS) Create(ctx context.Context, by Signer, user, token string) (credfile.Pair, error) {
	out, err := iam.NewFromConfig(a.signedBy(by), func(o *iam.Options) {
		o.Retryer = clockRetryer{}
		o.AppID = appID(o.AppID, token)
	}).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		return credfile.Pair{}, calling(err, "create a key for user %q", user)
	}
	if out.AccessKey == nil || aws.ToString(out.AccessKey.AccessKeyId) == "" || aws.ToString(out.AccessKey.SecretAccessKey) == "" {
		return credfile.Pair{}, calling(errNoKeyInReply, "create a key for user %q", user)
	}
	if of := aws.ToString(out.AccessKey.UserName); of != "" && of != user {
		return credfile.Pair{}, calling(errOtherUser, "create a key for user %q", user)
	}
	return credfile.Pair{ID: *out.AccessKey.AccessKeyId, Secret: credfile.NewSecret(*out.AccessKey.SecretAccessKey)}, nil
}

var (
	errNoKeyInReply = errors.New("the reply holds no key")
	errOtherUser    = errors.New("the reply is about another user")
)

// Delete deletes key id of user; an empty user stands for the signer, which only
// the root user's own key may.
func (a *AWS) Delete(ctx context.Context, by Signer, user, id string) error {
	_, err := iam.NewFromConfig(a.signedBy(by)).DeleteAccessKey(ctx,
		&iam.DeleteAccessKeyInput{UserName: nilIfEmpty(user), AccessKeyId: aws.String(id)})
	if err != nil {
		return calling(err, "delete key %s of user %q", id, user)
	}
	return nil
}

// SetActive makes key id of user Active, or Inactive. The time is AWS's.
func (a *AWS) SetActive(ctx context.Context, by Signer, user, id string, active bool) (time.Time, error) {
	status, what := types.StatusTypeInactive, "inactive"
	if active {
		status, what = types.StatusTypeActive, "active"
	}
	out, err := iam.NewFromConfig(a.signedBy(by)).UpdateAccessKey(ctx,
		&iam.UpdateAccessKeyInput{UserName: aws.String(user), AccessKeyId: aws.String(id), Status: status})
	if err != nil {
		return time.Time{}, calling(err, "make key %s of user %q %s", id, user, what)
	}
	return serverTime(out.ResultMetadata), nil
}

// Quarantined reports whether AWS has attached its policy for compromised keys to
// the user. Source: AWSCompromisedKeyQuarantine, V2, V3 in the list of AWS's
// managed policies.
func (a *AWS) Quarantined(ctx context.Context, by Signer, user string) (bool, error) {
	in := &iam.ListAttachedUserPoliciesInput{UserName: aws.String(user)}
	client := iam.NewFromConfig(a.signedBy(by))
	for {
		out, err := client.ListAttachedUserPolicies(ctx, in)
		if err != nil {
			return false, calling(err, "list the policies of user %q", user)
		}
		for _, p := range out.AttachedPolicies {
			if strings.HasPrefix(aws.ToString(p.PolicyName), "AWSCompromisedKeyQuarantine") {
				return true, nil
			}
		}
		if !out.IsTruncated {
			return false, nil
		}
		in.Marker = out.Marker
	}
}

// LastUsed asks IAM when key id was used last.
func (a *AWS) LastUsed(ctx context.Context, by Signer, id string) (facts.Use, error) {
	out, err := iam.NewFromConfig(a.signedBy(by)).GetAccessKeyLastUsed(ctx,
		&iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(id)})
	if err != nil {
		return facts.Use{}, calling(err, "ask for the last use of key %s", id)
	}
	if out.AccessKeyLastUsed == nil {
		return facts.Use{}, calling(errNotAWS, "ask for the last use of key %s", id)
	}
	u := out.AccessKeyLastUsed
	return facts.Use{At: aws.ToTime(u.LastUsedDate), Service: aws.ToString(u.ServiceName), Region: aws.ToString(u.Region)}, nil
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func serverTime(m middleware.Metadata) time.Time {
	t, _ := awsmiddleware.GetServerTime(m)
	return t
}
