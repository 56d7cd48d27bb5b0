package ask

import (
	"context"
	"math"
	"slices"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/client"
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
	// Deep says to ask as well who uses the keys, and what a thief of them could do. It
	// takes ten times as many requests, most of them to CloudTrail.
	Deep bool
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

// DeepPatience is how much longer it may take where the questions go deep: AWS answers
// CloudTrail's two a second for each region of an account.
func DeepPatience(keys int) time.Duration {
	return min(30*time.Second+time.Duration(keys)*10*time.Second, 2*MostPatience)
}

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
		if timeout = Patience(len(plan)); q.Deep {
			timeout += DeepPatience(len(plan))
		}
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
	left = r.within(ctx, left, r.details)
	if q.Deep {
		if !q.All {
			r.left = mostDeepCalls
		}
		r.within(ctx, left, r.deep)
	}
	out := make(map[string]facts.Online, len(r.keys))
	for _, k := range r.keys {
		k.facts.WrongSecret = q.wrongSecrets(k)
		out[k.KeyID] = k.facts
	}
	return out
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
