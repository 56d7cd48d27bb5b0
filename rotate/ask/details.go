package ask

import (
	"sync"
	"time"

	"keycare/credfile/facts"
	"keycare/rotate/group"
)

// callsPerUser is how many requests the details of a user and its keys take at the
// most, as a rule: its own seven, one for the last use of a password, two for a
// group, two for texts of inline policies, two for the last uses of keys.
const callsPerUser = 14

// details asks about the keys' last use, their users and accounts.
func (r *round) details() {
	for _, k := range r.keys {
		if k.aws == nil || k.facts.Rejected || !k.facts.Identity.Known() {
			continue
		}
		acct, _ := r.accountOf(k.facts.Identity.Value)
		acct.keys, k.facts.Account = append(acct.keys, k), acct.facts
		k.lastUseUnknown(tooMany)
	}
	var wg group.Group
	for _, a := range r.order {
		wg.Go(func() { r.account(a, a.askers()) }) // nothing, where the first key had all answers
	}
	wg.Wait()
	r.follow(r.plan(), "asking AWS for details", !r.enough())
	for _, a := range r.order {
		a.fillIn()
	}
}

// plan is questions by their rank, each with the requests that it takes.
type plan [ranks][]struct {
	calls int
	ask   func()
}

func (p *plan) ask(at rank, calls int, ask func()) {
	p[at] = append(p[at], struct {
		calls int
		ask   func()
	}{calls, ask})
}

// calls is how many requests the plan takes.
func (p *plan) calls() (n int) {
	for _, rank := range p {
		for _, q := range rank {
			n += q.calls
		}
	}
	return n
}

// enough reports whether there is room for all questions about all keys.
func (r *round) enough() bool { return r.left >= callsPerUser*len(r.keys) }

// plan plans all questions about the keys and their users, in the order of the
// files. Where there is not room for all, the credential report stands in for what
// it tells.
func (r *round) plan() *plan {
	p := &plan{}
	users := map[string]*facts.UserFacts{}
	for _, k := range r.keys {
		if k.facts.Account == nil {
			continue
		}
		id := k.facts.Identity.Value
		a, _ := r.accountOf(id)
		row, told := a.report[id.ARN]
		brief := told && !r.enough()
		u := users[id.ARN]
		if name := id.UserName(); u == nil && name != "" {
			u = &facts.UserFacts{Name: name}
			users[id.ARN] = u
			a.users = append(a.users, namedUser{id.ARN, u})
			unknownUser(u, tooMany)
			r.user(p, k, u, a, brief)
		}
		k.facts.User = u
		if !(brief && k.useFrom(row)) {
			p.ask(rankUse, 1+len(k.facts.Others.Value), func() { r.lastUse(k) })
		}
	}
	return p
}

// follow asks what is planned. Where there is room for all that is one wave, whose
// order the ranks keep. Otherwise each rank is a wave: what its answers lead to (the
// texts of policies, groups) goes before the next.
func (r *round) follow(p *plan, text string, waves bool) {
	r.watch.Next(text, "question", min(p.calls(), r.left))
	var wg group.Group
	for _, rank := range p {
		var begun sync.WaitGroup // on a busy machine the next rank could be at the gate before this one
		for _, q := range rank {
			if r.take(q.calls) {
				begun.Add(1)
				wg.Go(func() {
					begun.Done()
					q.ask()
					r.watch.Add(q.calls)
				})
			}
		}
		begun.Wait()
		if waves {
			wg.Wait()
		}
	}
	wg.Wait()
}

func (k *askedKey) lastUseUnknown(why string) {
	k.facts.LastUsed.Lose(why)
	for i := range k.facts.Others.Value {
		k.facts.Others.Value[i].LastUsed.Lose(why)
	}
}

func (r *round) lastUse(k *askedKey) {
	ask := func(id string) (a facts.Answer[facts.Use]) {
		r.call(rankUse, func() {
			u, err := k.aws.LastUsed(r.ctx, k.by(), id)
			a = answerOf(u, err, "iam:GetAccessKeyLastUsed")
		})
		return a
	}
	k.facts.LastUsed = ask(k.KeyID)
	for i := range k.facts.Others.Value {
		o := &k.facts.Others.Value[i]
		o.LastUsed = ask(o.ID)
	}
}

// useFrom takes the last uses that are not known from the user's line of the
// credential report. It reports whether all are known then.
func (k *askedKey) useFrom(row reportRow) bool {
	fill := func(a *facts.Answer[facts.Use], created time.Time) bool {
		if use, ok := row.keyUse(created); ok && !a.Known() {
			*a = facts.Answered(use)
		}
		return a.Known()
	}
	all := k.facts.Created.Known() && fill(&k.facts.LastUsed, k.facts.Created.Value)
	for i := range k.facts.Others.Value {
		o := &k.facts.Others.Value[i]
		all = fill(&o.LastUsed, o.Created) && all
	}
	return all
}
