package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
	"keycare/rotate/awstest"
)

// diskFaults are the ways in which a file operation may go wrong, and what a
// power loss takes when the program stops there. Every way is tried in a plain
// rotation; in its relatives, those that are not the most different ones are
// left to the long proofs.
var diskFaults = []struct {
	action diskfault.Action
	loss   diskfault.Loss
	most   bool
}{
	{diskfault.Fail, diskfault.NoLoss, true},
	{diskfault.Short, diskfault.NoLoss, false},
	{diskfault.CrashBefore, diskfault.NoLoss, false},
	{diskfault.CrashMiddle, diskfault.NoLoss, false},
	{diskfault.CrashAfter, diskfault.NoLoss, true},
	{diskfault.CrashAfter, diskfault.LoseData, false},
	{diskfault.CrashAfter, diskfault.LoseNames, false},
	{diskfault.CrashMiddle, diskfault.LoseNames, true},
}

// underFault runs f with the n-th file operation going wrong. It reports whether
// it came to that, and the error, which is a crash's where one ended f.
func (w *world) underFault(n int, action diskfault.Action, loss diskfault.Loss, f func(*Options) error) (met bool, op string, err error) {
	w.t.Helper()
	d := diskfault.New(diskfault.Unsynced{}, diskfault.At(n, action))
	w.disk = d
	crash, err := diskfault.Run(func() error { return f(w.options()) })
	w.disk = diskfault.Unsynced{}
	if crash != nil {
		if lost := d.Lose(loss); lost != nil {
			w.t.Fatal(lost)
		}
		err = fmt.Errorf("crashed at %s", crash.Op)
	}
	if ops := d.Ops(); n < len(ops) {
		return true, ops[n].String(), err
	}
	return false, "", err
}

func rotateDefault(ctx context.Context) func(*Options) error {
	return func(o *Options) error {
		_, err := New(*o).Rotate(ctx, "default")
		return err
	}
}

func resumeAll(ctx context.Context) func(*Options) error {
	return func(o *Options) error {
		_, err := New(*o).Resume(ctx)
		return err
	}
}

// Every file operation of a rotation goes wrong once, in every way.
func TestRotateEveryFileOperationFails(t *testing.T) {
	for _, fault := range diskFaults {
		t.Run(fmt.Sprintf("%s, %s", fault.action, fault.loss), func(t *testing.T) {
			t.Parallel()
			points := 0
			for ; ; points++ {
				w := newWorld(t)
				met, op, err := w.underFault(points, fault.action, fault.loss, rotateDefault(t.Context()))
				if !met {
					break
				}
				w.saw(err)
				w.checkHalf()
				var half *HalfDone
				if err != nil && !fault.action.Crashes() && !errors.As(err, &half) { // exit 3: nothing may be left
					w.checkKeys(1)
					w.checkWorking()
				}
				w.finish()
				if t.Failed() {
					t.Fatalf("%s: %v", op, err)
				}
			}
			t.Logf("%d file operations", points)
			if points < 50 {
				t.Errorf("only %d file operations were met", points)
			}
		})
	}
}

// A second file operation goes wrong during the resume of a rotation that
// crashed.
func TestResumeEveryFileOperationFails(t *testing.T) {
	long(t)
	for _, fault := range diskFaults {
		if fault.action == diskfault.Short || fault.action == diskfault.CrashBefore || fault.loss == diskfault.LoseData {
			continue // between these and their neighbours the disk looks the same
		}
		t.Run(fmt.Sprintf("%s, %s", fault.action, fault.loss), func(t *testing.T) {
			t.Parallel()
			pairs := 0
			for n := 0; ; n++ {
				met, hit := true, true
				var op string
				for m := 0; met && hit; m++ {
					w := newWorld(t)
					met, op, _ = w.underFault(n, diskfault.CrashAfter, diskfault.NoLoss, rotateDefault(t.Context()))
					if js, err := w.options().State.Journals(); !met || err == nil && len(js) == 0 || reads(op) {
						w.iam.Close()
						break // nothing to resume, or nothing new
					}
					var second string
					var err error
					hit, second, err = w.underFault(m, fault.action, fault.loss, resumeAll(t.Context()))
					pairs++
					w.checkHalf()
					w.finish()
					if t.Failed() {
						t.Fatalf("%s, then %s: %v", op, second, err)
					}
				}
				if !met {
					break
				}
			}
			t.Logf("%d pairs of faults", pairs)
		})
	}
}

// reads reports whether an operation changes nothing: a crash after it is one
// after the operation before.
func reads(op string) bool {
	return slices.ContainsFunc([]string{" ReadFile ", " Stat ", " Lstat ", " ReadDir ", " EvalSymlinks "}, func(name string) bool {
		return strings.Contains(op, name)
	})
}

// A file operation goes wrong at the end of a grace.
func TestGraceEveryFileOperationFails(t *testing.T) {
	for _, fault := range diskFaults {
		t.Run(fmt.Sprintf("%s, %s", fault.action, fault.loss), func(t *testing.T) {
			if !fault.most {
				long(t)
			}
			t.Parallel()
			for n := 0; ; n++ {
				w := inGrace(t)
				_ = w.clock.Wait(t.Context(), 25*time.Hour)
				met, op, err := w.underFault(n, fault.action, fault.loss, resumeAll(t.Context()))
				if !met {
					break
				}
				w.checkHalf()
				w.finish()
				if t.Failed() {
					t.Fatalf("%s: %v", op, err)
				}
			}
		})
	}
}

// A file operation goes wrong in a rotation that is being undone.
func TestUndoEveryFileOperationFails(t *testing.T) {
	for _, fault := range diskFaults {
		t.Run(fmt.Sprintf("%s, %s", fault.action, fault.loss), func(t *testing.T) {
			if !fault.most {
				long(t)
			}
			t.Parallel()
			for n := 0; ; n++ {
				w := newWorld(t)
				w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
				met, op, err := w.underFault(n, fault.action, fault.loss, rotateDefault(t.Context()))
				w.iam.SetVisible(nil)
				if !met {
					break
				}
				w.checkHalf()
				w.finish()
				if t.Failed() {
					t.Fatalf("%s: %v", op, err)
				}
			}
		})
	}
}
