package ask

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/client"
	"keycare/rotate/group"
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
	Barred func(profile, keyID string) bool
	// MFACode gives a code of the MFA device with this serial number, for a user who
	// may ask nothing without; ErrNoCode goes on without it. nil means that nobody
	// can be asked. A code serves one user once. It is called for one user after
	// another, and takes its time.
	MFACode func(user, serial string) (code string, err error)
	// All says to ask everything, however many requests that takes.
	All bool
	// Watch is told how the questions go; may be nil.
	Watch Watcher
	// Connect is Connect, but for tests.
	Connect func(ctx context.Context, paths credfile.Paths, profile string) (*client.AWS, error)
}

// Watcher sees long work live. Next begins a part of it, of so many units, and Add
// counts those that are done.
type Watcher interface {
	Next(text, unit string, total int)
	Add(n int)
}

type nobody struct{}

func (nobody) Next(string, string, int) {}
func (nobody) Add(int)                  {}

// Patience is how long the questions about so many keys may take: enough on a slow
// network, where a request takes a second or two.
func Patience(keys int) time.Duration {
	return min(20*time.Second+time.Duration(keys)*2*time.Second, MostPatience)
}

// MostPatience bounds that.
const MostPatience = 2 * time.Minute

// Question is a key that will be asked about, signed with what a tool reads.
type Question struct {
	Profile string // the first that holds the pair
	KeyID   string
	pair    credfile.Pair
}

// Plan returns the pairs of key ID and secret that Facts may ask about. Where a
// key has several secrets, the later ones are asked about only if AWS says that
// those before are wrong.
func (q *Asker) Plan() []Question {
	var asks []Question
	seen := map[string][]credfile.Pair{} // by key ID
	never := map[string]bool{}           // a key that one profile bars is barred in all
	for _, p := range q.Profiles {
		for _, r := range q.readings(p) {
			if q.Barred != nil && q.Barred(p, r.Pair.ID) {
				never[r.Pair.ID] = true
			}
		}
	}
	for _, p := range q.Profiles {
		for _, r := range q.readings(p) {
			if !r.Token.Empty() || never[r.Pair.ID] || !credfile.FactsOf(r.Pair.ID).MayAsk() || q.Set.Fit(p) != nil || slices.ContainsFunc(seen[r.Pair.ID], r.Pair.Equal) {
				continue
			}
			seen[r.Pair.ID] = append(seen[r.Pair.ID], r.Pair)
			asks = append(asks, Question{p, r.Pair.ID, r.Pair})
		}
	}
	return asks
}

// readings are the keys that the Go SDK and the AWS CLI find under a profile: two
// where they differ, for each is used by one of them.
func (q *Asker) readings(profile string) (found []credfile.Reading) {
	for _, r := range []credfile.Reading{q.Set.SDK(profile), q.Set.CLI(profile)} {
		if r.None == "" && !slices.ContainsFunc(found, func(o credfile.Reading) bool { return o.Pair.Equal(r.Pair) }) {
			found = append(found, r)
		}
	}
	return found
}

// Facts asks about the keys of Plan, many at the same time, and returns by the
// deadline; without a timeout that is Patience. What is not known by then, or not
// allowed to be asked, says why.
func (q *Asker) Facts(ctx context.Context, timeout time.Duration) map[string]facts.Online {
	plan, byID := q.Plan(), map[string]*askedKey{}
	if timeout <= 0 {
		timeout = Patience(len(plan))
	}
	ctx, stop := client.FirstContact(ctx)
	defer stop()
	r := &round{accounts: map[string]*account{}, gate: gate{free: atOnce}, watch: q.Watch, reach: client.Shared(ctx, q.Set, q.connect())}
	if r.watch == nil {
		r.watch = nobody{}
	}
	for _, a := range plan {
		if k := byID[a.KeyID]; k != nil {
			k.rest = append(k.rest, a)
			continue
		}
		byID[a.KeyID] = &askedKey{Question: a, facts: facts.Online{KeyID: a.KeyID}}
		r.keys = append(r.keys, byID[a.KeyID])
	}
	r.left = mostCalls - callsPerKey*len(plan)
	if q.All {
		r.left = math.MaxInt
	}
	r.watch.Next("asking AWS", "key", len(r.keys))
	left := r.within(ctx, timeout, r.essentials)
	r.secondFactor(ctx, q)
	r.within(ctx, left, r.details)
	out := make(map[string]facts.Online, len(r.keys))
	for _, k := range r.keys {
		k.facts.WrongSecret = q.wrongSecrets(k)
		out[k.KeyID] = k.facts
	}
	return out
}

