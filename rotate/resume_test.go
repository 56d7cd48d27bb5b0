package rotate

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

// A watch, and 90 days later the next rotation of the same user: resume must
// come to an end and not take keycare's own key for a stranger's.
func TestHostileWatchThenNextRotation(t *testing.T) {
	w := newWorld(t)
	lostOnce(w)
	for range 2 {
		if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
			t.Fatal(err)
		}
		w.iam.SetFault(nil)
		_ = w.clock.Wait(t.Context(), 90*day)
	}
	for i := range 3 {
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Errorf("resume %d: %v", i, err)
		}
	}
}

// A create lands late; nobody runs resume but the timer's "rotate --yes": it must
// clean up by the orphan rule (the design: every later run looks).
func TestHostileWatchByRotate(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	n := 0
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" {
			if n++; n <= maxSends {
				return awstest.Fault{Kind: awstest.FaultDropAfter}
			}
		}
		return awstest.Fault{}
	})
	w.iam.SetListDelay(time.Minute) // the list is late: nothing shows
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	t.Logf("first: %v; keys %v", err, w.iam.Keys(user))
	w.iam.SetFault(nil)
	_ = w.clock.Wait(t.Context(), 5*time.Minute)
	_, err = New(*w.options()).Rotate(t.Context(), "default")
	if err != nil {
		t.Errorf("the next rotate does not look after the watch: %v", err)
	}
}

// A watch of a rotation that another profile signed.
func TestHostileWatchAuthProfile(t *testing.T) {
	w := newWorld(t)
	w.iam.AddUser(awstest.User{Name: "admin"})
	admin := w.iam.AddKey("admin", w.clock.Now())
	w.iam.Deny(user, "iam:*")
	w.credentials += "\n[admin]\naws_access_key_id = " + admin.ID + "\naws_secret_access_key = " + admin.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	o.Auth.Profile = "admin"
	lostOnce(w)
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	_ = w.clock.Wait(t.Context(), watchFor+time.Hour)
	for i := range 2 {
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Errorf("resume %d: half %v: %v", i, isHalf(err), err)
		}
	}
}

// This machine's clock is a day ahead: the watch must not end at once.
func TestHostileWatchClockAhead(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	ahead := func() time.Time { return w.clock.Now().Add(24 * time.Hour) }
	o.Now = ahead
	var mu sync.Mutex
	first := true
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" && first {
			first = false
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	o2 := w.options()
	o2.Now = ahead
	if _, err := New(*o2).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if js, _ := o2.State.Journals(); len(js) == 0 {
		t.Errorf("the watch was given up a moment after the lost create: it may still land for 15 minutes, and nobody would name the key")
	}
}

// This machine's clock jumps a day ahead during a grace of a day: the old key
// is retired a moment after the switch.
func TestHostileGraceClockJumps(t *testing.T) {
	w := inGrace(t)
	o := w.options()
	o.Now = func() time.Time { return w.clock.Now().Add(25 * time.Hour) }
	_, err := New(*o).Resume(t.Context())
	if !w.owns(w.old.ID) {
		t.Errorf("the old key was deleted %s after the switch by AWS's clock (%v), its grace is 24h", time.Second, err)
	}
}

// One journaled profile is deleted by its owner after the crash: the rotation
// must still come to an end.
// All profiles of a rotation in grace are deleted by their owner.
// A person put a third key into the profile: there must be a way to close.
// The IAM user is deleted meanwhile: the journal must be closable.
// Delete is denied to the user and an administrator deletes the key by hand:
// resume must see that it is gone.
func TestHostileDeniedThenDeletedByHand(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "iam:DeleteAccessKey")
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); !isHalf(err) {
		t.Fatal(err)
	}
	w.iam.DeleteKey(w.old.ID)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Errorf("the old key is gone, and resume still says: %v", err)
	}
}

