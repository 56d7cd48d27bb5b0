package rotate

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// The journal of the world, which has one.
func (w *world) journal() *state.Journal {
	w.t.Helper()
	f := w.options().State
	f.Disk = diskfault.Unsynced{}
	js, err := f.Journals()
	if err != nil || len(js) != 1 {
		w.t.Fatalf("journals %v, %v", js, err)
	}
	return js[0]
}

// Of two keys that a lost request may have made, one is somebody else's: the end
// of the watch touches neither.
func TestWatchTouchesOneKeyAlone(t *testing.T) {
	w := lostReply(time.Minute)(t)
	w.iam.AddKey(user, w.clock.Now())
	w.passes(watchFor)
	if _, err := w.resumeWith(nil); err == nil || isHalf(err) {
		t.Errorf("the watch closes and names them: %v", err)
	}
	for _, k := range w.iam.Keys(user) {
		if k.Status != awstest.Active {
			t.Errorf("key %s is %s", k.ID, k.Status)
		}
	}
	w.checkClosed()
}

// The watch notes that it makes a key Inactive before it does, and leaves a key
// that somebody made Active again after that.
func TestWatchSwitchesOffOnce(t *testing.T) {
	w := lostReply(watchFor + time.Minute)(t)
	var noted atomic.Value
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "UpdateAccessKey" {
			return awstest.Fault{}
		}
		return awstest.Fault{Kind: awstest.FaultDropAfter, Before: func() { noted.Store(w.journal().Quieted) }}
	})
	ghost := w.fresh()
	if _, err := w.resumeWith(nil); !isHalf(err) || noted.Load() != ghost || w.status(ghost) != awstest.Inactive {
		t.Fatalf("%v; noted %v, the key is %s", err, noted.Load(), w.status(ghost))
	}
	w.iam.SetFault(nil)
	w.iam.SetKeyStatus(ghost, awstest.Active)
	if _, err := w.resumeWith(nil); err == nil || isHalf(err) || w.status(ghost) != awstest.Active {
		t.Errorf("%v; the key is %s", err, w.status(ghost))
	}
	w.checkClosed()
}

// keep-both closes nothing that a resume would put right, and nothing while a
// program is writing.
func TestKeepBothLooksTwice(t *testing.T) {
	w := halted(3)(t)
	old := w.text(w.config, w.old.ID, w.old.Secret)
	if err := os.WriteFile(w.paths.Config, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.choose(true, false); !isHalf(err) || !strings.Contains(err.Error(), "still has key "+w.old.ID) {
		t.Errorf("a file with the old key: %v", err)
	}
	w.finish()

	w = halted(3)(t)
	o := w.options()
	o.KeepBoth = true
	o.Wait = func(ctx context.Context, d time.Duration) error {
		if d == settleRename {
			w.write(w.old.ID, w.old.Secret)
		}
		return w.clock.Wait(ctx, d)
	}
	if results, err := New(*o).Resume(t.Context()); !isHalf(err) {
		t.Errorf("an old copy comes while it looks: %+v, %v", results, err)
	}
	w.finish()
}

// A list may be late, any one of them: a secret is kept until two lack its key. The
// old key was deleted by hand, and the files have neither.
func TestSecretIsKeptForTwoLists(t *testing.T) {
	for late := 0; ; late++ {
		w := halted(3)(t)
		w.iam.DeleteKey(w.old.ID)
		for _, path := range []string{w.paths.Credentials, w.paths.Config} {
			if err := os.WriteFile(path, []byte("[default]\nregion = us-east-1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var lists atomic.Int32
		w.iam.SetFault(func(c awstest.Call) awstest.Fault {
			if c.Action != "ListAccessKeys" {
				return awstest.Fault{}
			}
			if int(lists.Add(1))-1 != late {
				return awstest.Fault{}
			}
			return awstest.Fault{Before: func() { w.iam.SetListDelay(time.Hour) }, After: func() { w.iam.SetListDelay(0) }}
		})
		if results, err := w.choose(true, false); err != nil || results[0].Outcome != KeptBoth {
			t.Errorf("list %d: %+v, %v", late, results, err)
		}
		w.checkSecretsKept()
		w.iam.Close()
		if late >= int(lists.Load()) {
			if late < 1 {
				t.Error("no list was asked for")
			}
			return
		}
	}
}

// A run that stopped right after it decided to leave both keys has their secrets
// kept by the next one.
func TestKeepDecidedKeepsSecrets(t *testing.T) {
	w := newWorld(t)
	w.iam.Deny(user, "iam:DeleteAccessKey")
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); !isHalf(err) {
		t.Fatal(err)
	}
	j := w.journal()
	j.Direction = state.Keep
	if err := w.options().State.Save(j); err != nil {
		t.Fatal(err)
	}
	if results, err := w.resumeWith(nil); err != nil || results[0].Outcome != KeptBoth || len(results[0].Notes) == 0 {
		t.Errorf("%+v, %v", results, err)
	}
	w.checkSecretsKept()
	w.checkClosed()
}

// The way back overwrites the new pair in a file: the recovery file has it first.
func TestUndoKeepsTheNewSecret(t *testing.T) {
	w := inGrace(t)
	if err := os.WriteFile(w.paths.Credentials, []byte(w.text(w.credentials, w.old.ID, w.old.Secret)), 0o600); err != nil {
		t.Fatal(err)
	}
	if results, err := w.choose(false, true, "default"); err != nil || results[0].Outcome != Undone {
		t.Errorf("%+v, %v", results, err)
	}
	if p := w.inFiles(); p.ID != w.old.ID {
		t.Errorf("the files hold %s", p.ID)
	}
	w.checkSecretsKept()
}

// That the files may hold the new key is noted before the first of them does: then
// another machine may copy it.
func TestSwitchIsNotedFirst(t *testing.T) {
	w := newWorld(t)
	looked := 0
	w.disk = diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		if op.Name == "Replace" && (op.Path == w.paths.Credentials || op.Path == w.paths.Config) && slices.Contains(w.iam.Actions(), "CreateAccessKey") {
			if looked++; !w.journal().SwitchBegun {
				t.Error("the journal does not say that the switch has begun")
			}
		}
		return diskfault.Pass
	})
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil || looked != 2 {
		t.Errorf("%d files, %v", looked, err)
	}
}

// A key that IAM does not list as the user's is not rotated.
func TestKeyThatIsNotListed(t *testing.T) {
	w := newWorld(t)
	w.iam.SetListDelay(400 * day)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), "does not list key "+w.old.ID) {
		t.Error(err)
	}
	if slices.Contains(w.iam.Actions(), "CreateAccessKey") {
		t.Error("a key was made")
	}
	w.checkClosed()
}
