package rotate

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// secretThere reports whether a secret stands in any file of the home.
func (w *world) secretThere(secret string) bool {
	found := false
	_ = filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			found = found || strings.Contains(w.read(path), secret)
		}
		return nil
	})
	return found
}

// checkSecretsKept fails unless the secret of every key that the user has stands
// somewhere in the home.
func (w *world) checkSecretsKept() {
	w.t.Helper()
	for _, k := range w.iam.Keys(user) {
		if !w.secretThere(w.iam.Secret(k.ID)) {
			w.t.Errorf("nobody has the secret of key %s, which is %s, any more", k.ID, k.Status)
		}
	}
}

func (w *world) choose(keep, undo bool, profiles ...string) ([]Result, error) {
	o := w.options()
	o.KeepBoth, o.Undo = keep, undo
	return New(*o).Resume(w.t.Context(), profiles...)
}

// keep-both is tried at every stage: what it says of the keys is what the files
// hold, and no secret of a key that IAM has is lost.
func TestKeepBothSaysWhatIs(t *testing.T) {
	for _, stage := range hostileStages {
		for name, act := range map[string]func(w *world){
			"as it is":        func(*world) {},
			"old copy":        func(w *world) { w.write(w.old.ID, w.old.Secret) },
			"profile renamed": func(w *world) { w.rename("default", "work") },
			"file emptied": func(w *world) {
				_ = os.WriteFile(w.paths.Credentials, nil, 0o600)
				_ = os.WriteFile(w.paths.Config, nil, 0o600)
			},
			"file moved": func(w *world) { _ = os.Remove(w.paths.Credentials); _ = os.Remove(w.paths.Config) },
			"key lines gone": func(w *world) {
				_ = os.WriteFile(w.paths.Credentials, []byte("[default]\nregion = us-east-1\n"), 0o600)
				_ = os.WriteFile(w.paths.Config, nil, 0o600)
			},
			"user gone": func(w *world) { w.iam.RemoveUser(user) },
		} {
			w := newWorld(t)
			w.haltAt(w.options(), stage.action, stage.n, awstest.FaultDropBefore)
			fresh := w.fresh()
			act(w)
			results, err := w.choose(true, false)
			for _, id := range []string{fresh, w.old.ID} {
				if id != "" && !w.secretThere(w.iam.Secret(id)) {
					t.Errorf("%s, %s: the secret of key %s is gone", stage.name, name, id)
				}
			}
			if err != nil {
				if !isHalf(err) || !strings.Contains(err.Error(), "still holds the old key") || strings.Contains(w.files(), fresh) && fresh != "" || !strings.Contains(w.files(), w.old.ID) {
					t.Errorf("%s, %s: %v", stage.name, name, err)
				}
				if _, err := w.choose(false, true); err != nil && !strings.Contains(err.Error(), "being retired") { // the way that it names
					t.Errorf("%s, %s: --undo: %v", stage.name, name, err)
				}
				continue
			}
			if len(results) != 1 || results[0].Outcome != KeptBoth {
				t.Fatalf("%s, %s: %+v", stage.name, name, results)
			}
			for _, id := range []string{fresh, w.old.ID} {
				if id != "" && strings.Contains(w.files(), id) == strings.Contains(results[0].Why, "no profile has "+map[bool]string{true: "the old key", false: "the new key"}[id == w.old.ID]+" "+id) {
					t.Errorf("%s, %s: it says %q, and the files are\n%s", stage.name, name, results[0].Why, w.files())
				}
			}
			if name == "user gone" {
				w.checkClosed()
				continue
			}
			if s := strings.ToLower(w.status(w.old.ID)); !strings.Contains(results[0].Why, s) {
				t.Errorf("%s, %s: the old key is %s: %q", stage.name, name, s, results[0].Why)
			}
			w.checkClosed()
		}
	}
}

func (w *world) files() string {
	var all string
	for _, path := range []string{w.paths.Credentials, w.paths.Config} {
		if b, err := os.ReadFile(path); err == nil {
			all += string(b)
		}
	}
	return all
}

func (w *world) rename(from, to string) {
	b := strings.Replace(w.read(w.paths.Credentials), "["+from+"]", "["+to+"]", 1)
	if err := os.WriteFile(w.paths.Credentials, []byte(b), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// A profile that was renamed is found by its key ID, and the rotation goes on
// there, at every stage and at the end of a grace.
func TestRenamedProfile(t *testing.T) {
	for _, stage := range hostileStages {
		w := newWorld(t)
		w.haltAt(w.options(), stage.action, stage.n, awstest.FaultDropBefore)
		w.rename("default", "work")
		results, err := New(*w.options()).Resume(t.Context(), "work")
		if err != nil || results[0].Outcome != Rotated || results[0].Profile != "work" {
			t.Errorf("%s: %+v, %v", stage.name, results, err)
		}
		w.credentials = strings.Replace(w.credentials, "[default]", "[work]", 1)
		p, err := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "").PairAt(credfile.CredentialsFile, "work")
		if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); err != nil || !ok || p.ID == w.old.ID {
			t.Errorf("%s: profile work holds %s (%v)", stage.name, p.ID, err)
		}
		w.checkKeys(1)
		w.checkClosed()
	}
	w := inGrace(t)
	w.rename("default", "work")
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	if err := w.resume(w.options(), Rotated); err != nil {
		t.Error(err)
	}
	w.checkKeys(1)
}

