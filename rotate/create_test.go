package rotate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// A create whose reply is lost, as a user's SDK is really set up: it is not sent
// again before the list was looked at.
func TestCreateIsNotRetried(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ENDPOINT_URL", w.iam.URL())
	lost := false
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" && !lost {
			lost = true
			return awstest.Fault{Kind: awstest.FaultInternal, Effect: true}
		}
		return awstest.Fault{}
	})
	o := w.options()
	o.Connect = client.Connect
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	var kept []string
	for _, a := range w.iam.Actions() {
		if a == "CreateAccessKey" || a == "ListAccessKeys" {
			kept = append(kept, a)
		}
	}
	for i := 1; i < len(kept); i++ {
		if kept[i] == "CreateAccessKey" && kept[i-1] == "CreateAccessKey" {
			t.Errorf("a create is sent twice without a look: %v", kept)
		}
	}
	w.checkKeys(1)
}

// Each sign that an unknown key is not ours keeps it.
func TestOrphanRule(t *testing.T) {
	for name, spoil := range map[string]func(w *world, ghost string){
		"": func(*world, string) {},
		"it stands in a file": func(w *world, ghost string) {
			w.config += "[profile ghost]\naws_access_key_id = " + ghost + "\naws_secret_access_key = " + w.iam.Secret(ghost) + "\n"
			w.write(w.old.ID, w.old.Secret)
		},
		"it was used":             func(w *world, ghost string) { w.iam.SetLastUsed(ghost, w.clock.Now(), "s3", "x") },
		"its last use is unknown": func(w *world, _ string) { w.iam.Deny(user, "iam:GetAccessKeyLastUsed") },
		"there are two": func(w *world, ghost string) {
			w.iam.AddKey(user, w.clock.Now())
		},
		"the old key does not answer at STS": func(w *world, _ string) {
			w.iam.SetFault(func(c awstest.Call) awstest.Fault {
				if c.Action == "GetCallerIdentity" {
					return awstest.Fault{Kind: awstest.FaultDeny}
				}
				return awstest.Fault{}
			})
		},
		"a file cannot be read": func(w *world, _ string) {
			_ = os.Remove(w.paths.Config)
			_ = os.Mkdir(w.paths.Config, 0o700)
		},
		"it was made later": func(w *world, ghost string) {
			w.iam.DeleteKey(ghost)
			w.iam.AddKey(user, w.clock.Now().Add(createTimeout+clockSlack+3*time.Second))
		},
		"it was made before": func(w *world, ghost string) {
			w.iam.DeleteKey(ghost)
			w.iam.AddKey(user, w.clock.Now().Add(-10*time.Second))
		},
	} {
		w := newWorld(t)
		w.haltAt(w.options(), "CreateAccessKey", 1, awstest.FaultDropAfter)
		spoil(w, w.fresh())
		before := len(w.iam.Keys(user))
		_, err := New(*w.options()).Resume(t.Context())
		after := len(w.iam.Keys(user))
		if name == "" && (after != 1 || err != nil) || name != "" && after != before {
			t.Errorf("%q: %d keys became %d (%v)", name, before, after, err)
		}
	}
}

// A second create is noted before it is sent: what a kill in it leaves is known.
func TestKilledInSecondCreate(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	killed := filepath.Join(w.dir, "killed")
	var mu sync.Mutex
	n := 0
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" {
			switch n++; n {
			case 1:
				return awstest.Fault{Kind: awstest.FaultDropBefore, Before: func() { _ = w.clock.Wait(t.Context(), 50*time.Second) }}
			case 2: // what is on disk now is what a kill leaves
				return awstest.Fault{Kind: awstest.FaultDropAfter, Before: func() { _ = w.clock.Wait(t.Context(), 10*time.Second) },
					After: func() { _ = os.CopyFS(killed, os.DirFS(o.State.Dir)) }}
			}
			return awstest.Fault{Kind: awstest.FaultDeny}
		}
		if n >= 2 {
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	_, _ = New(*o).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	again := w.options()
	again.State.Dir = killed
	if _, err := New(*again).Resume(t.Context()); err != nil || len(w.iam.Keys(user)) != 1 {
		t.Errorf("%v; keys %v", err, w.iam.Keys(user))
	}
}

// A request that was taken for lost lands after the rotation: the watch finds
// and deletes its key, and lasts as long as a request may land.
func TestWatch(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	lost := false
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" && !lost {
			lost = true
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	sent := w.clock.Now()
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	_ = w.clock.Wait(t.Context(), 14*time.Minute)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if js, err := w.options().State.Journals(); err != nil || len(js) != 1 {
		t.Errorf("no watch 14 minutes after the send: %v, %v", js, err)
	}
	late := w.iam.AddKey(user, sent)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Error(err)
	}
	if w.owns(late.ID) {
		t.Error("the key that landed late is left")
	}
	w.finish()
}

// The new pair is in the recovery file before anything is done with it.
func TestKeptBeforeProof(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	made := false
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if made {
			return awstest.Fault{Before: w.checkKept}
		}
		made = c.Action == "CreateAccessKey"
		return awstest.Fault{}
	})
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
}

// Who holds a lock keeps rotate and resume away.
func TestLocksAreTaken(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	locked := func(name string, do func(context.Context, *Options) error) {
		t.Helper()
		unlock, err := credfile.Lock(t.Context(), name)
		must(err)
		defer unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		n := len(w.iam.Keys(user))
		if err := do(ctx, w.options()); !errors.Is(err, credfile.ErrLocked) || len(w.iam.Keys(user)) != n {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
	rot := func(ctx context.Context, o *Options) error { _, err := New(*o).Rotate(ctx, "default"); return err }
	res := func(ctx context.Context, o *Options) error { _, err := New(*o).Resume(ctx); return err }
	must(o.State.Init())
	u := w.iam.Users("")[0]
	for _, name := range []string{credfile.LockName(w.paths.Credentials), credfile.LockName(w.paths.Config), o.State.UserLock(u.Account, u.ID)} {
		locked(name, rot)
	}
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	for _, name := range []string{credfile.LockName(w.paths.Credentials), o.State.UserLock(u.Account, u.ID)} {
		locked(name, res)
	}
	w.finish()
}