// The same with a rotation that is undone.
func TestHostileUndoDeniedThenDeletedByHand(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "iam:DeleteAccessKey")
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); !isHalf(err) {
		t.Fatal(err)
	}
	o := w.options()
	o.KeepBoth = true
	_, err := New(*o).Resume(t.Context())
	t.Logf("--keep-both: %v", err)
	w.iam.DeleteKey(w.fresh())
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Errorf("the new key is gone, and resume still says: %v", err)
	}
}

// A damaged journal of one user must not stop the rotation of another, and a
// resume that cannot read it has not "left nothing half done".
func TestHostileJournalDamaged(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	o := w.options()
	js, _ := o.State.Journals()
	if err := os.WriteFile(o.State.JournalPath(js[0].ID), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.iam.AddUser(awstest.User{Name: "bob"})
	k := w.iam.AddKey("bob", w.clock.Now())
	f := filepath.Join(w.dir, "bob")
	_ = os.WriteFile(f, []byte("[bob]\naws_access_key_id = "+k.ID+"\naws_secret_access_key = "+k.Secret+"\n"), 0o600)
	ob := w.options()
	ob.Paths.Credentials = f
	if _, err := New(*ob).Rotate(t.Context(), "bob"); err != nil {
		t.Errorf("bob's rotation: %v", err)
	}
	if _, err := New(*w.options()).Resume(t.Context()); err == nil || !isHalf(err) {
		t.Errorf("resume: exit 3 for what is half done: %v", err)
	}
}

// The recovery file is left without its journal: it is resumed too (design).
func TestHostileRecoveryWithoutJournal(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	o := w.options()
	js, _ := o.State.Journals()
	if err := os.Remove(o.State.JournalPath(js[0].ID)); err != nil {
		t.Fatal(err)
	}
	results, err := New(*w.options()).Resume(t.Context())
	if err == nil && len(results) == 0 {
		t.Errorf("nothing to resume, it says, and beside it lies a recovery file with the only copy of a live key's secret; keys %v", w.iam.Keys(user))
	}
}

// Another keycare holds the lock of the files: what resume could not take up is
// still half done (exit 4, not 3).
func TestHostileResumeLockedExit(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	o := w.options()
	js, _ := o.State.Journals()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	names, _ := New(*o).lockNames(o.Paths), error(nil)
	unlock, err := credfile.Lock(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	_ = js
	results, err := New(*o).Resume(ctx)
	if !isHalf(err) {
		t.Errorf("exit 3 although a rotation is half done: %+v, %v", results, err)
	}
}

// Put-backs are used up and the old key is deleted: a later resume, when the
// other program is quiet, must put the new pair back.
func TestHostilePutBacksUsedUpAfterDelete(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "DeleteAccessKey" {
			return awstest.Fault{After: func() { w.write(w.old.ID, w.old.Secret) }, Kind: awstest.FaultNone}
		}
		return awstest.Fault{}
	})
	// every write of ours is overwritten by an older copy, three times
	o := w.options()
	n := 0
	o.Say = func(format string, args ...any) {
		if strings.Contains(format, "put the old key back") {
			n++
		}
	}
	_, err := New(*o).Rotate(t.Context(), "default")
	t.Logf("plain: %v, %d put-backs", err, n)
	w.checkWorking()

	w = newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	o = w.options()
	js, _ := o.State.Journals()
	if err := o.State.Save(js[0]); err != nil {
		t.Fatal(err)
	}
	w.iam.DeleteKey(w.old.ID) // as a retirement whose reply was lost did
	w.write(w.old.ID, w.old.Secret)
	for range 2 {
		_, err = New(*w.options()).Resume(t.Context())
	}
	if err != nil {
		t.Errorf("the file holds a deleted key, the new pair is in the recovery file, and resume does not put it back: %v", err)
	}
}

// The reply to the deletion of the second key is lost: the error must say that
// it may be gone.
// Crash after the slot was freed: "undone" does not mention the deleted key.
func TestHostileFreeSlotCrash(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now().Add(-100*day))
	w.iam.SetKeyStatus(other.ID, awstest.Inactive)
	ctx, cancel := context.WithCancel(t.Context())
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "CreateAccessKey" {
			return awstest.Fault{Kind: awstest.FaultDropBefore, Before: cancel}
		}
		return awstest.Fault{}
	})
	_, _ = New(*w.options()).Rotate(ctx, "default")
	w.iam.SetFault(nil)
	results, err := New(*w.options()).Resume(t.Context())
	past, _ := w.options().State.History()
	if !w.owns(other.ID) && len(past) == 0 {
		t.Errorf("%+v, %v: all is as it was before, it says, and no history names the deleted key %s", results, err, other.ID)
	}
}

