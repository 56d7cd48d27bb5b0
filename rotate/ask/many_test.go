package ask

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// crowded has n users with one key each, in profiles of two regions. The first
// request is not answered before atOnce are there, and then each takes a while.
func crowded(t testing.TB, n int, latency time.Duration) (*ward, *Asker, *atomic.Int32, *atomic.Int32) {
	w := newWard(t)
	for i := range n {
		name := fmt.Sprint("u", i)
		w.iam.AddUser(awstest.User{Name: name})
		w.profile(name, w.iam.AddKey(name, time.Now()))
	}
	var running, most, connects atomic.Int32
	all := make(chan struct{})
	open := sync.OnceFunc(func() { close(all) })
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		at := running.Add(1)
		for old := most.Load(); at > old && !most.CompareAndSwap(old, at); old = most.Load() {
		}
		if at >= atOnce {
			open()
		}
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: all, Delay: func() {
			time.Sleep(latency)
			running.Add(-1)
		}}
	})
	q := w.asker()
	connect := q.Connect
	q.Connect = func(ctx context.Context, p credfile.Paths, profile string) (*client.AWS, error) {
		connects.Add(1)
		return connect(ctx, p, profile)
	}
	return w, q, &most, &connects
}

// roundTrip is how long a slow AWS takes to answer.
const roundTrip = 50 * time.Millisecond

// promised is how many calls of 50 ms go into 3 seconds, 8 at once.
const promised = 480

// 200 distinct keys with 50 ms a call: owner and age of each within 3 seconds,
// with 8 requests at once: 430 calls are 2.7 seconds. The requests are counted, and
// how many run side by side; BenchmarkFacts measures.
func TestFactsOfManyKeys(t *testing.T) {
	w, q, most, connects := crowded(t, 200, 2*time.Millisecond)
	w.iam.MakeReport("")
	facts := q.Facts(t.Context(), time.Minute)
	asked := 0
	for id, f := range facts {
		if !f.Identity.Known() || !f.Created.Known() || f.User == nil {
			t.Fatalf("%s: %+v", id, f)
		}
		if f.User.Attached.Known() {
			asked++
		}
		if u := f.User; !u.MFA.Known() || !u.Password.Known() || !u.Certificates.Known() || !u.FromReport || !f.LastUsed.Known() {
			t.Errorf("%s: the credential report was not used: %+v", id, f)
		}
	}
	t.Logf("%d calls, at most %d at once, all of %d users", len(w.iam.Calls()), most.Load(), asked)
	if most.Load() != 8 || connects.Load() != 1 || len(w.iam.Calls()) > promised {
		t.Errorf("%d requests at once, %d connections, %d calls", most.Load(), connects.Load(), len(w.iam.Calls()))
	}
	if len(facts) != 200 || asked < promised-430-30 || asked == 200 {
		t.Errorf("%d keys, policies of %d", len(facts), asked)
	}
	wantOrder(t, facts)
}

// Without a report what is not asked is unknown. However many users there are,
// inline policies, groups and accounts do not take more calls.
func TestFactsKeepTheirBudget(t *testing.T) {
	for _, c := range []struct {
		users, accounts int
	}{{60, 1}, {120, 40}, {200, 200}} {
		w := newWard(t)
		for i := range c.users {
			acct := fmt.Sprintf("1111%08d", i%c.accounts)
			name := fmt.Sprint("u", i)
			w.iam.AddAccount(acct, "aws")
			u := w.iam.AddUser(awstest.User{Account: acct, Name: name})
			w.profile(name, w.iam.AddKey(u.ID, time.Now()))
			w.iam.SetLoginProfile(u.ID, time.Now(), time.Time{})
			w.iam.SetInline(u.ID, map[string]string{"a": testAllowAll, "b": testAllowMost, "c": testAllowAll})
			for _, g := range []string{"x", "y", "z"} {
				g = fmt.Sprint(acct, ":", g, i)
				w.iam.AddGroup(g)
				w.iam.AddMember(g, u.ID)
				w.iam.SetGroupInline(g, map[string]string{"a": testAllowAll})
			}
		}
		facts := w.ask()
		if n := len(w.iam.Calls()); n > promised {
			t.Errorf("%+v: %d calls", c, n)
		}
		for _, f := range facts {
			if !f.Identity.Known() || !f.Created.Known() || f.User == nil || f.Account == nil {
				t.Fatalf("%+v: %+v", c, f)
			}
		}
		wantOrder(t, facts)
	}
}

// wantOrder wants no answer to a question where one that decides about worse
// findings was not asked, and some that were not.
func wantOrder(t *testing.T, all map[string]facts.Online) {
	t.Helper()
	var asked, cut [ranks]int
	for _, f := range all {
		u := f.User
		for at, whys := range map[rank][]string{
			rankPower: {u.Attached.Why(), u.MFA.Why(), u.Password.Why()}, rankGroups: {u.Inline.Why(), u.Groups.Why()},
			rankUse: {f.LastUsed.Why()}, rankRest: {u.Certificates.Why(), u.Services.Why()},
		} {
			for i, why := range whys {
				if why == tooMany {
					cut[at]++
				} else if !u.FromReport || i == 0 && at < rankUse {
					asked[at]++
				}
			}
		}
	}
	for at := rankPower; at < rankRest; at++ {
		if cut[at] > 0 && asked[at+1] > 0 {
			t.Errorf("%d questions of rank %d were not asked, and %d of the next were", cut[at], at, asked[at+1])
		}
	}
	if cut[rankRest] == 0 {
		t.Error("all was asked")
	}
}

func BenchmarkFacts(b *testing.B) {
	for _, n := range []int{10, 40, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w, q, _, _ := crowded(b, n, roundTrip)
				w.iam.MakeReport("")
				b.StartTimer()
				q.Facts(b.Context(), time.Minute)
			}
		})
	}
}
