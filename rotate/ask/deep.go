package ask

import (
	"slices"
	"strings"
	"sync"
	"time"

	"keycare/credfile/facts"
)

// mostDeepCalls is how many requests the deep questions make, beside those that are
// tried again and the further pages of CloudTrail: enough for about 40 keys. They go
// after all others and have a count of their own. A test sets another number.
var mostDeepCalls = 1000

// deep asks who uses each key, what its user may do by policies of the account's own,
// what a thief could do, and whom AWS warns. What is asked is lost before it is told.
func (r *round) deep() {
	p, users := &plan{}, map[*facts.UserFacts]bool{}
	for _, k := range r.keys {
		if f := &k.facts; f.Rejected || !f.Identity.Known() {
			if f.Identity.Lost() {
				f.Activity.Lose(f.Identity.Why())
			} else {
				f.Activity.Fail(f.Identity.Why())
			}
			continue
		}
		a, _ := r.accountOf(k.facts.Identity.Value)
		if u := k.facts.User; u != nil && !users[u] {
			users[u] = true
			r.deepUser(p, k, u, a)
		}
		k.facts.Activity.Lose(tooMany)
		p.ask(rankGroups, k.aws.ActivityCalls(k.facts.Identity.Value), func() { r.activity(k) })
	}
	for _, a := range r.order {
		a.facts.SecurityContact.Lose(tooMany)
		if askers := a.askers(); len(askers) > 0 {
			p.ask(rankRest, 1, func() { r.contact(a, askers) })
		}
	}
	r.follow(p, "asking AWS who uses the keys and what they may do", p.calls() > r.left)
}

// deepUser plans the questions about a user.
func (r *round) deepUser(p *plan, k *askedKey, u *facts.UserFacts, a *account) {
	u.Boundary.Lose(tooMany)
	u.Powers.Lose(tooMany)
	u.Access.Lose(tooMany)
	u.Managed = map[string]facts.Answer[facts.Grants]{}
	var mu sync.Mutex
	for _, arn := range customerManaged(u) {
		lost := facts.Answer[facts.Grants]{}
		lost.Lose(tooMany)
		u.Managed[arn] = lost
		p.ask(rankPower, callsPerPolicy, func() {
			grants := r.managed(k.aws.IAM(k.by()), arn, a)
			mu.Lock()
			defer mu.Unlock()
			u.Managed[arn] = grants
		})
	}
	p.ask(rankPower, 1, func() { u.Boundary = r.boundary(k, u.Name, a) })
	p.ask(rankPower, 1, func() { u.Powers = r.powers(k) })
	p.ask(rankUse, callsPerJob, func() { u.Access = r.access(k) })
}

// customerManaged are the ARNs of the policies of the account's own that are attached to
// a user and its groups. AWS's own are known by their names.
func customerManaged(u *facts.UserFacts) (arns []string) {
	add := func(attached facts.Answer[[]string]) {
		for _, arn := range attached.Value {
			if attached.Known() && !strings.Contains(arn, ":iam::aws:") && !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
	}
	add(u.Attached)
	if u.Groups.Known() {
		for _, g := range u.Groups.Value {
			add(g.Attached)
		}
	}
	return arns
}

// activity asks CloudTrail about a key. Further pages are counted, and not refused.
func (r *round) activity(k *askedKey) {
	id, paid := k.facts.Identity.Value, k.aws.ActivityCalls(k.facts.Identity.Value)
	var mu sync.Mutex
	made := 0
	turn := func(call func()) {
		mu.Lock()
		made++
		more := made > paid
		mu.Unlock()
		if more {
			r.spend(1)
		}
		r.call(rankGroups, call)
	}
	v, err := k.aws.ActivityInTurn(r.ctx, k.by(), id, k.KeyID, time.Time{}, turn)
	k.facts.Activity = answerOf(v, err, "cloudtrail:LookupEvents")
}

// contact asks whom AWS warns, with another user's key where one may not.
func (r *round) contact(a *account, askers []*askedKey) {
	for i, k := range askers {
		if i > 0 && !r.take(1) {
			return
		}
		r.call(rankRest, func() {
			v, err := k.aws.SecurityContact(r.ctx, k.by(), k.facts.Identity.Value)
			a.facts.SecurityContact = answerOf(v, err, "account:GetAlternateContact")
		})
		if a.facts.SecurityContact.Known() {
			return
		}
	}
}

// policyAnswer is how much a policy allows, asked until somebody of the account is told.
type policyAnswer struct {
	mu     sync.Mutex
	grants facts.Answer[facts.Grants]
}

func (a *account) policy(arn string) *policyAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.managed == nil {
		a.managed = map[string]*policyAnswer{}
	}
	if a.managed[arn] == nil {
		a.managed[arn] = &policyAnswer{}
	}
	return a.managed[arn]
}
