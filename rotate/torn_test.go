package rotate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// What the files hold is not known while a section, or a file, is absent or
// empty: no key is deleted because of it.
func TestTornFileDeletesNothing(t *testing.T) {
	for name, tear := range map[string]func(w *world){
		"empty":     func(w *world) { _ = os.WriteFile(w.paths.Credentials, nil, 0o600) },
		"gone":      func(w *world) { _ = os.Remove(w.paths.Credentials) },
		"a folder":  func(w *world) { _ = os.Remove(w.paths.Credentials); _ = os.Mkdir(w.paths.Credentials, 0o700) },
		"cut short": func(w *world) { _ = os.WriteFile(w.paths.Credentials, []byte("# mine\r\n[default]\r\naws_acc"), 0o600) },
	} {
		for _, undo := range []bool{false, true} {
			w := newWorld(t)
			if undo {
				w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
			}
			w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
			w.iam.SetVisible(nil)
			tear(w)
			_, err := New(*w.options()).Resume(t.Context())
			var half *HalfDone
			if !errors.As(err, &half) || len(w.iam.Keys(user)) != 2 {
				t.Errorf("%s, undo %v: %v; keys %v", name, undo, err, w.iam.Keys(user))
			}
		}
	}
}

// The file changes between the look and the SDK's reading: what is read back is
// held against the new pair once more.
func TestTornBetweenLookAndReadBack(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	reads := 0
	w.disk = diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		if op.Name == "ReadFile" && strings.HasSuffix(op.String(), w.paths.Config) {
			if reads++; reads == 2 { // the second of two equal looks; the credentials file was read
				text := w.text(w.credentials, w.old.ID, w.old.Secret)
				if err := os.WriteFile(w.paths.Credentials, []byte(text), 0o600); err != nil {
					t.Error(err)
				}
			}
		}
		return diskfault.Pass
	})
	w.guardDeletes(nil)
	w.offEarlier()
	w.iam.SetFault(nil)
	if reads < 3 {
		t.Errorf("%d reads of the config file", reads)
	}
	w.checkWorking()
	w.checkKeys(1)
}

// Neither key answers: nothing is decided, and when the new one does at last and
// the old one is dead, it is switched to.
func TestTornNoKeyAnswers(t *testing.T) {
	w := newWorld(t)
	var made atomic.Bool
	w.iam.SetVisible(func(v awstest.View) bool { return !made.Load() })
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		return awstest.Fault{After: func() {
			if c.Action == "CreateAccessKey" {
				made.Store(true)
			}
		}}
	})
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	var half *HalfDone
	if !errors.As(err, &half) {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	w.iam.SetVisible(nil)
	w.iam.DeleteKey(w.old.ID)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Error(err)
	}
	w.checkWorking()
}

// A program that puts the old key back for ever: it ends, with both keys there.
func TestTornByEndlessWriter(t *testing.T) {
	w := newWorld(t)
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "DeleteAccessKey" {
			return awstest.Fault{Kind: awstest.FaultInternal, After: func() { w.write(w.old.ID, w.old.Secret) }}
		}
		return awstest.Fault{}
	})
	o := w.options()
	o.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := New(*o).Rotate(ctx, "default")
	w.iam.SetFault(nil)
	if ctx.Err() != nil || err != nil { // the first time ends in a grace
		t.Errorf("error %v", err)
	}
	w.checkEvery()
	if js, _ := o.State.Journals(); len(js) != 1 || js[0].Direction != state.Grace {
		t.Errorf("journals %+v", js)
	}
	if len(w.iam.Keys(user)) != 2 {
		t.Errorf("keys %v", w.iam.Keys(user))
	}
}

// A kill before the second key was deleted: it was there before, so it is
// nobody's orphan, and the rotation is undone.
func TestKilledInFreeSlot(t *testing.T) {
	w := newWorld(t)
	other := w.iam.AddKey(user, w.clock.Now().Add(-100*day))
	w.iam.SetKeyStatus(other.ID, awstest.Inactive)
	o := w.options()
	killed := filepath.Join(w.dir, "killed")
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "DeleteAccessKey" {
			return awstest.Fault{Kind: awstest.FaultDropBefore, Before: func() { _ = os.CopyFS(killed, os.DirFS(o.State.Dir)) }}
		}
		return awstest.Fault{}
	})
	_, _ = New(*o).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	again := w.options()
	again.State.Dir = killed
	if _, err := New(*again).Resume(t.Context()); err != nil || !w.owns(other.ID) {
		t.Errorf("%v; second key there: %v", err, w.owns(other.ID))
	}
	w.checkWorking()
}

