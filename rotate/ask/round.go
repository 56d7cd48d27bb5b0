package ask

import (
	"context"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/client"
)

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

// spend counts n requests that are made in any case.
func (r *round) spend(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left -= n
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

// within carries out a part of the questions, and returns what it leaves of the time.
func (r *round) within(ctx context.Context, d time.Duration, part func()) (left time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	r.ctx = ctx
	part()
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)
}
