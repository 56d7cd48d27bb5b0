package rotate

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"keycare/credfile/disk/diskfault"
	"keycare/credfile/disk/testrun"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(afterMode); mode != "" { // whatever its arguments: it must never run the tests
		os.Exit(beAfter(mode))
	}
	testrun.Main(m)
}

// diskFault is a way in which a file operation may go wrong, and what a power
// loss takes when the program stops there.
type diskFault struct {
	action diskfault.Action
	loss   diskfault.Loss
	most   bool // one of the ways that differ most
}

func (f diskFault) String() string { return f.action.String() + ", " + f.loss.String() }

var diskFaults = []diskFault{
	{diskfault.Fail, diskfault.NoLoss, true},
	{diskfault.Short, diskfault.NoLoss, false},
	{diskfault.CrashBefore, diskfault.NoLoss, false},
	{diskfault.CrashMiddle, diskfault.NoLoss, false},
	{diskfault.CrashAfter, diskfault.NoLoss, true},
	{diskfault.CrashAfter, diskfault.LoseData, false},
	{diskfault.CrashAfter, diskfault.LoseNames, true},
	{diskfault.CrashMiddle, diskfault.LoseNames, false},
	{diskfault.Vanish, diskfault.NoLoss, false},
	{diskfault.CrashVanish, diskfault.NoLoss, false},
}

// vanishes reports whether a file is gone after it, until a later run brings it
// back from what lies beside.
func (f diskFault) vanishes() bool {
	return f.action == diskfault.Vanish || f.action == diskfault.CrashVanish
}

// point is a file operation of an act in which nothing goes wrong.
type point struct {
	diskfault.Op
	quiet bool    // no call of AWS since the operation before
	loses [3]bool // what a power loss right after it takes anything from
}

// walk lets every file operation of an act go wrong, each in a world of its own.
type walk struct {
	world  func(testing.TB) *world // ready for the act
	act    func(*world, *Options) error
	check  func(w *world, fault diskFault, err error) // right after the fault
	finish func(*world)                               // goes on until nothing is left to do, and checks the end
	least  int                                        // how many operations there are at least; 0: 50
}

// every walks in every way, wherever that may show something.
func (k walk) every(t *testing.T) { k.ways(t, point.shows) }

// most is for relatives of the plain rotation: it leaves to the long proofs the
// ways that do not differ most, and failures to look.
func (k walk) most(t *testing.T) {
	k.ways(t, func(p point, fault diskFault) bool {
		return fault.most && p.shows(fault) && !(fault.action == diskfault.Fail && p.reads())
	})
}

// ways walks in every way over the quick points, and over the rest in a long
// proof.
func (k walk) ways(t *testing.T, quick func(point, diskFault) bool) {
	points := k.points(t)
	if len(points) < cmp.Or(k.least, 50) {
		t.Errorf("only %d file operations", len(points))
	}
	for _, fault := range diskFaults {
		t.Run(fault.String(), func(t *testing.T) {
			var at, rest []int
			for n, p := range points {
				if fault.vanishes() && p.Name != "Replace" {
					continue
				}
				if quick(p, fault) {
					at = append(at, n)
				} else {
					rest = append(rest, n)
				}
			}
			if len(at) > 0 {
				t.Run("quick", func(t *testing.T) { k.at(t, fault, at) })
			}
			t.Run("rest", func(t *testing.T) {
				testrun.Long(t)
				k.at(t, fault, rest)
			})
		})
	}
}

// points runs the act with nothing going wrong.
func (k walk) points(t *testing.T) (points []point) {
	w := k.world(t)
	var d *diskfault.FS
	calls := 0
	look := func() { // at what the operation before has left
		if len(points) > 0 {
			for l := range points[0].loses {
				points[len(points)-1].loses[l] = d.Loses(diskfault.Loss(l))
			}
		}
	}
	d = diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		look()
		n := len(w.iam.Actions())
		points = append(points, point{Op: op, quiet: op.N > 0 && n == calls})
		calls = n
		return diskfault.Pass
	})
	w.disk = d
	_ = k.act(w, w.options()) // an act that is undone ends with an error
	look()
	w.iam.Close()
	return points
}

