package rotate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"keycare/credfile"
	"keycare/credfile/facts"
)

// AWS is how one profile reaches AWS: region, endpoints, proxy and certificate
// authorities as the SDK finds them. It holds no key; each call is signed with
// the pair it is given, and all calls share their connections.
type AWS struct{ config aws.Config }

// defaultRegion signs where a profile and the environment name no region. IAM
// is one service for the whole partition.
const defaultRegion = "us-east-1"

// Connect returns the way to AWS for profile. Keys in the environment play no
// part. The SDK's loader panics on some files; that is an error here.
func Connect(ctx context.Context, paths credfile.Paths, profile string) (a *AWS, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("profile %q: the AWS SDK cannot read the shared files (%v): run \"keycare audit\" to see why", profile, e)
		}
	}()
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithSharedCredentialsFiles([]string{paths.Credentials}),
		config.WithSharedConfigFiles([]string{paths.Config}),
		config.WithSharedConfigProfile(profile),
		config.WithCredentialsProvider(aws.AnonymousCredentials{}),
		config.WithDefaultRegion(defaultRegion),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 2 * time.Second })
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("profile %q: cannot set up the AWS client: %w", profile, err)
	}
	if err := badEndpoint(aws.ToString(cfg.BaseEndpoint)); err != nil {
		return nil, fmt.Errorf("profile %q: %w", profile, err)
	}
	return &AWS{cfg}, nil
}

// badEndpoint refuses endpoints that are no addresses. The SDK's own error would
// show them, with a password that may stand in them.
func badEndpoint(base string) error {
	from := map[string]string{"the endpoint_url of its settings": base}
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"} {
		from[name] = os.Getenv(name)
	}
	for name, address := range from {
		if _, err := url.Parse(address); err != nil {
			return fmt.Errorf("%s is no address: write one such as https://host:port", name)
		}
	}
	return nil
}

// Signer is who signs a call.
type Signer = aws.CredentialsProvider

// signer returns the signer for a long-term key.
func signer(p credfile.Pair) Signer {
	return credentials.NewStaticCredentialsProvider(p.ID, p.Secret.Reveal(), "")
}

// iam is the SDK's client of IAM, whose calls are signed by s.
func (a *AWS) iam(s Signer) *iam.Client { return iam.NewFromConfig(a.signedBy(s)) }

// fromConfig is the way to AWS that cfg describes.
func fromConfig(cfg aws.Config) *AWS { return &AWS{cfg} }

func (a *AWS) signedBy(s Signer) aws.Config {
	cfg := a.config.Copy()
	cfg.Credentials = s
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), onlyAWS)
	return cfg
}

// onlyAWS takes a success without AWS's request ID for no answer: the SDK reads
// an empty reply as one in which nothing is set, and that of a deletion not at
// all, so that a proxy's page would do.
func onlyAWS(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("onlyAWS",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleDeserialize(ctx, in)
			if r, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && r.StatusCode < 300 && r.Header.Get("X-Amzn-Requestid") == "" {
				err = errNotAWS
			}
			return out, md, err
		}), middleware.Before)
}

var errNotAWS = errors.New("the reply is not from AWS: it has no request ID (a proxy's page?)")

// Identity asks STS who the pair belongs to. The time is AWS's.
func (a *AWS) Identity(ctx context.Context, p credfile.Pair) (facts.Identity, time.Time, error) {
	out, err := sts.NewFromConfig(a.signedBy(signer(p))).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return facts.Identity{}, time.Time{}, fmt.Errorf("ask STS about key %s: %w", p.ID, err)
	}
	return facts.Identity{ARN: aws.ToString(out.Arn), UserID: aws.ToString(out.UserId), Account: aws.ToString(out.Account)},
		serverTime(out.ResultMetadata), nil
}

// Key is an access key as IAM lists it.
type Key struct {
	ID      string
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
			return nil, time.Time{}, fmt.Errorf("list the keys of user %q: %w", user, err)
		}
		for _, k := range out.AccessKeyMetadata {
			keys = append(keys, Key{aws.ToString(k.AccessKeyId), k.Status == "Active", aws.ToTime(k.CreateDate)})
		}
		if !out.IsTruncated {
			return keys, serverTime(out.ResultMetadata), nil
		}
		in.Marker = out.Marker
	}
}

