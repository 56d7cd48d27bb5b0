package rotate

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// awsFaults are the ways in which a call may go wrong.
var awsFaults = map[string]awsFault{
	"request lost":         func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultDropBefore} },
	"reply lost":           func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultDropAfter} },
	"reset":                func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultReset} },
	"throttled":            func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultThrottle} },
	"500":                  func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultInternal} },
	"500 but done":         func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultInternal, Effect: true} },
	"503":                  func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultUnavailable} },
	"503 but done":         func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultUnavailable, Effect: true} },
	"throttled but done":   func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultThrottle, Effect: true} },
	"denied":               func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultDeny} },
	"half a reply":         func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultGarbage} },
	"a proxy's page":       func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultProxy} },
	"a page instead":       func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultPage} },
	"nothing":              func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultEmpty} },
	"nothing, though done": func(*world) awstest.Fault { return awstest.Fault{Kind: awstest.FaultEmpty, Effect: true} },
	"slow": func(w *world) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() { _ = w.clock.Wait(w.t.Context(), 20*time.Second) }}
	},
}

// differentWays are those of awsFaults that differ most: with and without effect,
// known and unknown, late, refused, and not from AWS.
var differentWays = []string{"request lost", "reply lost", "throttled", "500 but done", "denied", "half a reply", "a page instead", "slow"}

type awsFault = func(*world) awstest.Fault

// everyWay tests with each of awsFaults.
func everyWay(t *testing.T, test func(t *testing.T, way string, fault awsFault)) {
	for way, fault := range awsFaults {
		t.Run(way, func(t *testing.T) { test(t, way, fault) })
	}
}

// mostWays is for relatives of the plain rotation: it leaves all but the ways
// that differ most to the long proofs.
func mostWays(t *testing.T, test func(t *testing.T, way string, fault awsFault)) {
	everyWay(t, func(t *testing.T, way string, fault awsFault) {
		if !slices.Contains(differentWays, way) {
			testrun.Long(t)
		}
		test(t, way, fault)
	})
}

// faultOn lets the n-th call from now on go wrong and reports whether it came
// to that.
func (w *world) faultOn(n int, f awstest.Fault) (met func() bool) {
	hit := make(chan struct{}, 1)
	w.iam.ResetCalls()
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.N != n {
			return awstest.Fault{}
		}
		hit <- struct{}{}
		return f
	})
	return func() bool {
		w.iam.SetFault(nil)
		return len(hit) > 0
	}
}

// checkEvery fails unless every single place holds a working key of alice's:
// half way the places need not hold the same one.
func (w *world) checkEvery() {
	w.t.Helper()
	set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), w.read(w.paths.Config))
	for _, pl := range []state.Section{{Kind: credfile.CredentialsFile, Profile: "default"}, {Kind: credfile.CredentialsFile, Profile: "twin"}, {Kind: credfile.ConfigFile, Profile: "third"}} {
		p, err := set.PairAt(pl.Kind, pl.Profile)
		if err != nil {
			w.t.Errorf("profile %s: %v", pl.Profile, err)
			continue
		}
		if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok {
			w.t.Errorf("profile %s holds key %s, which does not work", pl.Profile, p.ID)
		}
	}
	w.checkCopies()
}

// checkHalf checks what must hold at any time, also after a crash.
func (w *world) checkHalf() {
	w.t.Helper()
	w.checkEvery()
	w.checkKeys(2)
	w.checkSecrets()
}

// checkRolledBack checks a rotation that failed and left nothing half done: the
// files hold a key that works, and there is no other one, but for that of a
// request without an answer, which is watched.
func (w *world) checkRolledBack() {
	w.t.Helper()
	most := 1
	js, err := w.options().State.Journals()
	if err != nil || len(js) > 1 || len(js) == 1 && js[0].Direction != state.Watch {
		w.t.Errorf("left: %v, %v", js, err)
	}
	if len(js) == 1 {
		most = 2
	}
	w.checkKeys(most)
	w.checkWorking()
}

