package rotate

import (
	"context"
	"errors"
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
	w.iam.SetTrailDelay(0)
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
		n := len(w.iam.Keys(user))
		// On a busy machine the time may be over before it is at the lock.
		for wait := 150 * time.Millisecond; wait < time.Minute; wait *= 8 {
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			err = do(ctx, w.options())
			if cancel(); errors.Is(err, credfile.ErrLocked) || !errors.Is(err, context.DeadlineExceeded) {
				break
			}
		}
		if !errors.Is(err, credfile.ErrLocked) || len(w.iam.Keys(user)) != n {
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
