package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
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
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// AWS is how one profile reaches AWS: region, endpoints, proxy and certificate
// authorities as the SDK finds them. It holds no key; each call is signed with
// the pair it is given, and all calls share their connections.
type AWS struct{ config aws.Config }

// DefaultRegion signs where a profile and the environment name no region. IAM
// is one service for the whole partition.
const DefaultRegion = "us-east-1"

// Connect returns the way to AWS for profile. Keys in the environment play no
// part. The SDK's loader panics on some files; that is an error here.
func Connect(ctx context.Context, paths credfile.Paths, profile string) (a *AWS, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("profile %s: the AWS SDK cannot read the shared files (%v): run \"keycare audit\" to see why", show.Name(profile), e)
		}
	}()
	files := func(creds, conf []string) []func(*config.LoadOptions) error {
		return []func(*config.LoadOptions) error{config.WithSharedCredentialsFiles(creds), config.WithSharedConfigFiles(conf)}
	}
	options := []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(aws.AnonymousCredentials{}),
		config.WithDefaultRegion(DefaultRegion),
		config.WithLogger(logging.Nop{}), // stderr is for people
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 2 * time.Second })
		}),
	}
	withoutOdd()
	own := append(files([]string{paths.Credentials}, []string{paths.Config}), config.WithSharedConfigProfile(profile))
	cfg, err := config.LoadDefaultConfig(ctx, append(own, options...)...)
	if err != nil {
		// The key works without the setting for which the SDK rejects the profile.
		// What says where AWS is has to stay: a key of another service is not for AWS.
		if reach, ok := reachOf(paths, profile); ok {
			cfg, err = config.LoadDefaultConfig(ctx, slices.Concat(files([]string{}, []string{}), options, reach)...)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("profile %s: %s\n  %w", show.Name(profile), rejected(err), err)
	}
	for _, source := range cfg.ConfigSources {
		// A key works in its partition alone, which its own profile tells better than
		// a variable that is there for all.
		if own, ok := source.(config.SharedConfig); ok && own.Region != "" && partitionOf(own.Region) != partitionOf(cfg.Region) {
			cfg.Region = own.Region
		}
	}
	if err := cmp.Or(badEndpoint(aws.ToString(cfg.BaseEndpoint)), misplaced(cfg), badRegion(cfg.Region)); err != nil {
		return nil, fmt.Errorf("profile %s: %w", show.Name(profile), err)
	}
	return &AWS{cfg}, nil
}

// partitionOf is the partition of a region: "aws", or what begins the region's name
// in another one. Source: AWS General Reference, partitions.
func partitionOf(region string) string {
	for _, prefix := range []string{"cn-", "us-gov-", "us-iso-", "us-isob-", "us-isof-", "eu-isoe-", "eusc-"} {
		if strings.HasPrefix(region, prefix) {
			return prefix
		}
	}
	return "aws"
}

// homeRegions are where STS and IAM of each partition answer that a machine on the
// Internet can reach. Source: AWS General Reference, partitions.
var homeRegions = []string{DefaultRegion, "us-gov-west-1", "cn-north-1", "eusc-de-east-1"}

// Elsewhere are the ways to the other partitions, by the same proxy: a key that one
// partition does not know may be another's. There are none where the settings name
// an endpoint, which is the only place to ask.
func (a *AWS) Elsewhere() (ways []*AWS) {
	if sts.NewFromConfig(a.config).Options().BaseEndpoint != nil {
		return nil
	}
	for _, region := range homeRegions {
		if partitionOf(region) != partitionOf(a.config.Region) {
			cfg := a.config.Copy()
			cfg.Region = region
			ways = append(ways, &AWS{cfg})
		}
	}
	return ways
}

// Region is where requests go.
func (a *AWS) Region() string { return a.config.Region }

