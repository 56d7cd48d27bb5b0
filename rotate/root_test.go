package rotate

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// rootWorld holds the account's root key in every place.
func rootWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.iam.RemoveUser(user)
	w.old = w.iam.AddRootKey("", w.clock.Now().Add(-900*day))
	w.write(w.old.ID, w.old.Secret)
	w.iam.RequireAdmin(true)
	return w
}

var rootNames = RootOptions{User: user, Group: "administrators"}

// agreed is rootNames with the root key's ID typed.
func (w *world) agreed() RootOptions {
	ro := rootNames
	ro.DeleteKey = w.old.ID
	return ro
}

// checkReplaced fails unless the files hold the key of an administrator and the
// account has no root key.
func (w *world) checkReplaced() {
	w.t.Helper()
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
	w.checkSecrets()
	if keys := w.iam.Keys("root"); len(keys) != 0 {
		w.t.Errorf("root still has keys %v", keys)
	}
	if n := w.iam.RootKeysMade(""); n != 0 {
		w.t.Errorf("%d root keys were made", n)
	}
	if got := w.iam.Policies(user); len(got) != 0 {
		w.t.Errorf("policies %v are attached to the user itself", got)
	}
	if got := w.iam.GroupPolicies(rootNames.Group); len(got) != 1 || !strings.HasSuffix(got[0], ":policy/AdministratorAccess") {
		w.t.Errorf("the group has policies %v", got)
	}
}

func TestReplaceRoot(t *testing.T) {
	w := rootWorld(t)
	res, err := New(*w.options()).ReplaceRoot(t.Context(), "default", w.agreed())
	if err != nil || res.Outcome != Rotated {
		t.Fatal(res, err)
	}
	w.checkReplaced()
}

// What is there already is used.
func TestReplaceRootExistingAdministrator(t *testing.T) {
	w := rootWorld(t)
	w.iam.AddUser(awstest.User{Name: user, Path: "/ops/"})
	w.iam.AddGroup(rootNames.Group)
	w.iam.SetGroupPolicies(rootNames.Group, []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, nil)
	w.iam.AddMember(rootNames.Group, user)
	if _, err := New(*w.options()).ReplaceRoot(t.Context(), "default", w.agreed()); err != nil {
		t.Fatal(err)
	}
	w.checkReplaced()
}

// An existing user is never made an administrator by --yes alone.
func TestReplaceRootExistingUser(t *testing.T) {
	w := rootWorld(t)
	w.iam.AddUser(awstest.User{Name: user})
	var refused *Refused
	if _, err := New(*w.options()).ReplaceRoot(t.Context(), "default", w.agreed()); !errors.As(err, &refused) {
		t.Fatalf("error %v", err)
	}
	if g := w.iam.Groups(user); len(g) != 0 {
		t.Errorf("%s was put into %v", user, g)
	}
	o := w.options()
	o.Yes = false
	o.Confirm = func(q string) (bool, error) {
		return strings.Contains(q, "existing IAM user "+user+" an administrator"), nil
	}
	if _, err := New(*o).ReplaceRoot(t.Context(), "default", w.agreed()); err != nil {
		t.Fatal(err)
	}
	w.checkReplaced()
}

// Nobody types the root key's ID: both keys work, and a later run asks.
func TestReplaceRootNotConfirmed(t *testing.T) {
	w := rootWorld(t)
	_, err := New(*w.options()).ReplaceRoot(t.Context(), "default", rootNames)
	var half *HalfDone
	if !errors.Is(err, errRootNotTyped) || !errors.As(err, &half) {
		t.Fatalf("error %v", err)
	}
	w.checkWorking()
	if len(w.iam.Keys("root")) != 1 {
		t.Error("the root key is gone")
	}
	o := w.options()
	o.AskLine = func(string) (string, error) { return "yes", nil }
	if _, err := New(*o).Resume(t.Context()); !errors.Is(err, errRootNotTyped) {
		t.Errorf("something else was typed: %v", err)
	}
	o = w.options()
	o.AskLine = func(q string) (string, error) {
		if !strings.Contains(q, "last used") {
			t.Errorf("the question does not show the last use: %s", q)
		}
		return w.old.ID, nil
	}
	if _, err := New(*o).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkReplaced()
}

// A user who is no administrator, whatever the group says, does not count: the
// root key stays.
func TestReplaceRootNoAdministrator(t *testing.T) {
	w := rootWorld(t)
	w.iam.AddUser(awstest.User{Name: user})
	w.iam.Deny(user, "iam:GetAccountSummary")
	o := w.options()
	o.Yes, o.Confirm = false, func(string) (bool, error) { return true, nil }
	res, err := New(*o).ReplaceRoot(t.Context(), "default", w.agreed())
	if err == nil || res.Outcome != Undone {
		t.Fatalf("%+v %v", res, err)
	}
	if len(w.iam.Keys("root")) != 1 || len(w.iam.Keys(user)) != 0 || w.inFiles().ID != w.old.ID {
		t.Error("not as before")
	}
	w.checkClosed()
}

