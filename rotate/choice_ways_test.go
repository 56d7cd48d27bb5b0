package rotate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// way is what "resume" does at a person's word, or because its time has come, in
// a world where that is due. A later run of the same, and then of a plain resume,
// has to end it.
type way struct {
	name  string
	world func(t testing.TB) *world
	act   func(w *world, o *Options) ([]Result, error)
	goes  func(w *world) string // the key that may be deleted; nil where none may
	lost  func(w *world) string // the key whose secret nobody has
	ends  func(w *world)        // once it has ended
}

func asked(keep, undo bool, profiles ...string) func(w *world, o *Options) ([]Result, error) {
	return func(w *world, o *Options) ([]Result, error) {
		o.KeepBoth, o.Undo = keep, undo
		return New(*o).Resume(w.t.Context(), profiles...)
	}
}

func halted(n int) func(t testing.TB) *world {
	return func(t testing.TB) *world {
		w := newWorld(t)
		w.haltAt(w.options(), "GetCallerIdentity", n, awstest.FaultDropBefore)
		w.iam.SetFault(nil)
		return w
	}
}

// lostReply has a key whose secret was lost with the reply; CloudTrail may not be
// asked.
func lostReply(after time.Duration) func(t testing.TB) *world {
	return func(t testing.TB) *world {
		w := newWorld(t)
		w.iam.Deny(user, "cloudtrail:LookupEvents")
		w.lose(1, awstest.FaultDropAfter)
		if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil || isHalf(err) {
			t.Fatal(err)
		}
		w.iam.SetFault(nil)
		w.passes(after)
		return w
	}
}

func backAtOld(newKeyIs string) func(w *world) {
	return func(w *world) {
		w.t.Helper()
		if p := w.inFiles(); p.ID != w.old.ID || w.status(w.fresh()) != newKeyIs {
			w.t.Errorf("the files hold %s, the new key is %s, want %s", p.ID, w.status(w.fresh()), newKeyIs)
		}
		w.checkWorking()
	}
}

func bothKept(w *world) {
	w.t.Helper()
	w.checkKeys(2)
	if len(w.iam.Keys(user)) != 2 {
		w.t.Errorf("keys %v", w.iam.Keys(user))
	}
	w.checkClosed()
}

func typed(w *world, o *Options) ([]Result, error) {
	o.DeleteKey = w.start[1]
	return New(*o).Resume(w.t.Context())
}

// forget sets aside what is there, damaged before.
func forget(w *world, o *Options) ([]Result, error) {
	left, _ := filepath.Glob(filepath.Join(o.State.Dir, "rotations", "*.*"))
	if len(left) == 0 {
		return nil, nil
	}
	id, _, _ := strings.Cut(filepath.Base(left[0]), ".")
	_, err := New(*o).Forget(w.t.Context(), id)
	return nil, err
}

