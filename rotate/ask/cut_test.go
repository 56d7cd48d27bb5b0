package ask

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// Wherever the time ends, what is not known by then decides about nothing worse
// than what is: but for the requests that were under way.
func TestWhatIsCutIsTheLeast(t *testing.T) {
	const keys = 6
	for n := 0; n < keys*12; n += 5 {
		w := newWard(t)
		for i := range keys {
			name := fmt.Sprint("u", i)
			w.iam.AddUser(awstest.User{Name: name})
			w.profile(name, w.iam.AddKey(name, time.Now()))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		w.iam.SetFault(func(awstest.Call) awstest.Fault {
			if calls.Add(1) == int32(n) {
				cancel()
			}
			return awstest.Fault{}
		})
		all := w.asker().Facts(ctx, time.Minute)
		cancel()
		known, lost := answersByRank(all)
		for at := rankOwner; at < rankRest; at++ {
			later := 0
			for after := at + 1; after < ranks; after++ {
				later += known[after]
			}
			if lost[at] > atOnce && later > atOnce {
				t.Errorf("cut at call %d: %d answers of rank %d are lost, and %d of later ones known", n, lost[at], at, later)
			}
		}
	}
}

// answersByRank counts what is known, and lost, of each rank. Nothing is asked of
// the user of a key whose owner is not known.
func answersByRank(all map[string]facts.Online) (known, lost [ranks]int) {
	type answer interface {
		Known() bool
		Lost() bool
	}
	for _, f := range all {
		byRank := map[rank][]answer{rankOwner: {f.Identity, f.Created}}
		if u := f.User; u != nil {
			byRank[rankPower] = []answer{u.MFA, u.Attached, u.Password}
			byRank[rankGroups] = []answer{u.Inline, u.Groups}
			byRank[rankUse] = []answer{f.LastUsed}
			byRank[rankRest] = []answer{u.Certificates, u.Services}
		}
		for at, answers := range byRank {
			for _, a := range answers {
				if a.Known() {
					known[at]++
				} else if a.Lost() {
					lost[at]++
				}
			}
		}
	}
	return known, lost
}

// What is denied is settled, what had no answer is lost.
func TestLost(t *testing.T) {
	w, k := single(t)
	w.iam.Deny("ann", "iam:ListMFADevices", "iam:ListSigningCertificates")
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "ListGroupsForUser" {
			return awstest.Fault{Kind: awstest.FaultThrottle}
		}
		return awstest.Fault{}
	})
	u := w.ask()[k.ID].User
	if u.MFA.Lost() || u.MFA.Known() || u.Certificates.Lost() || !u.Groups.Lost() || u.Attached.Lost() {
		t.Errorf("%+v", u)
	}
}

// The time that is allowed grows with the keys, within bounds.
func TestPatience(t *testing.T) {
	for keys, want := range map[int]time.Duration{1: 22 * time.Second, 18: 56 * time.Second, 60: MostPatience, 1000: MostPatience} {
		if got := Patience(keys); got != want {
			t.Errorf("%d keys: %v", keys, got)
		}
	}
}

// Whoever allows a time gets all answers, however many requests that takes.
func TestFactsAll(t *testing.T) {
	w, q, _, _ := crowded(t, 60, 0)
	w.iam.SetFault(nil)
	q.All = true
	for id, f := range q.Facts(t.Context(), time.Minute) {
		if f.User == nil || !f.User.Services.Known() || !f.LastUsed.Known() || !f.User.Groups.Known() {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

// counts is a Watcher that keeps what it is told.
type counts struct {
	parts []string
	done  atomic.Int32
}

func (c *counts) Next(text, unit string, total int) {
	c.parts = append(c.parts, fmt.Sprintf("%s: %d %s", text, total, unit))
}
func (c *counts) Add(n int) { c.done.Add(int32(n)) }

// Who watches sees each key and each question once.
func TestFactsAreWatched(t *testing.T) {
	w, k := single(t)
	w.profile("dead", awstest.Key{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: k.Secret})
	q, c := w.asker(), &counts{}
	q.Watch = c
	connect := q.Connect
	q.Connect = func(ctx context.Context, p credfile.Paths, profile string) (*client.AWS, error) {
		if profile == "dead" {
			return nil, errors.New("no way")
		}
		return connect(ctx, p, profile)
	}
	q.Facts(t.Context(), time.Minute)
	if want := "[asking AWS: 2 key asking AWS for details: 8 question]"; fmt.Sprint(c.parts) != want || c.done.Load() != 10 {
		t.Errorf("%d of %v", c.done.Load(), c.parts)
	}
}

// A slow AWS is answered as a quick one: the same facts, in the time that is
// allowed.
func TestFactsOfSlowAWS(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a second")
	}
	w, q, _, _ := crowded(t, 18, roundTrip)
	slow := q.Facts(t.Context(), 0)
	w.iam.SetFault(nil)
	if quick := q.Facts(t.Context(), 0); !maps.EqualFunc(slow, quick, func(a, b facts.Online) bool {
		return unknowns(a) == 1 && unknowns(b) == 1 && // the report that there is not
			a.Identity == b.Identity && a.Status == b.Status && len(a.User.MFA.Value) == len(b.User.MFA.Value)
	}) {
		t.Error("the answers differ")
	}
}