func TestReplaceRootRefuses(t *testing.T) {
	w := newWorld(t) // an IAM user's key
	var refused *Refused
	if _, err := New(*w.options()).ReplaceRoot(t.Context(), "default", rootNames); !errors.As(err, &refused) || !strings.Contains(err.Error(), "not a root key") {
		t.Errorf("error %v", err)
	}
	w = rootWorld(t)
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "keycare replace-root --profile default") || slices.Contains(w.iam.Actions(), "CreateAccessKey") {
		t.Errorf("rotate of a root key: %v", err)
	}
}

func TestPlanRoot(t *testing.T) {
	w := rootWorld(t)
	res, steps, err := New(*w.options()).PlanRoot(t.Context(), "default", rootNames)
	if err != nil || res.Outcome != Planned || len(steps) != 7 {
		t.Errorf("%+v %q %v", res, steps, err)
	}
	if w.inFiles().ID != w.old.ID || len(w.iam.Users("")) != 0 {
		t.Error("the plan had an effect")
	}
	w.checkClosed()
}

// finishRoot runs until nothing is left to do: a run that stopped before the
// new key was made is begun again, by the person who began it.
func (w *world) finishRoot() {
	w.t.Helper()
	var err error
	for range 4 {
		o := w.options()
		o.AskLine = func(string) (string, error) { return w.old.ID, nil }
		if _, err = New(*o).Resume(w.t.Context()); err != nil {
			continue
		}
		if len(w.iam.Keys("root")) == 0 {
			break
		}
		o = w.options()
		o.Yes, o.Confirm = false, func(string) (bool, error) { return true, nil }
		if _, err = New(*o).ReplaceRoot(w.t.Context(), "default", w.agreed()); err == nil {
			break
		}
	}
	if err != nil {
		w.t.Errorf("not finished: %v", err)
	}
	if js, err := w.options().State.Journals(); err != nil || len(js) > 0 {
		_ = w.clock.Wait(w.t.Context(), watchFor+time.Minute)
		if _, err := New(*w.options()).Resume(w.t.Context()); err != nil {
			w.t.Errorf("resume of a watch: %v", err)
		}
	}
	w.checkReplaced()
	w.iam.Close()
}

// checkRootHalf: the files hold a working key, root's or the administrator's.
func (w *world) checkRootHalf() {
	w.t.Helper()
	w.checkEvery()
	w.checkSecrets()
	if n := w.iam.RootKeysMade(""); n != 0 {
		w.t.Errorf("%d root keys were made", n)
	}
}

func TestReplaceRootEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for n := 0; ; n++ {
			w := rootWorld(t)
			met := w.faultOn(n, fault(w))
			_, err := New(*w.options()).ReplaceRoot(t.Context(), "default", w.agreed())
			if !met() {
				break
			}
			w.checkRootHalf()
			w.finishRoot()
			if t.Failed() {
				t.Fatalf("%s at call %d: %v\n%v", way, n, err, w.iam.Actions())
			}
		}
	})
}

func TestReplaceRootEveryFileOperationFails(t *testing.T) {
	testrun.Long(t) // the plain rotation meets every point in the quick run
	walk{
		world: rootWorld,
		act: func(w *world, o *Options) error {
			_, err := New(*o).ReplaceRoot(w.t.Context(), "default", w.agreed())
			return err
		},
		check:  func(w *world, _ diskFault, _ error) { w.checkRootHalf() },
		finish: (*world).finishRoot,
	}.most(t)
}

// A run that is stopped on its way says what it has made in the account, at every
// call, and the next one goes on from there.
func TestReplaceRootSaysWhatItMade(t *testing.T) {
	for n, denied := range []string{"CreateGroup", "AttachGroupPolicy", "CreateUser", "AddUserToGroup", "CreateAccessKey"} {
		w := rootWorld(t)
		w.iam.SetFault(func(c awstest.Call) awstest.Fault {
			if c.Action == denied {
				return awstest.Fault{Kind: awstest.FaultDeny}
			}
			return awstest.Fault{}
		})
		_, err := New(*w.options()).ReplaceRoot(t.Context(), "default", w.agreed())
		if err == nil {
			t.Fatalf("%s: no error", denied)
		}
		for i, made := range []string{"the group administrators", "its policy arn:", "the user alice", "membership in the group"} {
			if got, want := strings.Contains(err.Error(), "Made in the account") && strings.Contains(err.Error(), made), i < n; got != want && (want || i != n) {
				t.Errorf("%s denied: %q said %v: %v", denied, made, got, err)
			}
		}
		if n > 0 && !strings.Contains(err.Error(), "go on from there") {
			t.Errorf("%s denied: %v", denied, err)
		}
		w.saw(err)
		w.iam.SetFault(nil)
		again := w.options()
		again.Yes, again.Confirm = false, func(string) (bool, error) { return true, nil }
		if _, err := New(*again).ReplaceRoot(t.Context(), "default", w.agreed()); err != nil {
			t.Errorf("after %s: %v", denied, err)
		}
		w.checkReplaced()
	}
}