// Create asks IAM for a new key, once: the call has no idempotency token, so a
// retry after a lost reply would leave a key whose secret nobody knows.
func (a *AWS) Create(ctx context.Context, by Signer, user string) (credfile.Pair, error) {
	out, err := iam.NewFromConfig(a.signedBy(by), func(o *iam.Options) {
		o.Retryer = aws.NopRetryer{}
	}).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		return credfile.Pair{}, fmt.Errorf("create a key for user %q: %w", user, err)
	}
	if out.AccessKey == nil || aws.ToString(out.AccessKey.AccessKeyId) == "" || aws.ToString(out.AccessKey.SecretAccessKey) == "" {
		return credfile.Pair{}, fmt.Errorf("create a key for user %q: %w", user, errNoKeyInReply)
	}
	return credfile.Pair{ID: *out.AccessKey.AccessKeyId, Secret: credfile.NewSecret(*out.AccessKey.SecretAccessKey)}, nil
}

var errNoKeyInReply = errors.New("the reply holds no key")

// Delete deletes key id of user; an empty user stands for the signer, which only
// the root user's own key may.
func (a *AWS) Delete(ctx context.Context, by Signer, user, id string) error {
	_, err := iam.NewFromConfig(a.signedBy(by)).DeleteAccessKey(ctx,
		&iam.DeleteAccessKeyInput{UserName: nilIfEmpty(user), AccessKeyId: aws.String(id)})
	if err != nil {
		return fmt.Errorf("delete key %s of user %q: %w", id, user, err)
	}
	return nil
}

// Deactivate sets key id of user Inactive.
func (a *AWS) Deactivate(ctx context.Context, by Signer, user, id string) error {
	_, err := iam.NewFromConfig(a.signedBy(by)).UpdateAccessKey(ctx,
		&iam.UpdateAccessKeyInput{UserName: aws.String(user), AccessKeyId: aws.String(id), Status: "Inactive"})
	if err != nil {
		return fmt.Errorf("deactivate key %s of user %q: %w", id, user, err)
	}
	return nil
}

// LastUsed asks IAM when key id was used last.
func (a *AWS) LastUsed(ctx context.Context, by Signer, id string) (facts.Use, error) {
	out, err := iam.NewFromConfig(a.signedBy(by)).GetAccessKeyLastUsed(ctx,
		&iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(id)})
	if err != nil {
		return facts.Use{}, fmt.Errorf("ask for the last use of key %s: %w", id, err)
	}
	if out.AccessKeyLastUsed == nil {
		return facts.Use{}, fmt.Errorf("ask for the last use of key %s: %w", id, errNotAWS)
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

// reply says what an answer from AWS means for a key.
type reply int

const (
	replyOK       reply = iota
	replyNotYet         // the key is not known (yet): new keys take seconds to spread, and flap
	replyBadSign        // the secret does not fit, or the clock is wrong
	replyDenied         // known and refused by policy, in AWS's own words
	replyGone           // no such key or user
	replyLimit          // the user has two keys
	replyBusy           // throttled, or AWS is in trouble: ask again
	replyRejected       // another answer with a code of AWS's
	replySilent         // no answer that AWS signed for: nothing is known
)

// replyOf classifies an error of the calls above. What has no code of AWS's, a
// proxy's page for one, tells nothing.
func replyOf(err error) reply {
	if err == nil {
		return replyOK
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return replySilent
	}
	var http interface{ HTTPStatusCode() int }
	status := 0
	if errors.As(err, &http) {
		status = http.HTTPStatusCode()
	}
	switch code := api.ErrorCode(); {
	case code == "" || code == "UnknownError":
		return replySilent
	case code == "Throttling" || code == "ThrottlingException" || code == "RequestLimitExceeded" || strings.HasPrefix(code, "TooManyRequests"),
		status >= 500, status == http429:
		return replyBusy
	case code == "InvalidClientTokenId" || code == "UnrecognizedClientException":
		return replyNotYet
	case code == "SignatureDoesNotMatch":
		return replyBadSign
	case code == "AccessDenied" || code == "AccessDeniedException":
		return replyDenied
	case code == "NoSuchEntity":
		return replyGone
	case code == "LimitExceeded":
		return replyLimit
	}
	return replyRejected
}

const http429 = http.StatusTooManyRequests
