package ask

import (
	"time"

	"keycare/credfile/facts"
	"keycare/rotate/group"
)

// Requests that the details of a user take: its own seven, one for the last use of
// a password and two for a group. What goes beyond (the texts of inline policies,
// more groups) is counted where it is asked.
const (
	callsPerUser = 10
	// callsBesideReport is the same where the credential report is used for the
	// devices, the password and the certificates.
	callsBesideReport = 6
	// spareCalls are kept for each user for what goes beyond.
	spareCalls = 2
)

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
	for _, ask := range r.admit() {
		wg.Go(ask)
	}
	wg.Wait()
	for _, a := range r.order {
		a.fillIn()
	}
}

// admit chooses what is asked, in the order of the files. Where there is not room
// for all, the credential report stands in for what it tells.
func (r *round) admit() (asks []func()) {
	users := map[string]*facts.UserFacts{}
	spare := 0
	room := func(n int) bool { return r.left-spare >= n && r.take(n) }
	enough := r.left >= (callsPerUser+spareCalls+2)*len(r.keys) // 2: the last use of two keys
	for _, k := range r.keys {
		if k.facts.Account == nil {
			continue
		}
		id := k.facts.Identity.Value
		a, _ := r.accountOf(id)
		row, told := a.report[id.ARN]
		brief := told && !enough
		u, cost := users[id.ARN], callsPerUser
		if brief {
			cost = callsBesideReport
		}
		if name := id.UserName(); u == nil && name != "" {
			u = &facts.UserFacts{Name: name}
			users[id.ARN] = u
			a.users = append(a.users, namedUser{id.ARN, u})
			unknownUser(u, tooMany)
			if room(cost) {
				spare += spareCalls
				asks = append(asks, func() { r.user(k, u, a, brief) })
			}
		}
		k.facts.User = u
		if !(brief && k.useFrom(row)) && room(1+len(k.facts.Others.Value)) {
			asks = append(asks, func() { r.lastUse(k) })
		}
	}
	return asks
}

func (k *askedKey) lastUseUnknown(why string) {
	k.facts.LastUsed.Lose(why)
	for i := range k.facts.Others.Value {
		k.facts.Others.Value[i].LastUsed.Lose(why)
	}
}

func (r *round) lastUse(k *askedKey) {
	ask := func(id string) (a facts.Answer[facts.Use]) {
		r.call(func() {
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
