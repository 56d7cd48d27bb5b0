package rotate

import (
	"context"
	"strings"
	"sync"
	"time"

	"keycare/credfile"
)

// atOnce bounds how many requests of an audit run at the same time.
const atOnce = 8

// mostCalls is how many requests an audit makes, beside those that are tried
// again. Who a key belongs to and how old it is is asked for every key; what
// takes more calls (the user's policies, devices and so on) is asked in the order
// of the files until this is reached. Of the rest the credential report tells
// some, and what it does not tell is unknown, and said to be.
const mostCalls = 430

// Asker asks AWS about the keys of profiles. It makes only calls that read.
type Asker struct {
	Set      *credfile.Set
	Profiles []string
	// Never says which keys are not asked about, beside canaries, AWS's example
	// keys and what is no long-term key. May be nil.
	Never func(profile, keyID string) bool
	// Connect is Connect, but for tests.
	Connect func(ctx context.Context, paths credfile.Paths, profile string) (*AWS, error)
}

// Ask is a key that will be asked about, signed with what the Go SDK reads.
type Ask struct {
	Profile string // the first that holds the key
	KeyID   string
	pair    credfile.Pair
}

// Facts asks AWS about every distinct long-term key of the profiles; one
// deadline holds for all.
func Facts(ctx context.Context, set *credfile.Set, profiles []string, timeout time.Duration) map[string]credfile.Online {
	q := &Asker{Set: set, Profiles: profiles}
	return q.Facts(ctx, timeout)
}

// Plan returns the keys that Facts will ask about.
func (q *Asker) Plan() []Ask {
	var asks []Ask
	seen := map[string]bool{}
	never := map[string]bool{} // a key that one profile bars is barred in all
	for _, p := range q.Profiles {
		if r := q.Set.SDK(p); r.None == "" && q.Never != nil && q.Never(p, r.Pair.ID) {
			never[r.Pair.ID] = true
		}
	}
	for _, p := range q.Profiles {
		r := q.Set.SDK(p)
		if r.None != "" || !r.Token.Empty() || seen[r.Pair.ID] || never[r.Pair.ID] || !mayAsk(r.Pair.ID) {
			continue
		}
		seen[r.Pair.ID] = true
		asks = append(asks, Ask{p, r.Pair.ID, r.Pair})
	}
	return asks
}

func mayAsk(id string) bool {
	f := credfile.FactsOf(id)
	return f.Kind == credfile.LongTerm && !f.Canary && !f.Example
}

// Facts asks about the keys of Plan, many at the same time, and returns by the
// deadline. What is not known by then, or not allowed to be asked, says why.
func (q *Asker) Facts(ctx context.Context, timeout time.Duration) map[string]credfile.Online {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r := &round{accounts: map[string]*account{}, ctx: ctx, slots: make(chan struct{}, atOnce), reach: q.connections(ctx)}
	for _, a := range q.Plan() {
		r.keys = append(r.keys, &askedKey{Ask: a, facts: credfile.Online{KeyID: a.KeyID}})
	}
	r.left = mostCalls - callsPerKey*len(r.keys)
	r.essentials()
	r.details()
	out := make(map[string]credfile.Online, len(r.keys))
	for _, k := range r.keys {
		out[k.KeyID] = k.facts
	}
	return out
}

// reachSettings are the settings of a profile that decide how AWS is reached.
var reachSettings = []string{
	"region", "endpoint_url", "services", "ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint",
	"sts_regional_endpoints", "ignore_configured_endpoint_urls", "defaults_mode", "retry_mode", "max_attempts",
	"request_checksum_calculation", "account_id_endpoint_mode", "sdk_ua_app_id",
}

// connections returns a function that connects for a profile, once for all
// profiles with the same settings.
func (q *Asker) connections(ctx context.Context) func(profile string) (*AWS, error) {
	type made struct {
		aws *AWS
		err error
	}
	connect := q.Connect
	if connect == nil {
		connect = Connect
	}
	cache := map[string]made{}
	return func(profile string) (*AWS, error) {
		var b strings.Builder
		for _, name := range reachSettings {
			b.WriteString(q.Set.Setting(profile, name) + "\x00")
		}
		m, ok := cache[b.String()]
		if !ok {
			m.aws, m.err = connect(ctx, q.Set.Paths, profile)
			cache[b.String()] = m
		}
		return m.aws, m.err
	}
}