// at lets each of these operations go wrong.
func (k walk) at(t *testing.T, fault diskFault, points []int) {
	t.Parallel()
	for _, n := range points {
		w := k.world(t)
		met, op, err := w.underFault(n, fault.action, fault.loss, k.act)
		if !met {
			t.Fatalf("operation %d was not met: the act is not the same each time", n)
		}
		w.saw(err)
		if k.check != nil && fault.action != diskfault.CrashVanish {
			k.check(w, fault, err)
		}
		k.finish(w)
		if t.Failed() {
			t.Fatalf("%s: %v", op, err)
		}
	}
	t.Logf("%d file operations", len(points))
}

// shows reports whether a fault at the operation leaves anything that no other
// fault leaves as well. The long proofs try the rest all the same.
func (p point) shows(fault diskFault) bool {
	writes := strings.HasPrefix(p.Name, "Write")
	switch {
	case fault.action == diskfault.Fail, fault.vanishes():
		return true
	case fault.action == diskfault.Short: // else it just fails
		return writes
	case fault.action == diskfault.CrashBefore: // else as after the one before
		return !p.quiet
	case fault.action == diskfault.CrashMiddle && fault.loss == diskfault.NoLoss: // else as before it
		return writes
	case fault.action == diskfault.CrashMiddle: // else as after the one before
		return writes || !p.quiet
	case fault.loss == diskfault.NoLoss: // else as before it
		return p.changes()
	}
	return p.loses[fault.loss] && (p.changes() || p.syncs() || !p.quiet)
}

// reads reports whether the operation only looks.
func (p point) reads() bool {
	switch p.Name {
	case "ReadFile", "Stat", "Lstat", "ReadDir", "EvalSymlinks":
		return true
	}
	return false
}

func (p point) syncs() bool { return p.Name == "Sync" || p.Name == "SyncDir" }

// changes reports whether the operation changes what is there.
func (p point) changes() bool { return !p.reads() && !p.syncs() && p.Name != "Close" }

// leftNothing fails if an act failed without being half done, yet left a second
// key or a key that does not work: that is what exit code 3 promises.
func (w *world) leftNothing(fault diskFault, err error) {
	w.t.Helper()
	var half *HalfDone
	if err == nil || fault.action.Crashes() || errors.As(err, &half) {
		return
	}
	w.checkKeys(1)
	w.checkWorking()
	if js, _ := w.options().State.Journals(); len(js) > 0 {
		w.t.Errorf("nothing is half done, it says, and journal %q is left", js[0].Direction)
	}
}

// underFault runs f with the n-th file operation going wrong. It reports whether
// it came to that, and the error, which is a crash's where one ended f.
func (w *world) underFault(n int, action diskfault.Action, loss diskfault.Loss, f func(*world, *Options) error) (met bool, op string, err error) {
	w.t.Helper()
	return w.under(diskfault.At(n, action), loss, f)
}

// under is underFault for what a hook lets go wrong.
func (w *world) under(hook diskfault.Hook, loss diskfault.Loss, f func(*world, *Options) error) (met bool, op string, err error) {
	w.t.Helper()
	d := diskfault.New(diskfault.Unsynced{}, func(o diskfault.Op) diskfault.Action {
		a := hook(o)
		if a != diskfault.Pass {
			met, op = true, o.String()
		}
		return a
	})
	w.disk = d
	crash, err := d.Run(func() error { return f(w, w.options()) })
	w.disk = diskfault.Unsynced{}
	if crash != nil {
		if lost := d.Lose(loss); lost != nil {
			w.t.Fatal(lost)
		}
		err = fmt.Errorf("crashed at %s", crash.Op)
	}
	return met, op, err
}
