package rotate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// inGrace begins a rotation with a day of grace.
func inGrace(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	o := w.options()
	o.Grace = 24 * time.Hour
	results, err := New(*o).Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != InGrace {
		t.Fatalf("%+v, %v", results, err)
	}
	if p := w.inFiles(); p.ID == w.old.ID {
		t.Fatal("the files hold the old key")
	}
	for _, k := range w.iam.Keys(user) {
		if k.Status != awstest.Active {
			t.Errorf("key %s is %s in its grace", k.ID, k.Status)
		}
	}
	for _, e := range w.entries(w.options().State.RotationsDir()) {
		if strings.HasSuffix(e, ".recovery") {
			t.Errorf("%s is kept during the grace", e)
		}
	}
	w.checkHalf()
	return w
}

// resume expects one rotation with this outcome.
func (w *world) resume(o *Options, want Outcome) error {
	w.t.Helper()
	results, err := New(*o).Resume(w.t.Context())
	if len(results) != 1 || results[0].Outcome != want {
		w.t.Errorf("resume: %+v, %v, want %q", results, err, want)
	}
	return err
}

func TestGrace(t *testing.T) {
	w := inGrace(t)
	_ = w.clock.Wait(t.Context(), 23*time.Hour)
	if err := w.resume(w.options(), InGrace); err != nil {
		t.Fatal(err)
	}
	w.checkKeys(2)
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "grace") {
		t.Errorf("a second rotation during the grace: %v", err)
	}
	_ = w.clock.Wait(t.Context(), 2*time.Hour)
	if err := w.resume(w.options(), Rotated); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
	w.checkSecrets()
}

// Every call at the end of a grace goes wrong once, in every way.
func TestGraceEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for n := 0; ; n++ {
			w := inGrace(t)
			_ = w.clock.Wait(t.Context(), 25*time.Hour)
			met := w.faultOn(n, fault(w))
			_, err := New(*w.options()).Resume(t.Context())
			if !met() {
				break
			}
			w.checkHalf()
			w.finish()
			if t.Failed() {
				t.Fatalf("%s at call %d: %v", way, n, err)
			}
		}
	})
}

// Somebody used the old key after the switch: it is kept, and who wants both
// keys can have them.
func TestGraceOldKeyInUse(t *testing.T) {
	w := inGrace(t)
	w.iam.SetLastUsed(w.old.ID, w.clock.Now().Add(20*time.Hour), "s3", "eu-west-1")
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	err := w.resume(w.options(), Unfinished)
	for _, want := range []string{"s3", "eu-west-1", "2026-03-02"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	w.checkKeys(2)
	o := w.options()
	o.KeepBoth = true
	if err := w.resume(o, KeptBoth); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkClosed()
	if keys := w.iam.Keys(user); len(keys) != 2 {
		t.Errorf("keys %v, want both", keys)
	}
	past, err := o.State.History()
	if err != nil || len(past) != 1 || past[0].Old != w.old.ID || past[0].New != w.inFiles().ID {
		t.Errorf("history %+v, %v: want both keys named", past, err)
	}
}

// A key that somebody used after the switch is retired when it has been quiet
// for as long as the grace.
func TestGraceOldKeyQuietAgain(t *testing.T) {
	w := inGrace(t)
	w.iam.SetLastUsed(w.old.ID, w.clock.Now().Add(20*time.Hour), "s3", "eu-west-1")
	_ = w.clock.Wait(t.Context(), 43*time.Hour)
	var used *OldKeyUsed
	if err := w.resume(w.options(), Unfinished); !errors.As(err, &used) || !strings.Contains(err.Error(), "24h") {
		t.Fatalf("after 23 quiet hours: %v", err)
	}
	_ = w.clock.Wait(t.Context(), 2*time.Hour)
	if err := w.resume(w.options(), Rotated); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

// A use within a quarter of an hour of the switch may be one from before it.
func TestGraceUseBeforeSwitch(t *testing.T) {
	w := inGrace(t)
	w.iam.SetLastUsed(w.old.ID, w.clock.Now().Add(10*time.Minute), "s3", "eu-west-1")
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	if err := w.resume(w.options(), Rotated); err != nil {
		t.Error(err)
	}
}

// An unknown last use is not "unused".
func TestGraceUseUnknown(t *testing.T) {
	w := inGrace(t)
	w.iam.Deny(user, "iam:GetAccessKeyLastUsed")
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	if err := w.resume(w.options(), Unfinished); err == nil || !strings.Contains(err.Error(), "iam:GetAccessKeyLastUsed") {
		t.Errorf("error %v", err)
	}
	w.checkHalf()
	w.checkKeys(2)
}

// The old key is put back into a file during the grace, from a backup: nothing
// may be retired then.
func TestGraceOldCopyRestored(t *testing.T) {
	w := inGrace(t)
	w.write(w.old.ID, w.old.Secret)
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	if err := w.resume(w.options(), Unfinished); err == nil || !strings.Contains(err.Error(), "put the old key back") {
		t.Errorf("error %v", err)
	}
	w.checkWorking()
	w.checkKeys(2)
}
