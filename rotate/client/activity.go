package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/rotate/group"
)

// openRegions are the regions of a partition that an account cannot turn off: a thief
// may use each. Those that it has to turn on first are not asked, but for the profile's
// own. Source: AWS Account Management Reference Guide, "Enable or disable AWS Regions".
var openRegions = map[string][]string{
	"aws": {"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
		"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1",
		"ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"},
	"aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-eusc":   {"eusc-de-east-1"},
}

// mostActivity bounds how many pages of a region's events are read. AWS answers two a
// second.
const mostActivity = 10

// trailKeeps is how long CloudTrail keeps what it tells without a trail. Source:
// CloudTrail User Guide, event history.
const trailKeeps = 90 * 24 * time.Hour

// ActivityCalls is how many requests Activity makes at the least for a key of user.
func (a *AWS) ActivityCalls(user facts.Identity) int { return len(a.activityRegions(user)) }

// activityRegions are the regions to ask about, first the one that has IAM's events.
func (a *AWS) activityRegions(user facts.Identity) []string {
	home := trailRegions[user.Partition()]
	regions := []string{home}
	for _, r := range append(openRegions[user.Partition()], a.config.Region) {
		if !slices.Contains(regions, r) && partitionOf(r) == partitionOf(home) {
			regions = append(regions, r)
		}
	}
	return regions
}

// Activity asks CloudTrail in each region what the access key keyID of user was used for
// since a time; the zero one is as long as CloudTrail knows, 90 days. The key may be one
// that no longer works, or that of a session; by signs. It needs cloudtrail:LookupEvents.
//
// An error means that nothing is known. What a single region did not tell is Unread.
func (a *AWS) Activity(ctx context.Context, by Signer, user facts.Identity, keyID string, since time.Time) (facts.Activity, error) {
	return a.ActivityInTurn(ctx, by, user, keyID, since, func(call func()) { call() })
}

// ActivityInTurn is Activity, which makes each request when turn calls its function.
func (a *AWS) ActivityInTurn(ctx context.Context, by Signer, user facts.Identity, keyID string, since time.Time, turn func(call func())) (facts.Activity, error) {
	a = a.Asking()
	h := &history{user: user, keyID: keyID, since: since, tally: newTally()}
	regions := a.activityRegions(user)
	if err := h.read(ctx, a, by, regions[0], turn); err != nil && everywhere(err) {
		return facts.Activity{}, calling(err, "look up what key %s was used for", show.KeyID(keyID))
	}
	var wg group.Group
	for _, region := range regions[1:] {
		wg.Go(func() { _ = h.read(ctx, a, by, region, turn) }) // it is Unread
	}
	wg.Wait()
	if len(h.unread) == len(regions) && h.tally.events == 0 {
		return facts.Activity{}, calling(h.unread[0].err, "look up what key %s was used for", show.KeyID(keyID))
	}
	return h.activity(), nil
}

// everywhere reports whether another region would answer the same. A policy of the
// organisation's often shuts single regions.
func everywhere(err error) bool {
	switch ReplyOf(err) {
	case ReplyDenied:
		var api smithy.APIError
		return !errors.As(err, &api) || !strings.Contains(api.ErrorMessage(), "explicit deny in a service control policy")
	case ReplyUnknownKey, ReplyBadSignature, ReplyClock, ReplySilent:
		return true
	}
	return false
}

// history is what is known of a key's activity so far.
type history struct {
	user         facts.Identity
	keyID        string
	since, until time.Time

	mu     sync.Mutex
	tally  *tally
	cut    bool
	unread []unreadRegion
}

type unreadRegion struct {
	region string
	err    error
}

// read reads the events of a region, the newest first. An error is noted, too.
func (h *history) read(ctx context.Context, a *AWS, by Signer, region string, turn func(func())) error {
	c, err := a.trail(by, region)
	if err == nil {
		err = h.pages(ctx, c, region, turn)
	}
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.unread = append(h.unread, unreadRegion{region, err})
	}
	return err
}

func (h *history) pages(ctx context.Context, c *cloudtrail.Client, region string, turn func(func())) error {
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyAccessKeyId, AttributeValue: aws.String(h.keyID)}}}
	if !h.since.IsZero() {
		in.StartTime = aws.Time(h.since)
	}
	for range mostActivity {
		var out *cloudtrail.LookupEventsOutput
		var err error
		turn(func() { out, err = c.LookupEvents(ctx, in) })
		if err != nil {
			return err
		}
		h.add(out, region)
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return nil
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = true
	return nil
}

func (h *history) add(out *cloudtrail.LookupEventsOutput, region string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := serverTime(out.ResultMetadata)
	if told.IsZero() { // a proxy may drop it
		told = time.Now()
	}
	h.until = later(h.until, told)
	for _, e := range out.Events {
		if id := aws.ToString(e.AccessKeyId); id != "" && id != h.keyID {
			continue // it is not what was asked for
		}
		h.tally.add(recordOf(e, region, spanOf(told)))
	}
}

// activity is all that is known.
func (h *history) activity() facts.Activity {
	f := h.tally.activity()
	f.Since, f.Until, f.Cut = h.since, h.until, h.cut
	if first := f.Until.Add(-trailKeeps); f.Since.Before(first) {
		f.Since = first
	}
	for _, u := range h.unread {
		why, lost := WhyUnknown(u.err, "cloudtrail:LookupEvents")
		if ReplyOf(u.err) == ReplyUnknownKey { // the key works elsewhere
			why, lost = "the account has not turned this region on", false
		}
		f.Unread = append(f.Unread, facts.Unread{Region: u.region, Why: why, Lost: lost})
	}
	sorting.By(f.Unread, func(x, y facts.Unread) int { return strings.Compare(x.Region, y.Region) })
	return f
}
