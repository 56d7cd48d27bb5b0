package rotate

import (
	"keycare/credfile/disk/testrun"
	"testing"
	"time"
)

// Somebody uses the old key again and again, with a break shorter than the
// grace. IAM rounds a use down to a quarter of an hour and shows it as late as
// that. The key is never retired.
func TestGraceRegularUse(t *testing.T) {
	testrun.NotShort(t)
	for _, every := range []time.Duration{30 * time.Minute, 40 * time.Minute, 50 * time.Minute} {
		for phase := time.Duration(0); phase < every; phase += 10 * time.Minute {
			w := newWorld(t)
			o := w.options()
			o.Grace = time.Hour
			if r, err := New(*o).Rotate(t.Context(), "default"); err != nil || r[0].Outcome != InGrace {
				t.Fatal(r, err)
			}
			begin := w.clock.Now()
			for m := 61; m < 600; m += 15 {
				now := begin.Add(time.Duration(m) * time.Minute)
				_ = w.clock.Wait(t.Context(), now.Sub(w.clock.Now()))
				var shown, last time.Time
				for at := begin.Add(phase); !at.After(now); at = at.Add(every) {
					if last = at; !at.After(now.Add(-15 * time.Minute)) {
						shown = at.Truncate(15 * time.Minute)
					}
				}
				w.iam.SetLastUsed(w.old.ID, shown, "s3", "eu-west-1")
				if res, _ := New(*w.options()).Resume(t.Context()); len(res) == 1 && res[0].Outcome == Rotated {
					t.Fatalf("used every %s: deleted %s after its last use", every, now.Sub(last))
				}
			}
			w.iam.Close()
		}
	}
}

// A job of each night uses the old key at 3:00; the timer runs at 3:10, before
// IAM shows that.
func TestGraceNightlyUse(t *testing.T) {
	w := inGrace(t) // at 9:00
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	w.iam.SetLastUsed(w.old.ID, at(2, 3, 0), "s3", "eu-west-1")
	_ = w.clock.Wait(t.Context(), at(2, 12, 0).Sub(w.clock.Now()))
	if err := w.resume(w.options(), Unfinished); err == nil {
		t.Error("a key that was used is retired")
	}
	_ = w.clock.Wait(t.Context(), at(3, 3, 10).Sub(w.clock.Now()))
	if err := w.resume(w.options(), Unfinished); err == nil {
		t.Error("a key that is used each night is retired")
	}
}

// The clock was years ahead when the grace began, and was put right.
func TestGraceClockAhead(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Grace = 24 * time.Hour
	o.Now = func() time.Time { return w.clock.Now().AddDate(10, 0, 0) }
	if r, err := New(*o).Rotate(t.Context(), "default"); err != nil || r[0].Outcome != InGrace {
		t.Fatal(r, err)
	}
	if err := w.resume(w.options(), InGrace); err != nil {
		t.Errorf("AWS's clock says that the grace has not ended: %v", err)
	}
	_ = w.clock.Wait(t.Context(), 26*time.Hour)
	if err := w.resume(w.options(), Rotated); err != nil {
		t.Error(err)
	}
}
