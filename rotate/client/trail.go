package client

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/credfile/facts"
)

// NewToken is a name for one request: 16 characters, 80 random bits.
func NewToken() string {
	var b [10]byte
	_, _ = rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// mostAppID bounds an application ID in the User-Agent. Source: AWS SDKs and
// Tools Reference Guide, "Application ID".
const mostAppID = 50

// appID is the user's own application ID with token behind it. What does not fit
// of the user's is cut.
func appID(own, token string) string {
	if own == "" {
		return token
	}
	return own[:min(len(own), mostAppID-len(token)-1)] + "-" + token
}

// Creation is a CreateAccessKey that succeeded, as CloudTrail recorded it.
type Creation struct {
	KeyID     string
	UserAgent string
	Account   string
	At        time.Time
}

// By reports whether the request that token names made the key.
func (c Creation) By(token string) bool { return token != "" && strings.Contains(c.UserAgent, token) }

// trailRegions are the regions in which CloudTrail records what IAM does, by
// partition.
var trailRegions = map[string]string{"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1", "aws-eusc": "eusc-de-east-1"}

// TrailRegion is the region in which CloudTrail records what IAM does for a user.
func TrailRegion(user facts.Identity) string { return trailRegions[user.Partition()] }

// mostPages bounds how far back a look at CloudTrail goes, 50 events a page.
const mostPages = 20

var errNoTrail = errors.New("cannot ask CloudTrail: its region for this partition is not known, or IAM's endpoint is set and CloudTrail's is not")

// Creations asks CloudTrail for the keys made in user's account since a time.
// Events show up to 15 minutes after the call, so that a missing one proves
// nothing. It needs cloudtrail:LookupEvents.
func (a *AWS) Creations(ctx context.Context, by Signer, user facts.Identity, since time.Time) ([]Creation, error) {
	c, err := a.trail(by, trailRegions[user.Partition()])
	if err != nil {
		return nil, err
	}
	in := &cloudtrail.LookupEventsInput{StartTime: aws.Time(since), LookupAttributes: []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("CreateAccessKey")}}}
	var found []Creation
	for range mostPages {
		out, err := c.LookupEvents(ctx, in)
		if err != nil {
			return nil, calling(err, "look up who made the keys of user %q", user.UserName())
		}
		for _, e := range out.Events {
			if made := creation(aws.ToString(e.CloudTrailEvent)); made.KeyID != "" && made.Account == user.Account {
				found = append(found, made)
			}
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	return found, nil
}

// trail is CloudTrail of a region.
func (a *AWS) trail(by Signer, region string) (*cloudtrail.Client, error) {
	cfg := a.signedBy(by)
	c := cloudtrail.NewFromConfig(cfg, func(o *cloudtrail.Options) { o.Region = region })
	if region == "" || iam.NewFromConfig(cfg).Options().BaseEndpoint != nil && c.Options().BaseEndpoint == nil {
		return nil, errNoTrail
	}
	return c, nil
}

// creation reads a record of CloudTrail; its zero value stands for one that made
// no key. Source: CloudTrail User Guide, "CloudTrail record contents".
func creation(record string) Creation {
	var r struct {
		EventSource, EventName, ErrorCode, UserAgent, RecipientAccountID string
		EventTime                                                        time.Time
		ResponseElements                                                 struct{ AccessKey struct{ AccessKeyID string } }
	}
	if json.Unmarshal([]byte(record), &r) != nil || r.EventSource != "iam.amazonaws.com" || r.EventName != "CreateAccessKey" || r.ErrorCode != "" {
		return Creation{}
	}
	return Creation{KeyID: r.ResponseElements.AccessKey.AccessKeyID, UserAgent: r.UserAgent, Account: r.RecipientAccountID, At: r.EventTime}
}