func damaged(t testing.TB, w *world) *world {
	js, err := w.options().State.Journals()
	if err != nil || len(js) != 1 {
		t.Fatal(js, err)
	}
	if err := os.WriteFile(w.options().State.JournalPath(js[0].ID), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func second(w *world) string { return w.start[1] }

var ways = []way{
	{name: "undo before the switch", world: halted(2), act: asked(false, true), goes: second,
		ends: func(w *world) { w.checkKeys(1); backAtOld("gone")(w); w.checkClosed() }},
	{name: "undo after the switch", world: halted(3), act: asked(false, true), ends: backAtOld(awstest.Inactive)},
	{name: "undo in a grace, an old copy back", world: func(t testing.TB) *world {
		w := inGrace(t)
		w.write(w.old.ID, w.old.Secret)
		return w
	}, act: asked(false, true, "default"), lost: second, ends: backAtOld(awstest.Inactive)},
	{name: "undo, the command half way", world: notTaken(0), act: asked(false, true), ends: func(w *world) { backAtOld(awstest.Inactive)(w); w.checkTaken() }},
	{name: "undo in a grace, old copies back", world: func(t testing.TB) *world {
		w := copiesInGrace(t)
		w.write(w.old.ID, w.old.Secret)
		return w
	}, act: asked(false, true, "default"), lost: second,
		ends: func(w *world) { backAtOld(awstest.Inactive)(w); w.checkTaken() }},
	{name: "keep both in a grace, with copies", world: copiesInGrace, act: asked(true, false, "default"),
		lost: func(w *world) string { return w.old.ID }, ends: func(w *world) { bothKept(w); w.checkWorking(); w.checkTaken() }},
	{name: "keep both, the deletion denied", world: func(t testing.TB) *world {
		w := newWorld(t)
		w.iam.Deny(user, "iam:DeleteAccessKey")
		if _, err := New(*w.options()).Rotate(t.Context(), "default"); !isHalf(err) {
			t.Fatal(err)
		}
		return w
	}, act: asked(true, false), ends: func(w *world) { bothKept(w); w.checkWorking() }},
	{name: "keep both in a grace", world: func(t testing.TB) *world { return inGrace(t) }, act: asked(true, false, "default"),
		lost: func(w *world) string { return w.old.ID }, ends: func(w *world) { bothKept(w); w.checkWorking() }},
	{name: "keep both, the key lines gone", world: func(t testing.TB) *world {
		w := halted(3)(t)
		for _, path := range []string{w.paths.Credentials, w.paths.Config} {
			if err := os.WriteFile(path, []byte("[default]\nregion = us-east-1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}, act: asked(true, false), ends: bothKept},
	{name: "keep both before the switch", world: halted(2), act: asked(true, false), goes: func(w *world) string { return w.old.ID },
		ends: func(w *world) { w.checkWorking(); w.checkKeys(1); w.checkClosed() }},
	{name: "delete-key in the watch", world: lostReply(time.Minute), act: typed, goes: second, lost: second,
		ends: func(w *world) { w.checkWorking(); w.checkKeys(1); w.checkClosed() }},
	{name: "delete-key after the watch", world: func(t testing.TB) *world {
		w := lostReply(watchFor + time.Minute)(t)
		if _, err := New(*w.options()).Resume(t.Context()); err == nil || isHalf(err) {
			t.Fatal(err)
		}
		return w
	}, act: typed, goes: second, lost: second, ends: func(w *world) { w.checkWorking(); w.checkKeys(1); w.checkClosed() }},
	{name: "the watch closes", world: lostReply(watchFor + time.Minute), act: asked(false, false), lost: second,
		ends: func(w *world) {
			past, err := w.options().State.History()
			if is := strings.ToLower(w.status(w.start[1])); err != nil || past[len(past)-1].OrphanNow != is {
				w.t.Errorf("the key is %s, and the history says %+v, %v", is, past, err)
			}
			w.checkWorking()
			w.checkClosed()
		}},
	{name: "the watch closes, somebody uses the key", world: func(t testing.TB) *world {
		w := lostReply(watchFor + time.Minute)(t)
		w.iam.SetLastUsed(w.fresh(), w.clock.Now().Add(-20*time.Minute), "s3", "eu-west-1")
		return w
	}, act: asked(false, false), lost: second,
		ends: func(w *world) {
			if s := w.status(w.start[1]); s != awstest.Active {
				w.t.Errorf("the key that somebody uses is %s", s)
			}
			w.checkWorking()
			w.checkClosed()
		}},
	{name: "forget", world: func(t testing.TB) *world {
		w := newWorld(t)
		w.haltAt(w.options(), "CreateAccessKey", 1, awstest.FaultDropBefore)
		return damaged(t, w)
	}, act: forget, ends: func(w *world) { w.checkWorking(); w.checkKeys(1); w.checkClosed() }},
	{name: "forget, a secret that only keycare has", world: func(t testing.TB) *world { return damaged(t, halted(2)(t)) },
		act: forget, ends: backAtOld(awstest.Active)},
}