// A slow freeing of the slot, then a kill in the create, after its effect: the
// orphan's time window must still cover it.
func TestHostileKilledInCreateAfterSlowSlot(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now().Add(-100*day))
	w.iam.SetKeyStatus(other.ID, awstest.Inactive)
	o := w.options()
	killed, dir := filepath.Join(w.dir, "killed"), o.State.Dir
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		switch c.Action {
		case "DeleteAccessKey":
			return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() { _ = w.clock.Wait(t.Context(), 40*time.Second) }}
		case "CreateAccessKey":
			return awstest.Fault{Kind: awstest.FaultDeny, Effect: true, After: func() { // what is on disk now is what a kill leaves
				_ = os.CopyFS(killed, os.DirFS(dir))
			}}
		}
		return awstest.Fault{}
	})
	_, _ = New(*o).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	o = w.options()
	o.State.Dir = killed
	_ = w.clock.Wait(t.Context(), time.Minute)
	var err error
	for range 3 {
		if _, err = New(*o).Resume(t.Context()); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("keycare's own key is taken for a stranger's: %v", err)
	}
}

// What cannot be finished can be closed at a person's word, without deleting a
// key: a profile of the rotation was removed, or the user itself.
func TestKeepBothCloses(t *testing.T) {
	for _, stage := range hostileStages {
		for name, act := range map[string]func(*world){
			"profile removed": func(w *world) {
				w.credentials = strings.Split(w.credentials, "[twin]")[0]
				p := w.inDefault()
				w.write(p.ID, p.Secret.Reveal())
			},
			"user deleted": func(w *world) { w.iam.RemoveUser(user) },
		} {
			t.Run(stage.name+", "+name, func(t *testing.T) {
				w := newWorld(t)
				w.haltAt(w.options(), stage.action, stage.n, awstest.FaultDropBefore)
				act(w)
				if _, err := New(*w.options()).Resume(t.Context()); !isHalf(err) || strings.Contains(err.Error(), "--keep-both") == (stage.name == "created" && name == "profile removed") {
					t.Errorf("resume names what would be refused, or not what helps: %v", err)
				}
				before := len(w.iam.Secrets())
				o := w.options()
				o.KeepBoth = true
				results, err := New(*o).Resume(t.Context())
				if stage.name == "created" && name == "profile removed" {
					// The new key's only secret is in the recovery file; there is a way back.
					if !isHalf(err) || !strings.Contains(err.Error(), "still holds the old key") || !strings.Contains(err.Error(), "--undo") {
						t.Errorf("--keep-both before the switch: %+v, %v", results, err)
					}
					w.checkKept()
					o.KeepBoth, o.Undo = false, true
					if results, err := New(*o).Resume(t.Context()); err != nil || results[0].Outcome != Undone {
						t.Errorf("--undo: %+v, %v", results, err)
					}
					w.checkKeys(1)
					w.checkClosed()
					return
				}
				if err != nil || len(results) != 1 || results[0].Outcome != KeptBoth {
					t.Errorf("--keep-both: %+v, %v", results, err)
				}
				if name != "user deleted" {
					w.checkSecretsKept()
				}
				if len(w.iam.Secrets()) != before || slices.Contains(w.iam.Actions(), "DeleteAccessKey") && stage.action != "DeleteAccessKey" {
					t.Error("--keep-both made or deleted a key")
				}
				w.checkClosed()
			})
		}
	}
}

// inDefault is the pair of the default profile, whatever the rest holds.
func (w *world) inDefault() credfile.Pair {
	w.t.Helper()
	p, err := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "").PairAt(credfile.CredentialsFile, "default")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}
