package rotate

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// haltAt rotates the default profile and stops it half way at the n-th call
// (from 1) of action, which has no effect; nor has any call after it.
func (w *world) haltAt(o *Options, action string, n int, kind awstest.FaultKind) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == action && ctx.Err() == nil {
			if n--; n == 0 {
				cancel()
				return awstest.Fault{Kind: kind}
			}
		}
		if ctx.Err() != nil {
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	_, err := New(*o).Rotate(ctx, "default")
	w.iam.SetFault(nil)
	var half *HalfDone
	if !errors.As(err, &half) {
		w.t.Fatalf("not stopped half way: %v", err)
	}
}

func (w *world) owns(id string) bool {
	return slices.ContainsFunc(w.iam.Keys(user), func(k awstest.KeyInfo) bool { return k.ID == id })
}

func (w *world) fresh() string {
	for _, k := range w.iam.Keys(user) {
		if k.ID != w.old.ID {
			return k.ID
		}
	}
	return ""
}

// guardDeletes fails the test if a key is deleted at AWS that a file still
// holds, or the old one while no recovery file with both pairs is there, readable
// by others, or before STS was asked about the new one since the last change of
// the files. more decides about faults.
func (w *world) guardDeletes(more func(awstest.Call) awstest.Fault) {
	var mu sync.Mutex
	proved := ""
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		f := awstest.Fault{}
		if more != nil {
			f = more(c)
		}
		if c.Action == "GetCallerIdentity" {
			mu.Lock()
			proved = w.read(w.paths.Credentials)
			mu.Unlock()
		}
		if c.Action != "DeleteAccessKey" {
			return f
		}
		before := f.Before
		f.Before = func() {
			if before != nil {
				before()
			}
			id := c.Form.Get("AccessKeyId")
			for _, path := range []string{w.paths.Credentials, w.paths.Config} {
				if strings.Contains(w.read(path), id) {
					w.t.Errorf("key %s is deleted while %s holds it", id, path)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if id == w.old.ID {
				if proved != w.read(w.paths.Credentials) {
					w.t.Error("the old key is retired, and what the file holds was not proved since it was written")
				}
				w.checkKept()
			}
		}
		return f
	})
}

// checkKept fails unless the recovery file has both pairs and nobody else may
// read it.
func (w *world) checkKept() {
	s := w.options().State
	js, err := s.Journals()
	if err != nil || len(js) != 1 {
		w.t.Errorf("journals %v, %v", js, err)
		return
	}
	old, fresh, ok, err := s.Recovery(js[0].ID)
	if !ok || err != nil || old.ID != w.old.ID || fresh.ID == "" {
		w.t.Errorf("the recovery file is there: %v, and has %q and %q (%v)", ok, old.ID, fresh.ID, err)
	}
	for name, want := range map[string]os.FileMode{s.RecoveryPath(js[0].ID): 0o600, s.JournalPath(js[0].ID): 0o600, s.RotationsDir(): 0o700} {
		if fi, err := os.Stat(name); err == nil && runtime.GOOS != "windows" && fi.Mode().Perm() != want {
			w.t.Errorf("%s has mode %v", name, fi.Mode())
		}
	}
}

