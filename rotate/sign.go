package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keycare/credfile"
)

// Auth says who signs the calls to IAM where the key itself may not: a session
// of the same user with MFA, or another profile. Both empty means the key.
type Auth struct {
	MFASerial string `json:"mfa_serial,omitempty"`
	Profile   string `json:"auth_profile,omitempty"`
}

// ErrNeedsPerson says that a code of an MFA device is needed and nobody can be
// asked for it.
var ErrNeedsPerson = errors.New("a code of the MFA device is needed and nobody can be asked: run it in a terminal, or give --mfa-code")

// helper returns the signer that auth names, or nil where the key signs itself.
// base is a working key of the user, which asks for the session with MFA.
func (o *Options) helper(ctx context.Context, a *AWS, auth Auth, set *credfile.Set, base credfile.Pair) (Signer, error) {
	switch {
	case auth.Profile != "":
		return o.otherProfile(ctx, set, auth.Profile, base)
	case auth.MFASerial != "":
		return o.session(ctx, a, auth.MFASerial, base)
	}
	return nil, nil
}

// session asks STS for a session with MFA, signed by base.
func (o *Options) session(ctx context.Context, a *AWS, serial string, base credfile.Pair) (Signer, error) {
	if o.MFACode == nil {
		return nil, ErrNeedsPerson
	}
	code, err := o.MFACode(serial)
	if err != nil {
		return nil, err
	}
	out, err := sts.NewFromConfig(a.signedBy(signer(base))).GetSessionToken(ctx, &sts.GetSessionTokenInput{
		SerialNumber: aws.String(serial), TokenCode: aws.String(code), DurationSeconds: aws.Int32(sessionSeconds)})
	if err != nil {
		return nil, fmt.Errorf("ask for a session with MFA device %s (keys with FIDO devices cannot do this, use --auth-profile): %w", serial, short(err))
	}
	if out.Credentials == nil {
		return nil, fmt.Errorf("ask for a session with MFA device %s: the reply holds no session", serial)
	}
	c := out.Credentials
	return credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken)), nil
}

// sessionSeconds is the shortest session that STS gives.
const sessionSeconds = 900

// otherProfile returns the credentials that the SDK finds for a profile: a key,
// a role, SSO, a process. They must not come from the key that is rotated.
func (o *Options) otherProfile(ctx context.Context, set *credfile.Set, profile string, base credfile.Pair) (s Signer, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("--auth-profile %q: the AWS SDK cannot read the shared files (%v)", profile, e)
		}
	}()
	if err := set.MustHave([]string{profile}); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for p := profile; p != "" && !seen[p]; p = set.Setting(p, "source_profile") {
		seen[p] = true
		if set.SDK(p).Pair.ID == base.ID {
			return nil, refuse("--auth-profile %q signs with the very key that is to be rotated (by profile %q)", profile, p)
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithSharedCredentialsFiles([]string{o.Paths.Credentials}),
		config.WithSharedConfigFiles([]string{o.Paths.Config}),
		config.WithSharedConfigProfile(profile),
		config.WithDefaultRegion(defaultRegion),
		config.WithAssumeRoleCredentialOptions(func(ao *stscreds.AssumeRoleOptions) {
			ao.TokenProvider = func() (string, error) {
				if o.MFACode == nil {
					return "", ErrNeedsPerson
				}
				return o.MFACode(aws.ToString(ao.SerialNumber))
			}
		}))
	if err != nil {
		return nil, fmt.Errorf("--auth-profile %q: %w", profile, err)
	}
	got, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("--auth-profile %q has no usable credentials: %w", profile, err)
	}
	if got.AccessKeyID == base.ID {
		return nil, refuse("--auth-profile %q signs with the very key that is to be rotated", profile)
	}
	return cfg.Credentials, nil
}

// by returns who signs a call to IAM: the helper, else the key itself.
func (r *run) by(p credfile.Pair) Signer {
	if r.help != nil {
		return r.help
	}
	return signer(p)
}