// within carries out a part of the questions, and returns what it leaves of the time.
func (r *round) within(ctx context.Context, d time.Duration, part func()) (left time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	r.ctx = ctx
	part()
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)
}

// connect is the way to AWS for questions.
func (q *Asker) connect() func(context.Context, credfile.Paths, string) (*client.AWS, error) {
	if q.Connect != nil {
		return q.Connect
	}
	return func(ctx context.Context, paths credfile.Paths, profile string) (*client.AWS, error) {
		way, err := client.Connect(ctx, paths, profile)
		if err != nil {
			return nil, err
		}
		return way.Asking(), nil
	}
}

// wrongSecrets returns the profiles whose secret of k cannot be right: a key has
// one secret alone.
func (q *Asker) wrongSecrets(k *askedKey) (profiles []string) {
	accepted := k.facts.Identity.Known()
	if k.facts.Rejected || !accepted && len(k.wrong) == 0 {
		return nil
	}
	for _, p := range q.Profiles {
		right, wrong := false, false // one tool may read the right one, the other not
		for _, r := range q.readings(p) {
			switch {
			case r.Pair.ID != k.KeyID || !r.Token.Empty():
			case accepted && r.Pair.Equal(k.pair):
				right = true
			case accepted || slices.ContainsFunc(k.wrong, r.Pair.Equal):
				wrong = true
			}
		}
		if wrong && !right {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

// round is one round of questions.
type round struct {
	ctx   context.Context
	gate  gate
	watch Watcher
	reach func(profile string) (*client.AWS, error)
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
func (r *round) accountOf(id facts.Identity) (a *account, isNew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	part := id.Partition() + "/" + id.Account
	if a = r.accounts[part]; a != nil {
		return a, false
	}
	a = &account{facts: &facts.AccountFacts{ID: id.Account}}
	a.unknown(notAsked)
	r.accounts[part] = a
	r.order = append(r.order, a)
	return a, true
}

// askedKey is a key and what is known of it so far.
type askedKey struct {
	Question
	rest    []Question      // the same key with other secrets
	wrong   []credfile.Pair // that AWS refused for their secrets
	aws     *client.AWS
	facts   facts.Online
	listed  []client.Key
	denied  error         // why IAM did not list the user's keys
	session client.Signer // with MFA; nil where the key signs itself
}

func (k *askedKey) by() client.Signer {
	if k.session != nil {
		return k.session
	}
	return client.SignerOf(k.pair)
}

// call makes one request when it is its turn. After the deadline it is made at
// once, and fails.
func (r *round) call(at rank, f func()) {
	if r.gate.enter(r.ctx, at) {
		defer r.gate.leave()
	}
	f()
}

// essentials asks whose each key is, how old it is and whether it is active.
// The first key of an account begins with the questions about the account: a
// credential report takes its time. So that these do not wait behind all keys,
// only so many keys are under way.
func (r *round) essentials() {
	var wg group.Group
	underWay := make(chan struct{}, atOnce)
	for _, k := range r.keys {
		var err error
		if k.aws, err = r.reach(k.Profile); err != nil {
			r.watch.Add(1)
			k.facts = k.facts.AllLost("the AWS client cannot be set up for profile " + k.Profile)
			continue
		}
		underWay <- struct{}{}
		wg.Go(func() {
			for k.essentials(r) && k.next(r) {
			}
			r.watch.Add(1)
			<-underWay
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

// next goes on to the next secret of the key, if there is one.
func (k *askedKey) next(r *round) bool {
	if len(k.rest) == 0 {
		return false
	}
	way, err := r.reach(k.rest[0].Profile)
	if err != nil {
		return false
	}
	k.Question, k.rest, k.aws, k.listed = k.rest[0], k.rest[1:], way, nil
	k.facts = facts.Online{KeyID: k.KeyID}
	return true
}

// callsPerKey is how many requests the essentials of a key take.
const callsPerKey = 2

// essentials reports whether AWS knows the key and refuses this secret of it. A key
// that AWS does not know has no right secret.
func (k *askedKey) essentials(r *round) (wrongSecret bool) {
	var wg group.Group
	var id facts.Identity
	var errSTS, errIAM error
	wg.Go(func() { r.call(rankOwner, func() { id, _, errSTS = k.aws.Identity(r.ctx, k.pair) }) })
	wg.Go(func() { r.call(rankOwner, func() { k.listed, _, errIAM = k.aws.List(r.ctx, k.by(), "") }) })
	wg.Wait()
	errSTS, errIAM = client.Because(r.ctx, errSTS), client.Because(r.ctx, errIAM)
	f := &k.facts
	if client.ReplyOf(errSTS) == client.ReplyUnknownKey {
		if way, who, asked := k.elsewhere(r); way != nil {
			k.aws, f.Region, id, errSTS = way, way.Region(), who, nil
			r.call(rankOwner, func() { k.listed, _, errIAM = way.List(r.ctx, k.by(), "") })
		} else {
			f.Partitions = asked
		}
	}
	switch reply := client.ReplyOf(errSTS); reply {
	case client.ReplyOK:
		f.Identity = facts.Answered(id)
	case client.ReplyUnknownKey, client.ReplyBadSignature:
		f.Rejected = true
		*f = f.AllUnknown("AWS rejects the key")
		if reply == client.ReplyBadSignature {
			k.wrong = append(k.wrong, k.pair)
		}
		return reply == client.ReplyBadSignature
	default:
		f.Identity = fail(f.Identity, errSTS, "")
	}
	k.list(errIAM)
	return false
}

// list takes what IAM lists of the user's keys, or why it does not.
func (k *askedKey) list(errIAM error) {
	const unlisted, action = "IAM does not list the key", "iam:ListAccessKeys"
	f := &k.facts
	k.denied = errIAM
	f.Created.Fail(unlisted)
	f.Status.Fail(unlisted)
	f.Others.Fail(unlisted)
	f.LastUsed.Fail(notAsked)
	if errIAM != nil {
		f.Created, f.Status, f.Others = fail(f.Created, errIAM, action), fail(f.Status, errIAM, action), fail(f.Others, errIAM, action)
	}
	for _, l := range k.listed {
		if l.ID == k.KeyID {
			f.Created, f.Others = facts.Answered(l.Created), facts.Answered([]facts.OtherKey(nil))
			f.Status = facts.Answered(statusName(l.Active))
		}
	}
	for _, l := range k.listed {
		if l.ID != k.KeyID && f.Others.Known() {
			f.Others.Value = append(f.Others.Value, facts.OtherKey{ID: l.ID, Active: l.Active, Created: l.Created,
				LastUsed: facts.Unanswered[facts.Use](notAsked)})
		}
	}
}

// elsewhere looks for the partition that knows a key which the profile's does not:
// GovCloud's, China's. asked reports whether each has said that it does not.
func (k *askedKey) elsewhere(r *round) (way *client.AWS, who facts.Identity, asked bool) {
	const patience = 5 * time.Second // one of them may not be reachable from here
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	ways := k.aws.Elsewhere()
	ids, errs := make([]facts.Identity, len(ways)), make([]error, len(ways))
	var wg group.Group
	for i, w := range ways {
		wg.Go(func() { r.call(rankOwner, func() { ids[i], _, errs[i] = w.Identity(ctx, k.pair) }) })
	}
	wg.Wait()
	asked = len(ways) > 0
	for i, w := range ways {
		if errs[i] == nil {
			return w, ids[i], true
		}
		asked = asked && client.ReplyOf(errs[i]) == client.ReplyUnknownKey
	}
	return nil, who, asked
}

func statusName(active bool) string {
	if active {
		return "Active"
	}
	return "Inactive"
}
