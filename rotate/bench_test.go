package rotate

import (
	"context"
	"fmt"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// roundTrip is how long each call takes in the benchmarks.
const roundTrip = 50 * time.Millisecond

func slow(w *world) {
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() { time.Sleep(roundTrip) }}
	})
}

// real makes o wait by the real clock and connect as a user's run does.
func (w *world) real(b *testing.B) *Options {
	b.Setenv("AWS_ENDPOINT_URL", w.iam.URL())
	b.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	o := w.options()
	o.Connect, o.Wait, o.Now = client.Connect, realWait, time.Now
	return o
}

// BenchmarkRotate is one whole rotation with 50 ms a call, and the same five
// calls made one after another by a client that proves nothing and writes
// nothing.
func BenchmarkRotate(b *testing.B) {
	b.Run("rotation", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w := newWorld(b)
			slow(w)
			o := w.real(b)
			b.StartTimer()
			if _, err := New(*o).Rotate(b.Context(), "default"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("five bare calls", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w := newWorld(b)
			slow(w)
			o := w.real(b)
			old := credfile.Pair{ID: w.old.ID, Secret: credfile.NewSecret(w.old.Secret)}
			b.StartTimer()
			a, err := o.Connect(b.Context(), w.paths, "default")
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := a.Identity(b.Context(), old); err != nil {
				b.Fatal(err)
			}
			if _, _, err := a.List(b.Context(), client.SignerOf(old), user); err != nil {
				b.Fatal(err)
			}
			if _, err := a.LastUsed(b.Context(), client.SignerOf(old), old.ID); err != nil {
				b.Fatal(err)
			}
			fresh, err := a.Create(b.Context(), client.SignerOf(old), user, client.NewToken())
			if err != nil {
				b.Fatal(err)
			}
			if err := a.Delete(b.Context(), client.SignerOf(fresh), user, old.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLook is one rotation with the look between switching the old key off
// and deleting it, and without: where AWS does not let the user switch keys off,
// it is deleted after one look. Of the time, what is waited for a program that may
// be about to write is counted apart.
func BenchmarkLook(b *testing.B) {
	for _, call := range []time.Duration{0, roundTrip} {
		for _, looks := range []bool{true, false} {
			b.Run(fmt.Sprintf("call=%s/looks=%v", call, looks), func(b *testing.B) {
				calls, waited := 0, time.Duration(0)
				for b.Loop() {
					b.StopTimer()
					w := newWorld(b)
					if call > 0 {
						slow(w)
					}
					if !looks {
						w.iam.Deny(user, "iam:UpdateAccessKey")
					}
					o := w.real(b)
					o.Wait = func(ctx context.Context, d time.Duration) error {
						waited += d
						return realWait(ctx, d)
					}
					b.StartTimer()
					if _, err := New(*o).Rotate(b.Context(), "default"); err != nil {
						b.Fatal(err)
					}
					calls += len(w.iam.Actions())
				}
				b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
				b.ReportMetric(waited.Seconds()*1000/float64(b.N), "waited-ms/op")
			})
		}
	}
}

// BenchmarkRotateMany rotates the keys of 100 users with 50 ms a call, together
// and one after another.
func BenchmarkRotateMany(b *testing.B) {
	for _, together := range []bool{true, false} {
		b.Run(fmt.Sprintf("together=%v", together), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w, names := crowd(b, 100, anyAge)
				slow(w)
				o := w.real(b)
				b.StartTimer()
				if together {
					if _, err := New(*o).Rotate(b.Context(), names...); err != nil {
						b.Fatal(err)
					}
					continue
				}
				for _, name := range names {
					if _, err := New(*o).Rotate(b.Context(), name); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkRotateAllPlan plans the rotation of every key, as "rotate --all
// --dry-run" does: twice the keys take twice the time. AWS answers at once, from
// memory, so that what is measured is this program.
func BenchmarkRotateAllPlan(b *testing.B) {
	for _, n := range []int{500, 1000, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, _ := crowd(b, n, anyAge)
			o := w.options()
			for b.Loop() {
				set, err := credfile.Load(o.Disk, o.Paths)
				if err != nil {
					b.Fatal(err)
				}
				rot := New(*o)
				profiles, _ := rot.Rotatable(set)
				results, err := rot.Plan(b.Context(), profiles...)
				if err != nil || len(results) != n {
					b.Fatalf("%d results: %v", len(results), err)
				}
			}
		})
	}
}