// resume takes profiles, and a grace that goes on is closed only where it is
// named.
func TestResumeNamed(t *testing.T) {
	w := inGrace(t)
	if results, err := w.choose(true, false); err != nil || len(results) != 0 || !strings.Contains(w.said.String(), "keycare resume --keep-both default") {
		t.Errorf("%+v, %v; said %s", results, err, w.said.String())
	}
	if results, err := w.choose(true, false, "other"); err == nil || len(results) != 0 {
		t.Errorf("%+v, %v", results, err)
	}
	if results, err := w.choose(true, false, "twin"); err != nil || len(results) != 1 || results[0].Outcome != KeptBoth {
		t.Errorf("%+v, %v", results, err)
	}
	if w.status(w.old.ID) != awstest.Active {
		t.Error("the old key is", w.status(w.old.ID))
	}
	w.checkWorking()
	w.checkClosed()
}

// undo goes back to the old key before the switch, after it and in a grace in
// which an old copy came back; not once the old key is being retired.
func TestUndoAsked(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
	if results, err := w.choose(false, true); err != nil || results[0].Outcome != Undone {
		t.Fatalf("before the switch: %+v, %v", results, err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()

	w = newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 3, awstest.FaultDropBefore)
	fresh := w.fresh()
	if results, err := w.choose(false, true, "default"); err != nil || results[0].Outcome != Undone || len(results[0].Notes) != 1 {
		t.Fatalf("after the switch: %+v, %v", results, err)
	}
	if p := w.inFiles(); p.ID != w.old.ID || w.status(fresh) != awstest.Inactive {
		t.Errorf("the files hold %s, the new key is %s", p.ID, w.status(fresh))
	}
	w.checkWorking()
	w.checkSecretsKept()
	if _, err := New(*w.options()).Resume(t.Context()); err != nil || w.status(fresh) != awstest.Inactive {
		t.Errorf("a later run: %v; the new key is %s", err, w.status(fresh))
	}
	w.checkSecretsKept()
	w.iam.DeleteKey(fresh)
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Error(err)
	}
	w.checkClosed()

	w = newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 3, awstest.FaultDropBefore)
	o := w.options()
	o.Undo, o.Yes = true, false
	o.AskLine = func(string) (string, error) { return w.fresh(), nil }
	if results, err := New(*o).Resume(t.Context()); err != nil || results[0].Outcome != Undone {
		t.Errorf("with the ID typed: %+v, %v", results, err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()

	w = newWorld(t)
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	if results, err := w.choose(false, true); !isHalf(err) {
		t.Errorf("while it is retired: %+v, %v", results, err)
	}
	w.checkWorking()
}

// A grace in which an old copy of the files came back has a way out, named where
// resume cannot go on.
func TestUndoAskedInGrace(t *testing.T) {
	w := inGrace(t)
	fresh := w.inFiles().ID
	w.write(w.old.ID, w.old.Secret)
	_ = w.clock.Wait(t.Context(), 25*time.Hour)
	if err := w.resume(w.options(), Unfinished); err == nil || !strings.Contains(err.Error(), "keycare resume --undo default") {
		t.Errorf("the way out is not named: %v", err)
	}
	if results, err := w.choose(false, true); err != nil || results[0].Outcome != Undone {
		t.Errorf("%+v, %v", results, err)
	}
	if p := w.inFiles(); p.ID != w.old.ID || w.status(fresh) != awstest.Inactive {
		t.Errorf("the files hold %s, the new key is %s", p.ID, w.status(fresh))
	}
	w.checkWorking()
	w.checkClosed()
	// An old key that an administrator switched off is no way back.
	w = inGrace(t)
	w.write(w.old.ID, w.old.Secret)
	w.iam.SetKeyStatus(w.old.ID, awstest.Inactive)
	if results, err := w.choose(false, true, "default"); !isHalf(err) {
		t.Errorf("%+v, %v", results, err)
	}
	if js, _ := w.options().State.Journals(); len(js) != 1 || js[0].Direction != state.Grace {
		t.Errorf("journals %+v", js)
	}
}

// Every call of an undo that a person asked for goes wrong once, in every way:
// every place holds a working key at any time, and no secret is lost.
func TestUndoAskedEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	points := 0
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for _, stage := range hostileStages[:2] {
			for n := 0; ; n++ {
				w := newWorld(t)
				w.haltAt(w.options(), stage.action, stage.n, awstest.FaultDropBefore)
				met := w.faultOn(n, fault(w))
				_, err := w.choose(false, true)
				if !met() {
					w.iam.Close()
					break
				}
				points++
				w.checkHalf()
				w.checkSecretsKept()
				for range 3 {
					if _, err = w.choose(false, true); err == nil {
						break
					}
				}
				if p := w.inFiles(); err != nil || p.ID != w.old.ID {
					t.Fatalf("%s, %s at call %d: %v; the files hold %s", stage.name, way, n, err, p.ID)
				}
				w.checkWorking()
				w.checkSecretsKept()
				w.iam.Close()
			}
		}
	})
	t.Logf("%d faults", points)
	if least := 90; points < least && testrun.IsLong() || points < least/2 {
		t.Errorf("only %d faults", points)
	}
}
