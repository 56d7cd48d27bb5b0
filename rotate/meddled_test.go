package rotate

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/diskfault"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

func TestHostileFinishFirstGrace(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Grace = 24 * time.Hour
	w.haltAt(o, "GetCallerIdentity", 3, awstest.FaultDropBefore)
	o = w.options()
	o.Grace = 24 * time.Hour
	results, err := New(*o).Rotate(t.Context(), "default")
	if err != nil || results[0].Outcome != InGrace {
		t.Errorf("the switch was finished, and rotate says: %+v, %v", results, err)
	}
}

func TestHostileUndoNewKeyElsewhere(t *testing.T) {
	w := newWorld(t)
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	w.iam.SetVisible(nil)
	id := w.fresh()
	w.config += "[profile copy]\naws_access_key_id = " + id + "\naws_secret_access_key = " + w.iam.Secret(id) + "\n"
	w.write(w.old.ID, w.old.Secret)
	_, err := New(*w.options()).Resume(t.Context())
	set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), w.read(w.paths.Config))
	p, perr := set.PairAt(credfile.ConfigFile, "copy")
	if perr != nil {
		t.Fatal(perr)
	}
	if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok {
		t.Errorf("profile copy holds key %s, which was deleted (%v)", p.ID, err)
	}
}

func TestHostileRecoveryDamaged(t *testing.T) {
	for _, s := range hostileStages {
		for name, damage := range map[string]func(string) error{
			"removed": os.Remove,
			"empty":   func(p string) error { return os.Truncate(p, 0) },
			"cut":     func(p string) error { return os.Truncate(p, 512+20) },
			"rubbish": func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("\x00", 1024)), 0o600) },
		} {
			w := newWorld(t)
			o := w.options()
			w.haltAt(o, s.action, s.n, awstest.FaultDropBefore)
			js, _ := o.State.Journals()
			if err := damage(o.State.RecoveryPath(js[0].ID)); err != nil {
				t.Fatal(err)
			}
			var err error
			for range 2 {
				if _, err = New(*w.options()).Resume(t.Context()); err == nil {
					break
				}
			}
			w.checkWorking()
			if err != nil || len(w.iam.Keys(user)) != 1 {
				t.Errorf("%s, %s: %v; keys %v", s.name, name, err, w.iam.Keys(user))
			}
		}
	}
}

func TestHostileBackupRestored(t *testing.T) {
	for _, s := range hostileStages {
		w := newWorld(t)
		w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore)
		w.write(w.old.ID, w.old.Secret)
		// An earlier run had made the old key Inactive: this one may not take it back.
		if _, err := New(*w.options()).Resume(t.Context()); err != nil && !(s.name == "retiring" && isHalf(err)) {
			t.Errorf("%s: %v", s.name, err)
		}
		if p := w.inFiles(); p.ID == w.old.ID {
			t.Errorf("%s: the old key is left in the files", s.name)
		}
		w.finish()
	}
}

func TestHostileStateGone(t *testing.T) {
	for _, s := range hostileStages {
		w := newWorld(t)
		w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore)
		if err := os.RemoveAll(w.options().State.Dir); err != nil {
			t.Fatal(err)
		}
		w.checkEvery()
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		p, _ := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "").PairAt(credfile.CredentialsFile, "default")
		other := w.fresh()
		if p.ID == other {
			other = w.old.ID
		}
		if err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("%s: %v does not name %s", s.name, err, other)
		}
		w.checkEvery()
	}
}

func TestHostileOldKeyAddedMidway(t *testing.T) {
	for _, s := range hostileStages {
		w := newWorld(t)
		w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore)
		b := w.read(w.paths.Credentials) + "\n[added]\naws_access_key_id = " + w.old.ID + "\naws_secret_access_key = " + w.old.Secret + "\n"
		if err := os.WriteFile(w.paths.Credentials, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := New(*w.options()).Resume(t.Context())
		p, _ := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "").PairAt(credfile.CredentialsFile, "added")
		if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok || err != nil && !(s.name == "retiring" && isHalf(err)) {
			t.Errorf("%s: profile added holds dead key %s: %v", s.name, p.ID, err)
		}
	}
}

func TestHostileNewKeyDisabled(t *testing.T) {
	for _, s := range hostileStages {
		w := newWorld(t)
		w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore)
		w.iam.SetKeyStatus(w.fresh(), awstest.Inactive)
		_, err := New(*w.options()).Resume(t.Context())
		t.Logf("%s: %v", s.name, err)
		if !w.owns(w.old.ID) {
			t.Errorf("%s: the only working key was retired", s.name)
		}
		if s.name == "retiring" && !isHalf(err) {
			t.Errorf("exit code: %v", err)
		}
	}
}

func TestHostileTwoKeysOneUser(t *testing.T) {
	w := newWorld(t)
	second := w.iam.AddKey(user, w.clock.Now())
	w.credentials += "\n[laptop]\naws_access_key_id = " + second.ID + "\naws_secret_access_key = " + second.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	results, err := New(*w.options()).Rotate(t.Context(), "default", "laptop")
	if err == nil || isHalf(err) || len(w.iam.Keys(user)) != 2 {
		t.Errorf("%+v, %v", results, err)
	}
	w.checkEvery()
}

