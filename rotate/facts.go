package rotate

import (
	"context"
	"sync"
	"time"

	"keycare/credfile"
)

// atOnce bounds how many keys are asked about at the same time.
const atOnce = 4

// Facts asks AWS about every distinct long-term key of the profiles: whose it
// is, its age and status. One deadline holds for all. Keys of canary accounts,
// AWS's example keys and what is no long-term key are not asked about. A key
// whose secret the tools read differently is asked with what the SDK reads.
func Facts(ctx context.Context, set *credfile.Set, profiles []string, timeout time.Duration) map[string]credfile.Online {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type ask struct {
		profile string
		pair    credfile.Pair
	}
	var asks []ask
	seen := map[string]bool{}
	for _, p := range profiles {
		r := set.SDK(p)
		if r.None != "" || !r.Token.Empty() || seen[r.Pair.ID] || !mayAsk(r.Pair.ID) {
			continue
		}
		seen[r.Pair.ID] = true
		asks = append(asks, ask{p, r.Pair})
	}
	facts := make(map[string]credfile.Online, len(asks))
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, q := range asks {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f := factsOf(ctx, set.Paths, q.profile, q.pair)
			mu.Lock()
			defer mu.Unlock()
			facts[q.pair.ID] = f
		})
	}
	wg.Wait()
	return facts
}

func mayAsk(id string) bool {
	f := credfile.FactsOf(id)
	return f.Kind == credfile.LongTerm && !f.Canary && !f.Example
}

func factsOf(ctx context.Context, paths credfile.Paths, profile string, pair credfile.Pair) credfile.Online {
	f := credfile.Online{KeyID: pair.ID}
	a, err := Connect(ctx, paths, profile)
	if err != nil {
		return unknownFacts(f, "the AWS client cannot be set up for profile "+profile)
	}
	var wg sync.WaitGroup
	var id credfile.Identity
	var keys []Key
	var errSTS, errIAM error
	wg.Go(func() { id, _, errSTS = a.Identity(ctx, pair) })
	wg.Go(func() { keys, _, errIAM = a.List(ctx, signer(pair), "") })
	wg.Wait()
	switch replyOf(errSTS) {
	case replyOK:
		f.Identity.Value = id
	case replyNotYet, replyBadSign:
		f.Rejected = true
		return unknownFacts(f, "AWS rejects the key")
	default:
		f.Identity.Unknown = whyUnknown(errSTS)
	}
	why := "IAM does not list the key"
	if errIAM != nil {
		why = whyUnknown(errIAM)
	}
	f.Created.Unknown, f.Status.Unknown = why, why
	for _, k := range keys {
		if k.ID != pair.ID {
			continue
		}
		f.Created, f.Status = credfile.Answer[time.Time]{Value: k.Created}, credfile.Answer[string]{Value: "Inactive"}
		if k.Active {
			f.Status.Value = "Active"
		}
	}
	return f
}

func unknownFacts(f credfile.Online, why string) credfile.Online {
	f.Identity.Unknown, f.Created.Unknown, f.Status.Unknown = why, why, why
	return f
}

// whyUnknown says in a few words why AWS did not tell.
func whyUnknown(err error) string {
	switch replyOf(err) {
	case replyDenied:
		if action := deniedAction(err); action != "" {
			return "needs " + action
		}
		return "AWS denies the call"
	case replyBusy:
		return "AWS is throttling"
	case replySilent:
		return "no answer from AWS"
	}
	return short(err).Error()
}
