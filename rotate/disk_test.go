package rotate

import (
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

func rotateDefault(w *world, o *Options) error {
	_, err := New(*o).Rotate(w.t.Context(), "default")
	return err
}

func resumeAll(w *world, o *Options) error {
	_, err := New(*o).Resume(w.t.Context())
	return err
}

// Every file operation of a rotation goes wrong once, in every way.
func TestRotateEveryFileOperationFails(t *testing.T) {
	testrun.NotShort(t)
	walk{
		world: newWorld,
		act:   rotateDefault,
		check: func(w *world, fault diskFault, err error) {
			w.checkHalf()
			w.leftNothing(fault, err)
		},
		finish: (*world).finish,
	}.every(t)
}

// A second file operation goes wrong during the resume of a rotation that
// crashed.
func TestResumeEveryFileOperationFails(t *testing.T) {
	testrun.Long(t)
	begin := walk{world: newWorld, act: rotateDefault}
	points := begin.points(t)
	for way, fault := range diskFaults {
		if fault.action == diskfault.Short || fault.action == diskfault.CrashBefore || fault.loss == diskfault.LoseData {
			continue // between these and their neighbours the disk looks the same
		}
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			pairs := 0
			for n, first := range points {
				if !testrun.Chosen(n, way) {
					continue
				}
				for m, hit := 0, !first.reads(); hit; m++ {
					w := newWorld(t)
					_, op, _ := w.underFault(n, diskfault.CrashAfter, diskfault.NoLoss, rotateDefault)
					js, err := w.options().State.Journals()
					if err == nil && len(js) == 0 {
						w.iam.Close()
						break // nothing to resume
					}
					var second string
					at := diskfault.At
					if fault.vanishes() {
						at = diskfault.AtReplace
					}
					hit, second, err = w.under(at(m, fault.action), fault.loss, resumeAll)
					pairs++
					w.saw(err)
					if fault.action != diskfault.CrashVanish { // the next run brings the file back
						w.checkHalf()
					}
					w.finish()
					if t.Failed() {
						t.Fatalf("%s, then %s: %v", op, second, err)
					}
				}
			}
			t.Logf("%d pairs of faults", pairs)
		})
	}
}

// A file operation goes wrong at the end of a grace.
func TestGraceEveryFileOperationFails(t *testing.T) {
	testrun.Long(t) // the plain rotation meets every point in the quick run
	walk{
		world: func(t testing.TB) *world {
			w := inGrace(t)
			_ = w.clock.Wait(t.Context(), 25*time.Hour)
			return w
		},
		act:    resumeAll,
		check:  func(w *world, _ diskFault, _ error) { w.checkHalf() },
		finish: (*world).finish,
	}.most(t)
}

// A file operation goes wrong in a rotation that is being undone.
func TestUndoEveryFileOperationFails(t *testing.T) {
	testrun.Long(t) // the plain rotation meets every point in the quick run
	walk{
		world: func(t testing.TB) *world {
			w := newWorld(t)
			w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
			return w
		},
		act: rotateDefault,
		check: func(w *world, _ diskFault, _ error) {
			w.iam.SetVisible(nil)
			w.checkHalf()
		},
		finish: (*world).finish,
	}.most(t)
}
