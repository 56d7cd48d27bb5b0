package rotate

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

func TestRotatePlain(t *testing.T) {
	w := newWorld(t)
	results, err := w.options().Rotate(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	res := results[0]
	if res.Outcome != Rotated || res.Old != w.old.ID || res.New == "" || len(res.Places) != 3 {
		t.Errorf("result %+v", res)
	}
	if p := w.inFiles(); p.ID != res.New {
		t.Errorf("the files hold %s, want the new key %s", p.ID, res.New)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
	w.checkSecrets()
	got := w.iam.Actions()
	for _, pair := range [][2]int{{0, 2}, {3, 5}} { // the order of two questions asked at once is open
		slices.Sort(got[pair[0]:pair[1]])
	}
	want := []string{"GetCallerIdentity", "ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys", "GetCallerIdentity", "DeleteAccessKey"}
	if !slices.Equal(got, want) {
		t.Errorf("calls %v\nwant %v", got, want)
	}
}

func TestRotateDeactivate(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Retire = Deactivate
	if _, err := o.Rotate(t.Context(), "twin"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkClosed()
	for _, k := range w.iam.Keys(user) {
		if (k.Status == awstest.Inactive) != (k.ID == w.old.ID) {
			t.Errorf("key %s is %s", k.ID, k.Status)
		}
	}
}

func TestRotateWaitsForPropagation(t *testing.T) {
	for _, delay := range []struct{ sts, iam time.Duration }{
		{0, 0}, {time.Second, 0}, {0, 6 * time.Second}, {30 * time.Second, time.Second},
	} {
		w := newWorld(t)
		w.iam.SetPropagation(delay.sts, delay.iam)
		if _, err := w.options().Rotate(t.Context(), "default"); err != nil {
			t.Errorf("%v: %v", delay, err)
		}
		w.checkWorking()
		w.checkKeys(1)
		w.checkClosed()
	}
}

// A new key that never answers is given up, with the old key in place.
func TestRotateUndone(t *testing.T) {
	w := newWorld(t)
	w.iam.SetPropagation(time.Hour, time.Hour)
	res, err := w.options().Rotate(t.Context(), "default")
	if res[0].Outcome != Undone || err == nil {
		t.Errorf("outcome %q, error %v", res[0].Outcome, err)
	}
	if p := w.inFiles(); p.ID != w.old.ID {
		t.Errorf("the files hold %s, want the old key", p.ID)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

func TestRotateFlapping(t *testing.T) {
	w := newWorld(t)
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI || v.Seen%3 == 2 })
	if _, err := w.options().Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

func TestRotateSecondKey(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now().Add(-time.Hour))
	_, err := w.options().Rotate(t.Context(), "default")
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), other.ID) {
		t.Fatalf("an active second key: %v", err)
	}
	w.iam.SetKeyStatus(other.ID, awstest.Inactive)
	if _, err := w.options().Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}