// round is one round of questions.
type round struct {
	ctx   context.Context
	slots chan struct{}
	reach func(profile string) (*AWS, error)
	keys  []*askedKey

	mu       sync.Mutex
	accounts map[string]*account
	order    []*account
	left     int // requests that may still be made
}

// take reports whether n more requests may be made, and counts them.
func (r *round) take(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < n {
		return false
	}
	r.left -= n
	return true
}

// accountOf returns the account that an identity belongs to, and whether it is
// new.
func (r *round) accountOf(id credfile.Identity) (a *account, isNew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	part := id.Partition() + "/" + id.Account
	if a = r.accounts[part]; a != nil {
		return a, false
	}
	a = &account{facts: &credfile.AccountFacts{ID: id.Account}}
	a.unknown(notAsked)
	r.accounts[part] = a
	r.order = append(r.order, a)
	return a, true
}

// askedKey is a key and what is known of it so far.
type askedKey struct {
	Ask
	aws    *AWS
	facts  credfile.Online
	listed []Key
}

func (k *askedKey) by() Signer { return signer(k.pair) }

// call makes one request when there is room for it. After the deadline it is
// made at once, and fails.
func (r *round) call(f func()) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-r.ctx.Done():
	}
	f()
}

// essentials asks whose each key is, how old it is and whether it is active.
// The first key of an account begins with the questions about the account: a
// credential report takes its time. So that these do not wait behind all keys,
// only so many keys are under way.
func (r *round) essentials() {
	var wg sync.WaitGroup
	gate := make(chan struct{}, atOnce)
	for _, k := range r.keys {
		var err error
		if k.aws, err = r.reach(k.Profile); err != nil {
			k.facts = unknownFacts(k.facts, "the AWS client cannot be set up for profile "+k.Profile)
			continue
		}
		gate <- struct{}{}
		wg.Go(func() {
			k.essentials(r)
			<-gate
			if k.facts.Rejected || !k.facts.Identity.Known() {
				return
			}
			if a, isNew := r.accountOf(k.facts.Identity.Value); isNew {
				r.account(a, []*askedKey{k})
			}
		})
	}
	wg.Wait()
}

// callsPerKey is how many requests the essentials of a key take.
const callsPerKey = 2

func (k *askedKey) essentials(r *round) {
	var wg sync.WaitGroup
	var id credfile.Identity
	var errSTS, errIAM error
	wg.Go(func() { r.call(func() { id, _, errSTS = k.aws.Identity(r.ctx, k.pair) }) })
	wg.Go(func() { r.call(func() { k.listed, _, errIAM = k.aws.List(r.ctx, k.by(), "") }) })
	wg.Wait()
	f := &k.facts
	switch replyOf(errSTS) {
	case replyOK:
		f.Identity.Value = id
	case replyNotYet, replyBadSign:
		f.Rejected = true
		*f = unknownFacts(*f, "AWS rejects the key")
		return
	default:
		f.Identity.Unknown = whyUnknown(errSTS, "")
	}
	why := "IAM does not list the key"
	if errIAM != nil {
		why = whyUnknown(errIAM, "iam:ListAccessKeys")
	}
	f.Created.Unknown, f.Status.Unknown, f.LastUsed.Unknown = why, why, notAsked
	f.Others.Unknown = why
	for _, l := range k.listed {
		if l.ID == k.KeyID {
			f.Created, f.Others.Unknown = credfile.Answer[time.Time]{Value: l.Created}, ""
			f.Status = credfile.Answer[string]{Value: statusName(l.Active)}
		}
	}
	for _, l := range k.listed {
		if l.ID != k.KeyID && f.Others.Known() {
			f.Others.Value = append(f.Others.Value, credfile.OtherKey{ID: l.ID, Active: l.Active, Created: l.Created,
				LastUsed: credfile.Answer[credfile.Use]{Unknown: notAsked}})
		}
	}
}

func statusName(active bool) string {
	if active {
		return "Active"
	}
	return "Inactive"
}

func unknownFacts(f credfile.Online, why string) credfile.Online {
	f.Identity.Unknown, f.Created.Unknown, f.Status.Unknown = why, why, why
	f.LastUsed.Unknown, f.Others.Unknown = why, why
	return f
}
