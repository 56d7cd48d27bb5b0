package rotate

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

func TestRotatePlain(t *testing.T) {
	w := newWorld(t)
	results, err := New(*w.options()).Rotate(t.Context(), "default")
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
	for _, pair := range [][2]int{{0, 2}, {3, 5}, {5, 7}} { // the order of two questions asked at once is open
		slices.Sort(got[pair[0]:pair[1]])
	}
	want := []string{"GetCallerIdentity", "ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys", "GetCallerIdentity", "ListAccessKeys", "UpdateAccessKey", "ListAccessKeys", "DeleteAccessKey"}
	if !slices.Equal(got, want) {
		t.Errorf("calls %v\nwant %v", got, want)
	}
}

func TestRotateDeactivate(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Retire = state.Deactivate
	if _, err := New(*o).Rotate(t.Context(), "twin"); err != nil {
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

// The files never hold a key that does not answer yet.
func TestRotateWaitsForPropagation(t *testing.T) {
	delays := []time.Duration{0, time.Second, 6 * time.Second, 30 * time.Second}
	for _, sts := range delays {
		for _, iam := range delays {
			w := newWorld(t)
			w.iam.SetPropagation(sts, iam)
			early := make(chan string, 100)
			w.iam.SetFault(func(awstest.Call) awstest.Fault {
				return awstest.Fault{Before: func() {
					set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "")
					p, err := set.PairAt(credfile.CredentialsFile, "default")
					if _, ok := w.iam.Works(p.ID, p.Secret.Reveal()); err != nil || !ok {
						early <- p.ID
					}
				}}
			})
			if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
				t.Errorf("%v, %v: %v", sts, iam, err)
			}
			if len(early) > 0 {
				t.Errorf("%v, %v: the file held %s, which did not answer", sts, iam, <-early)
			}
			w.iam.SetFault(nil)
			w.checkWorking()
			w.checkKeys(1)
			w.checkClosed()
		}
	}
}

// A new key that never answers is given up, with the old key in place.
func TestRotateUndone(t *testing.T) {
	w := newWorld(t)
	w.iam.SetPropagation(time.Hour, time.Hour)
	res, err := New(*w.options()).Rotate(t.Context(), "default")
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
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

func TestRotateSecondKey(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now().Add(-time.Hour))
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), other.ID) {
		t.Fatalf("an active second key: %v", err)
	}
	w.iam.SetKeyStatus(other.ID, awstest.Inactive)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

// An active second key is deleted only where a person asks for that and agrees.
func TestFreeSlotUnused(t *testing.T) {
	for _, c := range []struct {
		yes, agree, confirm bool
		rotates             bool
	}{
		{yes: true},
		{confirm: true},
		{confirm: true, agree: true, rotates: true},
		{},
	} {
		w := newWorld(t)
		other := w.iam.AddKey(user, w.clock.Now().Add(-300*day))
		o := w.options()
		o.FreeSlot, o.Yes = FreeUnused, c.yes
		var asked []string
		if c.confirm {
			o.Confirm = func(q string) (bool, error) {
				asked = append(asked, q)
				return c.agree, nil
			}
		}
		_, err := New(*o).Rotate(t.Context(), "default")
		if (err == nil) != c.rotates {
			t.Errorf("%+v: %v", c, err)
		}
		if c.confirm && (len(asked) == 0 || !strings.Contains(asked[0], other.ID)) {
			t.Errorf("%+v: asked %q", c, asked)
		}
		still := slices.ContainsFunc(w.iam.Keys(user), func(k awstest.KeyInfo) bool { return k.ID == other.ID })
		if still == c.rotates {
			t.Errorf("%+v: second key there: %v", c, still)
		}
		w.checkWorking()
		w.checkClosed()
	}
}

// A second active key that another profile holds is not spare: the profile is
// named.
func TestSecondKeyInAnotherProfile(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now())
	w.credentials += "\n[laptop]\naws_access_key_id = " + other.ID + "\naws_secret_access_key = " + other.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	if err == nil || !strings.Contains(err.Error(), `"laptop"`) {
		t.Errorf("error %v", err)
	}
}

// A rotation that an earlier run left is finished by the next rotate, which does
// not rotate the new key once more.
func TestRotateFinishesFirst(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "iam:DeleteAccessKey")
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil {
		t.Fatal("rotated though the deletion is denied")
	}
	half := w.inFiles()
	w.iam.Allow(user)
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	if err != nil || len(results) != 1 || results[0].Outcome != Rotated || results[0].New != half.ID || !w.inFiles().Equal(half) {
		t.Errorf("%+v, %v, want the rotation to %s", results, err, half.ID)
	}
	w.checkKeys(1)
	w.checkClosed()
}

// A person who thinks long about the question does not make our own key look
// like somebody else's.
func TestLongQuestion(t *testing.T) {
	w := newWorld(t)
	w.iam.SetTrailDelay(0)
	o := w.options()
	o.Yes = false
	o.Confirm = func(string) (bool, error) {
		_ = w.clock.Wait(t.Context(), 10*time.Minute)
		return true, nil
	}
	met := w.faultOn(2, awstest.Fault{Kind: awstest.FaultDropAfter})
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	if !met() {
		t.Error("no fault was met")
	}
	w.finish()
}