// reachOf are the settings of profile that say how AWS is reached, where the SDK
// rejects the profile for another one.
func reachOf(paths credfile.Paths, profile string) (options []func(*config.LoadOptions) error, ok bool) {
	set, err := credfile.Load(disk.OS{}, paths)
	if err != nil || set.SDKRejects(profile) == nil {
		return nil, false
	}
	if region := set.Setting(profile, "region"); region != "" && os.Getenv("AWS_REGION") == "" && os.Getenv("AWS_DEFAULT_REGION") == "" {
		options = append(options, config.WithRegion(region))
	}
	if endpoint := set.Setting(profile, "endpoint_url"); endpoint != "" && os.Getenv("AWS_ENDPOINT_URL") == "" {
		options = append(options, config.WithBaseEndpoint(endpoint))
	}
	if bundle := set.Setting(profile, "ca_bundle"); bundle != "" && os.Getenv("AWS_CA_BUNDLE") == "" {
		pem, err := os.ReadFile(bundle)
		if err != nil {
			return nil, false
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(pem)))
	}
	if set.Setting(profile, "services") != "" { // endpoints of single services
		return nil, false
	}
	return options, true
}

// badEndpoint refuses endpoints that are no addresses. The SDK's own error would
// show them, with a password that may stand in them, or call them an AWS that does
// not answer.
func badEndpoint(base string) error {
	const none = "%s is no address: write one such as https://host:port"
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CLOUDTRAIL", "AWS_ENDPOINT_URL_ACCOUNT"} {
		if address := os.Getenv(name); address != "" && !isAddress(address) {
			return fmt.Errorf(none, name)
		}
	}
	if base != "" && !isAddress(base) {
		return fmt.Errorf(none, "the endpoint_url of its settings")
	}
	return nil
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (strings.EqualFold(u.Scheme, "http") || strings.EqualFold(u.Scheme, "https"))
}

// badRegion refuses what can be no part of a host's name, which the SDK would do at
// each call.
func badRegion(region string) error {
	if strings.Trim(strings.ToLower(region), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
		return nil
	}
	from := "the region of its settings"
	for _, name := range []string{"AWS_DEFAULT_REGION", "AWS_REGION"} {
		if os.Getenv(name) == region {
			from = name
		}
	}
	return fmt.Errorf("%s is no region: write one such as eu-west-1", from)
}

// misplaced refuses a region or an endpoint that may be a secret: it would go
// into requests and into the names of hosts.
func misplaced(cfg aws.Config) error {
	values := map[string]string{"the region": cfg.Region, "the application ID (sdk_ua_app_id, AWS_SDK_UA_APP_ID)": cfg.AppID, "the endpoint": aws.ToString(cfg.BaseEndpoint)}
	for _, name := range []string{"AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CLOUDTRAIL", "AWS_ENDPOINT_URL_ACCOUNT"} {
		values[name] = os.Getenv(name)
	}
	for name, value := range values {
		if show.SecretLike(value) {
			return fmt.Errorf("%s may be a secret, so AWS is not called: write there what belongs there", name)
		}
	}
	return nil
}

// Signer is who signs a call.
type Signer = aws.CredentialsProvider

// SignerOf returns the signer for a long-term key.
func SignerOf(p credfile.Pair) Signer {
	return credentials.NewStaticCredentialsProvider(p.ID, p.Secret.Reveal(), "")
}

// onlyKeyIDs signs nothing with what is not exactly a key ID: the ID goes out in
// clear with every request, and a secret may stand in its place.
func onlyKeyIDs(s Signer) Signer {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		c, err := s.Retrieve(ctx)
		if err == nil && !show.IsKeyID(c.AccessKeyID) {
			return aws.Credentials{}, errNoKeyID
		}
		return c, err
	})
}

var errNoKeyID = errors.New("nothing was sent: the value in the key ID's place is not a key ID")

// IAM is the SDK's client of IAM, whose calls are signed by s.
func (a *AWS) IAM(s Signer) *iam.Client { return iam.NewFromConfig(a.signedBy(s)) }

// FromConfig is the way to AWS that cfg describes.
func FromConfig(cfg aws.Config) *AWS { return &AWS{cfg} }

func (a *AWS) signedBy(s Signer) aws.Config {
	cfg := a.unsigned()
	cfg.Credentials = onlyKeyIDs(s)
	return cfg
}

// unsigned is the configuration for calls without a key.
func (a *AWS) unsigned() aws.Config {
	cfg := a.config.Copy()
	cfg.Credentials = aws.AnonymousCredentials{} // the SDK knows this type and signs nothing
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), onlyAWS, bounded, plainBody, awsmiddleware.AddUserAgentKey(facts.Keycare))
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
