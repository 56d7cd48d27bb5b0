package rotate

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"keycare/credfile"
)

// atOnce bounds how many requests of an audit run at the same time.
const atOnce = 8

// mostCalls is about how many requests an audit makes. Who a key belongs to and
// how old it is is asked for every key; what takes more calls (the user's
// policies, devices and so on) is asked in the order of the files until this is
// reached, which is beyond 40 users. The rest is unknown, and said to be.
const mostCalls = 420

// callsPerUser is about how many requests the details of a user take.
const callsPerUser = 8

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
	a.facts.Root.Unknown, a.facts.Password.Unknown, a.facts.RootUse.Unknown = notAsked, notAsked, notAsked
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

const (
	notAsked = "it was not asked"
	tooMany  = "too many keys for one audit: ask for this one with --profile"
)

func unknownFacts(f credfile.Online, why string) credfile.Online {
	f.Identity.Unknown, f.Created.Unknown, f.Status.Unknown = why, why, why
	f.LastUsed.Unknown, f.Others.Unknown = why, why
	return f
}

// details asks about the keys' last use, their users and accounts.
func (r *round) details() {
	var wg sync.WaitGroup
	left := mostCalls - 2*len(r.keys)
	users := map[string]*credfile.UserFacts{}
	for _, k := range r.keys {
		if k.facts.Rejected || !k.facts.Identity.Known() || k.aws == nil {
			continue
		}
		id := k.facts.Identity.Value
		acct, _ := r.accountOf(id)
		acct.keys, k.facts.Account = append(acct.keys, k), acct.facts
		ask := left >= callsPerUser
		if !ask {
			k.notAsked(tooMany)
		}
		if name := id.UserName(); name != "" {
			k.facts.User = users[id.ARN]
			if k.facts.User == nil {
				k.facts.User = &credfile.UserFacts{Name: name}
				users[id.ARN] = k.facts.User
				acct.users = append(acct.users, namedUser{id.ARN, k.facts.User})
				if ask {
					left -= callsPerUser
					wg.Go(func() { r.user(k, k.facts.User, acct) })
				} else {
					unknownUser(k.facts.User, tooMany)
				}
			}
		}
		if ask {
			wg.Go(func() { r.lastUse(k) })
		}
	}
	for _, a := range r.order {
		wg.Go(func() { r.account(a, a.askers()) })
	}
	wg.Wait()
	for _, a := range r.order {
		a.fillIn()
	}
}

func (k *askedKey) notAsked(why string) {
	k.facts.LastUsed.Unknown = why
	for i := range k.facts.Others.Value {
		k.facts.Others.Value[i].LastUsed.Unknown = why
	}
}

func (r *round) lastUse(k *askedKey) {
	ask := func(id string) (a credfile.Answer[credfile.Use]) {
		r.call(func() {
			u, err := k.aws.LastUsed(r.ctx, k.by(), id)
			a = answerOf(credfile.Use{At: u.At, Service: u.Service, Region: u.Region}, err, "iam:GetAccessKeyLastUsed")
		})
		return a
	}
	k.facts.LastUsed = ask(k.KeyID)
	for i := range k.facts.Others.Value {
		o := &k.facts.Others.Value[i]
		o.LastUsed = ask(o.ID)
	}
}

// answerOf is a value, or why there is none.
func answerOf[T any](v T, err error, action string) credfile.Answer[T] {
	if err != nil {
		return credfile.Answer[T]{Unknown: whyUnknown(err, action)}
	}
	return credfile.Answer[T]{Value: v}
}

// whyUnknown says in a few words why AWS did not tell. action is the permission
// that the call needs, for an answer that does not name it.
func whyUnknown(err error, action string) string {
	switch replyOf(err) {
	case replyDenied:
		if named := deniedAction(err); named != "" {
			action = named
		}
		if action != "" {
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

// namedUser is a user by its ARN, as the credential report has it.
type namedUser struct {
	arn   string
	facts *credfile.UserFacts
}

// account is one account and the keys that can be used to ask about it.
type account struct {
	facts  *credfile.AccountFacts
	keys   []*askedKey
	users  []namedUser
	report map[string]reportRow // by ARN; nil where there is none
	asked  map[*askedKey]bool   // keys with which it was asked already

	mu     sync.Mutex
	groups map[string]*groupAnswer
}

// groupAnswer is the policies of a group, asked once.
type groupAnswer struct {
	once sync.Once
	credfile.Answer[[]string]
}

func (a *account) group(name string) *groupAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.groups == nil {
		a.groups = map[string]*groupAnswer{}
	}
	if a.groups[name] == nil {
		a.groups[name] = &groupAnswer{}
	}
	return a.groups[name]
}

// fillIn takes from the credential report what was not learned otherwise.
func (a *account) fillIn() {
	for _, u := range a.users {
		row, ok := a.report[u.arn]
		if !ok {
			continue
		}
		if has, known := row.flag("mfa_active"); !u.facts.MFA.Known() && known {
			u.facts.MFA = credfile.Answer[[]string]{}
			if has {
				u.facts.MFA.Value = []string{"(credential report)"}
			}
		}
		if has, known := row.flag("password_enabled"); !u.facts.Console.Known() && known {
			u.facts.Console = credfile.Answer[bool]{Value: has}
		}
	}
	if root, ok := a.rootRow(); ok {
		a.facts.RootUse = credfile.Answer[credfile.Use]{Value: root.lastUse()}
	}
}

func (a *account) rootRow() (reportRow, bool) {
	for _, arn := range slices.Sorted(maps.Keys(a.report)) {
		if row := a.report[arn]; row["user"] == rootUser {
			return row, true
		}
	}
	return nil, false
}