// An older copy of the files comes back at every moment around the retirement:
// the old key is never deleted while a file holds it, or before the pair from
// the file was proved again.
func TestOldCopyAroundRetire(t *testing.T) {
	restore := func(w *world) func() { return func() { w.write(w.old.ID, w.old.Secret) } }
	for name, c := range map[string]struct {
		fault func(w *world, c awstest.Call, n int) awstest.Fault
		want  Outcome
	}{
		"after the proof": {func(w *world, c awstest.Call, n int) awstest.Fault {
			if c.Action == "GetCallerIdentity" && n == 3 {
				return awstest.Fault{After: restore(w)}
			}
			return awstest.Fault{}
		}, Rotated},
		"after the deactivation": {func(w *world, c awstest.Call, n int) awstest.Fault {
			if c.Action == "UpdateAccessKey" && n == 1 {
				return awstest.Fault{After: restore(w)}
			}
			return awstest.Fault{}
		}, InGrace},
		"after a delete that failed": {func(w *world, c awstest.Call, n int) awstest.Fault {
			if c.Action == "DeleteAccessKey" && n == 1 {
				return awstest.Fault{Kind: awstest.FaultInternal, After: restore(w)}
			}
			return awstest.Fault{}
		}, InGrace},
		"after the delete": {func(w *world, c awstest.Call, n int) awstest.Fault {
			if c.Action == "DeleteAccessKey" && n == 1 {
				return awstest.Fault{After: restore(w)}
			}
			return awstest.Fault{}
		}, Rotated},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var mu sync.Mutex
			count := map[string]int{}
			w.guardDeletes(func(call awstest.Call) awstest.Fault {
				mu.Lock()
				defer mu.Unlock()
				count[call.Action]++
				return c.fault(w, call, count[call.Action])
			})
			results, err := New(*w.options()).Rotate(t.Context(), "default")
			if err != nil || results[0].Outcome != c.want {
				t.Errorf("%+v, %v, want %q", results, err, c.want)
			}
			w.iam.SetFault(nil)
			mu.Lock()
			proofs := count["GetCallerIdentity"]
			mu.Unlock()
			if got := w.iam.Actions(); name == "after the proof" && proofs != 4 {
				t.Errorf("the pair that was put back was not proved: %v", got)
			}
			w.checkWorking()
			if c.want == InGrace {
				if k := w.iam.Keys(user); len(k) != 2 || k[0].Status != awstest.Active || !strings.Contains(w.said.String(), "made the old key "+w.old.ID+" active again") {
					t.Errorf("keys %v, said %s", k, w.said.String())
				}
				_ = w.clock.Wait(t.Context(), 2*time.Hour)
				if err := w.resume(w.options(), Rotated); err != nil {
					t.Error(err)
				}
			}
			w.checkWorking()
			w.checkKeys(1)
			w.checkClosed()
		})
	}
}

// A profile with the old key is added before the resume: it gets the new key
// before the old one is deleted.
func TestOldCopyAroundAdded(t *testing.T) {
	for action, n := range map[string]int{"GetCallerIdentity": 3, "DeleteAccessKey": 1} {
		w := newWorld(t)
		w.haltAt(w.options(), action, n, awstest.FaultDropBefore)
		b := w.read(w.paths.Credentials) + "\n[added]\naws_access_key_id = " + w.old.ID + "\naws_secret_access_key = " + w.old.Secret + "\n"
		if err := os.WriteFile(w.paths.Credentials, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		w.guardDeletes(nil)
		if action == "DeleteAccessKey" {
			w.offEarlier()
		} else if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Error(err)
		}
		w.iam.SetFault(nil)
		if w.owns(w.old.ID) || strings.Contains(w.read(w.paths.Credentials), w.old.ID) {
			t.Error("the old key is left")
		}
	}
}

// The retirement is signed by another profile and the new key was disabled
// meanwhile: the old key must stay.
func TestRetireNeedsProofWithAuthProfile(t *testing.T) {
	w := newWorld(t)
	w.iam.AddUser(awstest.User{Name: "admin"})
	admin := w.iam.AddKey("admin", w.clock.Now())
	w.credentials += "\n[admin]\naws_access_key_id = " + admin.ID + "\naws_secret_access_key = " + admin.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	o.Auth.Profile = "admin"
	w.haltAt(o, "DeleteAccessKey", 1, awstest.FaultDropBefore)
	w.iam.SetKeyStatus(w.fresh(), awstest.Inactive)
	if _, err := New(*w.options()).Resume(t.Context()); err == nil || !w.owns(w.old.ID) {
		t.Errorf("the old key was retired although the new one does not work: %v", err)
	}
	// Known at STS, but not at IAM yet.
	w = newWorld(t)
	w.iam.AddUser(awstest.User{Name: "admin"})
	admin = w.iam.AddKey("admin", w.clock.Now())
	w.credentials += "\n[admin]\naws_access_key_id = " + admin.ID + "\naws_secret_access_key = " + admin.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	o = w.options()
	o.Auth.Profile = "admin"
	w.haltAt(o, "DeleteAccessKey", 1, awstest.FaultDropBefore)
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI || v.Service == "sts" })
	if _, err := New(*w.options()).Resume(t.Context()); err == nil || !w.owns(w.old.ID) {
		t.Errorf("the old key was retired although IAM does not know the new one: %v", err)
	}
}
