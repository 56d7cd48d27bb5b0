package rotate

import (
	"fmt"
	"sync/atomic"
	"testing"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// Every call goes wrong once, in every way, and is the last that gets through: once the
// leaked key is off it stays off, and a plain resume ends the rotation as it began.
func TestLeakedEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	t.Setenv(afterMode, "takes")
	for name, begin := range map[string]func(testing.TB) *world{"plain": newWorld, "copies": withCopies, "after": withAfter} {
		for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
			t.Run(fmt.Sprintf("%s, %s", name, retire), func(t *testing.T) {
				if name != "plain" || retire != state.Deactivate {
					testrun.Long(t)
				}
				mostWays(t, func(t *testing.T, way string, fault awsFault) {
					leakedCallFails(t, way, fault, begin, retire, false)
					if testrun.IsLong() || way == "reply lost" {
						leakedCallFails(t, way, fault, begin, retire, true)
					}
				})
			})
		}
	}
}

// leakedCallFails has each call go wrong in turn. Of the regions in which CloudTrail is
// asked alike, two stand for all.
func leakedCallFails(t *testing.T, way string, fault awsFault, begin func(testing.TB) *world, retire state.Retirement, last bool) {
	for n := 0; ; n++ {
		w := begin(t)
		o := w.leaked()
		o.Retire = retire
		var met atomic.Bool
		var calls atomic.Int64
		w.iam.ResetCalls()
		w.onceOff(o, func(c awstest.Call) awstest.Fault {
			one := c.Action != "LookupEvents" || c.Region == "us-east-1" || c.Region == "eu-west-1"
			if one && calls.Add(1) == int64(n)+1 {
				met.Store(true)
				return fault(w)
			}
			if last && met.Load() {
				return awstest.Fault{Kind: awstest.FaultDropBefore}
			}
			return awstest.Fault{}
		})
		_, err := w.rotateLeaked(o)
		w.iam.SetFault(nil)
		w.checkHalf()
		w.checkOwed()
		if err != nil && !isHalf(err) {
			w.checkRolledBack()
		}
		w.finishLeaked()
		if t.Failed() {
			t.Fatalf("%s at call %d, the last %v: %v", way, n, last, err)
		}
		if !met.Load() {
			return
		}
	}
}

// Every file operation goes wrong once.
func TestLeakedEveryFileOperationFails(t *testing.T) {
	testrun.Long(t) // the plain rotation meets every point in the quick run
	walk{
		world: func(t testing.TB) *world {
			w := newWorld(t)
			w.onceOff(w.leaked(), func(awstest.Call) awstest.Fault { return awstest.Fault{} })
			return w
		},
		act: func(w *world, o *Options) error {
			o.Compromised, o.Retire = true, state.Deactivate
			_, err := w.rotateLeaked(o)
			return err
		},
		check:  func(w *world, fault diskFault, err error) { w.checkEvery(); w.leftNothing(fault, err); w.checkOwed() },
		finish: (*world).finishLeaked,
	}.most(t)
}