// Resume works on the files of the journal, whatever the environment names now.
func TestKilledInThenOtherPaths(t *testing.T) {
	for _, n := range []int{2, 3} {
		w := newWorld(t)
		w.haltAt(w.options(), "GetCallerIdentity", n, awstest.FaultDropBefore)
		o := w.options()
		o.Paths = credfile.Paths{Credentials: filepath.Join(w.dir, "elsewhere"), Config: filepath.Join(w.dir, "elsewhere-config")}
		if _, err := New(*o).Resume(t.Context()); err != nil {
			t.Error(err)
		}
		w.checkWorking()
		w.checkKeys(1)
		w.checkClosed()
	}
}

// A tool that writes one setting at a time left a mixture of both pairs: it is
// replaced by the new pair.
func TestKilledInThenMixture(t *testing.T) {
	for _, n := range []int{2, 3} {
		for _, newID := range []bool{false, true} {
			w := newWorld(t)
			w.haltAt(w.options(), "GetCallerIdentity", n, awstest.FaultDropBefore)
			fresh := w.fresh()
			if newID {
				w.write(fresh, w.old.Secret)
			} else {
				w.write(w.old.ID, w.iam.Secret(fresh))
			}
			if _, err := New(*w.options()).Resume(t.Context()); err != nil {
				t.Error(err)
			}
			w.checkWorking()
			w.checkKeys(1)
		}
	}
}

// A person put a third key into a place: it is left alone, and said.
func TestKilledInThenThirdKey(t *testing.T) {
	for action, n := range map[string]int{"GetCallerIdentity": 2, "DeleteAccessKey": 1} {
		w := newWorld(t)
		w.haltAt(w.options(), action, n, awstest.FaultDropBefore)
		w.write("AKIAQAAAAAAAQAAAAAAB", strings.Repeat("z", 40))
		_, err := New(*w.options()).Resume(t.Context())
		var half *HalfDone
		if !errors.As(err, &half) || !strings.Contains(err.Error(), "third key") || len(w.iam.Keys(user)) != 2 {
			t.Errorf("%v; keys %v", err, w.iam.Keys(user))
		}
		if p := w.inFiles(); p.ID != "AKIAQAAAAAAAQAAAAAAB" {
			t.Errorf("the person's key became %s", p.ID)
		}
	}
}

// journalRead tells when a journal was read.
type journalRead struct {
	disk.FS
	path string
	told func()
}

func (r journalRead) ReadOwn(path string, most int64) ([]byte, error) {
	b, err := r.FS.ReadOwn(path, most)
	if path == r.path {
		r.told()
	}
	return b, err
}

// Another keycare ended the rotation while this one waited for the lock.
func TestLocksAreTakenThenEnded(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	s := w.options().State
	js, err := s.Journals()
	if err != nil || len(js) != 1 {
		t.Fatal(js, err)
	}
	unlock, err := credfile.Lock(t.Context(), credfile.LockName(w.paths.Credentials))
	if err != nil {
		t.Fatal(err)
	}
	type ended struct {
		results []Result
		err     error
	}
	done, known := make(chan ended), make(chan struct{})
	w.disk = journalRead{w.disk, s.JournalPath(js[0].ID), sync.OnceFunc(func() { close(known) })}
	waiting := New(*w.options())
	go func() {
		results, err := waiting.Resume(t.Context())
		done <- ended{results, err}
	}()
	<-known
	w.iam.DeleteKey(w.fresh())
	if err := errors.Join(s.DropRecovery(js[0].ID), s.Remove(js[0].ID)); err != nil {
		t.Fatal(err)
	}
	unlock()
	if e := <-done; e.err != nil || len(e.results) > 0 {
		t.Errorf("%+v, %v: it took an ended rotation up", e.results, e.err)
	}
}

// Another user's key deactivates the old key: it is named with its user.
func TestRetireNeedsUserName(t *testing.T) {
	w := newWorld(t)
	w.iam.AddUser(awstest.User{Name: "admin"})
	admin := w.iam.AddKey("admin", w.clock.Now())
	w.iam.Deny(user, "iam:*")
	w.credentials += "\n[admin]\naws_access_key_id = " + admin.ID + "\naws_secret_access_key = " + admin.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	o.Auth.Profile, o.Retire = "admin", state.Deactivate
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.iam.Calls() {
		if c.Action == "UpdateAccessKey" && c.Form.Get("UserName") != user {
			t.Errorf("deactivated a key of user %q", c.Form.Get("UserName"))
		}
	}
}