func TestHostileTwoStates(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range 2 {
		wg.Go(func() {
			o := w.options()
			var mu sync.Mutex
			o.Say = func(string, ...any) { mu.Lock(); defer mu.Unlock() }
			o.State.Dir = filepath.Join(w.dir, "state"+string(rune('0'+i)))
			_, errs[i] = New(*o).Rotate(t.Context(), "default")
		})
	}
	wg.Wait()
	if errs[0] != nil || errs[1] != nil {
		t.Errorf("%v", errs)
	}
	w.checkWorking()
	w.checkKeys(1)
}

func TestHostileLinkBOM(t *testing.T) {
	for _, s := range hostileStages {
		w := newWorld(t)
		w.credentials = strings.ReplaceAll(strings.ReplaceAll(w.credentials, "\r\n", "\n"), "\n", "\r\n")
		w.write(w.old.ID, w.old.Secret)
		if _, err := New(*w.options()).Plan(t.Context(), "default"); err != nil {
			t.Skipf("refused beforehand: %v", err)
		}
		w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore)
		real := filepath.Join(w.dir, "real")
		if err := os.Rename(w.paths.Credentials, real); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, w.paths.Credentials); err != nil {
			t.Fatal(err)
		}
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		w.checkWorking()
		w.checkKeys(1)
	}
}

func TestHostileKeepBothDropsOnlyWorkingKey(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	w.iam.DeleteKey(w.fresh())
	o := w.options()
	o.KeepBoth = true
	js, _ := o.State.Journals()
	results, err := New(*o).Resume(t.Context())
	_ = js
	if err != nil || !w.secretThere(w.old.Secret) {
		t.Errorf("%+v, %v: the files hold a dead key, and the old one's secret is gone", results, err)
	}
}

// The program stops between the decision for a grace and the removal of the
// recovery file; the new key is then deleted.
func TestHostileGraceForgetsOnlyWorkingKey(t *testing.T) {
	kept := func(w *world) (id string, ok bool) {
		o := w.options()
		o.State.Disk = diskfault.Unsynced{}
		js, _ := o.State.Journals()
		if len(js) != 1 || js[0].Direction != state.Grace {
			return "", false
		}
		_, _, ok, _ = o.State.Recovery(js[0].ID)
		return js[0].ID, ok
	}
	rotate := func(_ *world, o *Options) error {
		o.Grace = 24 * time.Hour
		_, err := New(*o).Rotate(t.Context(), "default")
		return err
	}
	var points []int
	w := newWorld(t)
	w.disk = diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		if _, ok := kept(w); ok {
			points = append(points, op.N-1)
		}
		return diskfault.Pass
	})
	if err := rotate(w, w.options()); err != nil || len(points) == 0 {
		t.Fatalf("%v; between decision and removal there are operations %v", err, points)
	}
	for _, n := range points {
		w := newWorld(t)
		_, op, _ := w.underFault(n, diskfault.CrashAfter, diskfault.NoLoss, rotate)
		if _, ok := kept(w); !ok {
			t.Fatalf("%s: the recovery file is gone", op)
		}
		w.iam.DeleteKey(w.fresh())
		results, err := New(*w.options()).Resume(t.Context())
		if _, ok := kept(w); !ok {
			t.Errorf("%s: %+v, %v: the files hold a dead key, the old one works, and its secret was removed", op, results, err)
		}
	}
}

func TestHostileRelativePath(t *testing.T) {
	w := newWorld(t)
	w.paths = credfile.Paths{Credentials: "credentials", Config: "config"}
	t.Chdir(filepath.Join(w.dir, "aws"))
	first := filepath.Join(w.dir, "aws", "credentials")
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	other := filepath.Join(w.dir, "backup")
	if err := os.CopyFS(other, os.DirFS(filepath.Join(w.dir, "aws"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(other)
	results, err := New(*w.options()).Resume(t.Context())
	p, perr := credfile.NewSet(w.paths, w.read(first), "").PairAt(credfile.CredentialsFile, "default")
	if perr != nil {
		t.Fatal(perr)
	}
	if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok {
		t.Errorf("%+v, %v: the file of the rotation holds the deleted key %s", results, err, p.ID)
	}
}

func TestHostileOldCopyDuringLastProof(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	var mu sync.Mutex
	n := 0
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch c.Action {
		case "GetCallerIdentity":
			if n++; n == 1 {
				return awstest.Fault{After: func() { w.write(w.old.ID, w.old.Secret) }}
			}
		case "DeleteAccessKey":
			return awstest.Fault{Before: func() {
				if strings.Contains(w.read(w.paths.Credentials), w.old.ID) {
					t.Error("the old key is deleted while the file holds it")
				}
			}}
		}
		return awstest.Fault{}
	})
	w.offEarlier()
}