// finish resumes until nothing is left to do and checks the end.
func (w *world) finish() {
	w.t.Helper()
	var err error
	for range 4 {
		if _, err = New(*w.options()).Resume(w.t.Context()); err == nil {
			break
		}
		w.saw(err)
		w.checkHalf()
	}
	if err != nil {
		w.t.Errorf("resume: %v", err)
	}
	w.checkHalf()
	if js, err := w.options().State.Journals(); err == nil && len(js) == 1 && js[0].Direction == state.Grace {
		_ = w.clock.Wait(w.t.Context(), 2*time.Hour) // a program came between the retirement
		if _, err := New(*w.options()).Resume(w.t.Context()); err != nil {
			w.t.Errorf("resume at the end of a grace: %v", err)
		}
		if _, err := New(*w.options()).Resume(w.t.Context()); err != nil { // a watch that begins now
			w.t.Errorf("resume after the end of a grace: %v", err)
		}
	}
	if js, err := w.options().State.Journals(); err != nil || len(js) > 0 {
		// A watch stays until a lost request can no longer land.
		_ = w.clock.Wait(w.t.Context(), watchFor+time.Minute)
		if _, err := New(*w.options()).Resume(w.t.Context()); err != nil {
			w.t.Errorf("resume of a watch: %v", err)
		}
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
	w.checkSecrets()
	w.iam.Close() // thousands of worlds would use up the file handles
}

// Every call of a rotation goes wrong once, in every way.
func TestRotateEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	everyWay(t, func(t *testing.T, way string, fault awsFault) {
		points := 0
		for n := 0; ; n++ {
			w := newWorld(t)
			met := w.faultOn(n, fault(w))
			_, err := New(*w.options()).Rotate(t.Context(), "default")
			if !met() {
				if err != nil {
					t.Errorf("no fault met, but %v", err)
				}
				break
			}
			points++
			w.saw(err)
			w.checkHalf()
			var half *HalfDone
			if err != nil && !errors.As(err, &half) { // exit 3: nothing may be left
				w.checkRolledBack()
			}
			w.finish()
			if t.Failed() {
				t.Fatalf("%s at call %d (%v): rotate said: %v", way, n, w.iam.Actions(), err)
			}
		}
		if points < 7 {
			t.Errorf("only %d calls were met", points)
		}
	})
}

// killedAt rotates and is stopped at the n-th call, before it has its effect or
// after: no later call gets through. It reports whether it came to that.
func (w *world) killedAt(n int, after bool) bool {
	w.t.Helper()
	ctx, kill := context.WithCancel(w.t.Context())
	defer kill()
	var met atomic.Bool
	w.iam.ResetCalls()
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		switch {
		case c.N == n:
			met.Store(true)
			kill()
			if after {
				return awstest.Fault{Kind: awstest.FaultDropAfter}
			}
		case c.N < n:
			return awstest.Fault{}
		}
		return awstest.Fault{Kind: awstest.FaultDropBefore}
	})
	_, _ = New(*w.options()).Rotate(ctx, "default")
	w.iam.SetFault(nil)
	return met.Load()
}

// The rotation is stopped at every call, and then every call of the resume goes
// wrong once, in every way.
func TestResumeEveryCallFails(t *testing.T) {
	testrun.Long(t)
	everyWay(t, func(t *testing.T, way string, fault awsFault) {
		pairs := 0
		for _, after := range []bool{false, true} {
			for n, met := 0, true; met; n++ {
				if !testrun.Chosen(n, len(way)) {
					continue
				}
				for m, hit := 0, true; hit; m++ {
					w := newWorld(t)
					if met = w.killedAt(n, after); !met {
						w.iam.Close()
						break
					}
					metB := w.faultOn(m, fault(w))
					_, err := New(*w.options()).Resume(t.Context())
					if hit = metB(); hit {
						pairs++
					}
					w.checkHalf()
					w.finish()
					if t.Failed() {
						t.Fatalf("stopped at call %d (after: %v), then %s at call %d of the resume: %v", n, after, way, m, err)
					}
				}
			}
		}
		t.Logf("%d pairs of faults", pairs)
	})
}
