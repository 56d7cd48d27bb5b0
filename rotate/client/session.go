package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"keycare/credfile"
)

// ErrNeedsPerson says that a code of an MFA device is needed and nobody can be
// asked for it.
var ErrNeedsPerson = errors.New("cannot prompt for an MFA code: not a terminal. Run it in a terminal, or pass --mfa-code")

// sessionSeconds is the shortest session that STS gives.
const sessionSeconds = 900

// Session asks STS for a session with MFA, signed by base. code is the one that
// the device shows now.
func (a *AWS) Session(ctx context.Context, base credfile.Pair, serial, code string) (Signer, error) {
	out, err := sts.NewFromConfig(a.signedBy(SignerOf(base))).GetSessionToken(ctx, &sts.GetSessionTokenInput{
		SerialNumber: aws.String(serial), TokenCode: aws.String(code), DurationSeconds: aws.Int32(sessionSeconds)})
	if err != nil {
		e := &Explained{Clause: "AWS gives no session for MFA device " + serial, Err: err}
		switch {
		case Unreachable(err):
			e.Clause = "AWS cannot be reached"
		case ReplyOf(err) == ReplyDenied:
			e.Hint = "Wait for the next code and try again. A FIDO device cannot do this: use --auth-profile"
		}
		return nil, e
	}
	if out.Credentials == nil {
		return nil, fmt.Errorf("AWS gives no session for MFA device %s: the reply holds none", serial)
	}
	c := out.Credentials
	return credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken)), nil
}

// ProfileSigner returns the credentials that the SDK finds for a profile: a key,
// a role, SSO, a process; and the ID of the key that they are at the moment.
// code gives the code of an MFA device where a role wants one. The SDK's loader panics on some files; that is an error
// here.
func ProfileSigner(ctx context.Context, paths credfile.Paths, profile string, code func(serial string) (string, error)) (s Signer, id string, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("the AWS SDK cannot read the shared files (%v)", e)
		}
	}()
	way, err := Connect(ctx, paths, profile)
	if err != nil {
		return nil, "", err
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithSharedCredentialsFiles([]string{paths.Credentials}),
		config.WithSharedConfigFiles([]string{paths.Config}),
		config.WithSharedConfigProfile(profile),
		config.WithDefaultRegion(DefaultRegion),
		config.WithLogger(logging.Nop{}),
		config.WithAPIOptions([]func(*middleware.Stack) error{bounded, plainBody}),
		config.WithAssumeRoleCredentialOptions(func(ao *stscreds.AssumeRoleOptions) {
			ao.Client = way.sameEndpoint(ao.Client)
			ao.TokenProvider = func() (string, error) {
				return code(aws.ToString(ao.SerialNumber))
			}
		}))
	if err != nil {
		return nil, "", err
	}
	got, err := onlyKeyIDs(cfg.Credentials).Retrieve(ctx)
	if err != nil {
		return nil, "", noCredentials(err)
	}
	return cfg.Credentials, got.AccessKeyID, nil
}

// noCredentials says that a profile has none. The SDK's own words stand below.
func noCredentials(err error) error {
	const none = "it has no usable credentials"
	if len(SDKWords(err)) == 0 {
		return fmt.Errorf(none+": %w", err)
	}
	return &Explained{Clause: none, Err: err}
}

// sameEndpoint sends the calls of a role's provider where the profile's other
// calls to STS go. The SDK makes that provider before it has read
// AWS_ENDPOINT_URL and endpoint_url, so that it knows AWS_ENDPOINT_URL_STS alone.
// What signs them has to be a key.
func (a *AWS) sameEndpoint(c stscreds.AssumeRoleAPIClient) stscreds.AssumeRoleAPIClient {
	base := sts.NewFromConfig(a.config).Options().BaseEndpoint
	made, ok := c.(*sts.Client)
	if !ok {
		return c
	}
	o := made.Options()
	if base != nil {
		o.BaseEndpoint = base
	}
	if o.Credentials != nil {
		o.Credentials = onlyKeyIDs(o.Credentials)
	}
	return sts.New(o)
}
