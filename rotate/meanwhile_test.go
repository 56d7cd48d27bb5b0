package rotate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// graceOver is a world in which a grace period has ended.
func graceOver(t *testing.T) *world {
	w := inGrace(t)
	w.passes(26 * time.Hour)
	return w
}

// haltedAt makes a world in which a rotation stopped at the n-th call of an action.
func haltedAt(action string, n int, kind awstest.FaultKind) func(t *testing.T) *world {
	return func(t *testing.T) *world {
		w := newWorld(t)
		w.haltAt(w.options(), action, n, kind)
		return w
	}
}

// Somebody deletes the old key between two runs: in its grace, or where a run ended
// right after it had asked for its deactivation. IAM denies everyone the question
// when that key was used, which must not bar the end.
func TestOldKeyDeletedMeanwhile(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T) *world{
		"grace":    graceOver,
		"off-sent": haltedAt("UpdateAccessKey", 1, awstest.FaultDropAfter),
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.iam.DeleteKey(w.old.ID)
			if err := w.resume(w.options(), Rotated); err != nil {
				t.Error(err)
			}
			w.checkWorking()
			w.checkClosed()
			w.checkKeys(1)
		})
	}
}

// A list that is late once, and a denial for want of a permission, are no proof
// that the old key is gone.
func TestOldKeyNotDeletedMeanwhile(t *testing.T) {
	w := graceOver(t)
	w.iam.Deny(user, "iam:GetAccessKeyLastUsed")
	if err := w.resume(w.options(), Unfinished); err == nil {
		t.Error("retired without knowing of its use")
	}
	if !w.owns(w.old.ID) || w.status(w.old.ID) != awstest.Active {
		t.Error("the old key is not active any more")
	}
}

// A rotation stopped half way, and was then finished where the environment names
// other files, which hold the old key: the home folder was copied, or
// AWS_SHARED_CREDENTIALS_FILE was set. The old key stays until they have the new one.
func TestResumeWithOtherFiles(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T) *world{
		"grace":    graceOver,
		"created":  haltedAt("GetCallerIdentity", 2, awstest.FaultDropBefore),
		"switched": haltedAt("GetCallerIdentity", 3, awstest.FaultDropBefore),
		"off":      haltedAt("DeleteAccessKey", 1, awstest.FaultDropBefore),
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			o := w.options()
			o.Paths.Credentials, o.Paths.Config = filepath.Join(w.dir, "moved", "credentials"), filepath.Join(w.dir, "moved", "config")
			text := func(id, secret string) {
				err := os.MkdirAll(filepath.Dir(o.Paths.Credentials), 0o700)
				err = errors.Join(err, os.WriteFile(o.Paths.Credentials, []byte("[a]\naws_access_key_id = "+id+"\naws_secret_access_key = "+secret+"\n"), 0o600))
				if err != nil {
					t.Fatal(err)
				}
			}
			text(w.old.ID, w.old.Secret)
			err := w.resume(o, Unfinished)
			if err == nil || !strings.Contains(err.Error(), o.Paths.Credentials+":2 has it") {
				t.Errorf("got %v", err)
			}
			if !w.owns(w.old.ID) {
				t.Fatal("the old key is deleted")
			}
			p := w.inFiles()
			text(p.ID, p.Secret.Reveal())
			if err := w.resume(o, Rotated); err != nil {
				t.Error(err)
			}
			w.checkWorking()
			w.checkKeys(1)
		})
	}
}

// A person gives a profile another key before the new one is in any file. To go
// back means then that the new key goes, and no file is changed; where no profile
// has the old key any more, its secret stays.
func TestUndoThirdKeyBeforeSwitch(t *testing.T) {
	for _, left := range []bool{true, false} {
		w := newWorld(t)
		w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore)
		other := w.iam.AddKey(w.iam.AddUser(awstest.User{Name: "bob"}).Name, w.clock.Now())
		text := "[default]\naws_access_key_id = " + other.ID + "\naws_secret_access_key = " + other.Secret + "\n"
		if left {
			text += "[kept]\naws_access_key_id = " + w.old.ID + "\naws_secret_access_key = " + w.old.Secret + "\n"
		}
		if err := errors.Join(os.WriteFile(w.paths.Credentials, []byte(text), 0o600), os.WriteFile(w.paths.Config, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		_, err := w.choose(false, false)
		if says := textOf(err); !strings.Contains(says, `third key now; someone changed it: profile "default" in `) || left && !strings.Contains(says, "resume --undo") {
			t.Errorf("resume says: %v", says)
		}
		_, err = w.choose(false, true)
		if got := w.read(w.paths.Credentials); got != text {
			t.Errorf("the file holds %q", got)
		}
		if !left {
			if err == nil || !w.secretThere(w.old.Secret) {
				t.Errorf("got %v; the secret is kept: %v", err, w.secretThere(w.old.Secret))
			}
			continue
		}
		if err != nil {
			t.Error(err)
		}
		w.checkKeys(1)
		if w.status(w.old.ID) != awstest.Active {
			t.Error("the old key is not active")
		}
		if open, err := w.options().State.Journals(); err != nil || len(open) > 0 {
			t.Errorf("left open: %v, %v", open, err)
		}
	}
}

// Somebody deletes the new key, or makes it inactive, after it was decided that the
// old one goes, and the old one works: a person may go back to it, and is told so.
// Where the old one is inactive already, the administrator's command is told first.
func TestUndoRetireNewKeyTaken(t *testing.T) {
	for name, take := range map[string]func(w *world){
		"deleted":  func(w *world) { w.iam.DeleteKey(w.inFiles().ID) },
		"inactive": func(w *world) { w.iam.SetKeyStatus(w.inFiles().ID, awstest.Inactive) },
	} {
		for action, off := range map[string]bool{"UpdateAccessKey": false, "DeleteAccessKey": true} {
			t.Run(name+" before "+action, func(t *testing.T) {
				w := newWorld(t)
				w.haltAt(w.options(), action, 1, awstest.FaultDropBefore)
				if _, err := w.choose(false, true); w.status(w.old.ID) == "gone" || err == nil || !strings.Contains(err.Error(), "--undo is refused: the old key is being retired already") {
					t.Errorf("with a new key that works: %v", err)
				}
				take(w)
				_, err := w.choose(false, false)
				says := textOf(err)
				if off {
					if !strings.Contains(says, "--access-key-id "+w.old.ID+" --status Active") || strings.Contains(says, "--undo") {
						t.Errorf("resume says: %s", says)
					}
					if _, err := w.choose(false, true); err == nil || !strings.Contains(err.Error(), "AWS accepts neither the new key nor the old one") {
						t.Errorf("undo with two dead keys: %v", err)
					}
					w.checkSecretsKept()
					w.iam.SetKeyStatus(w.old.ID, awstest.Active)
					_, err = w.choose(false, false)
					says = textOf(err)
				}
				if !strings.Contains(says, "keycare resume --undo default") {
					t.Errorf("resume says: %s", says)
				}
				if _, err := w.choose(true, false); err == nil || !strings.Contains(err.Error(), "--keep-both is refused") || strings.Contains(says, flagKeepBoth) {
					t.Errorf("the profiles would be left with a dead key: %v, after %s", err, says)
				}
				if _, err := w.choose(false, true); err != nil {
					t.Error(err)
				}
				if p := w.inFiles(); p.ID != w.old.ID {
					t.Errorf("the files hold %s", p.ID)
				}
				w.checkWorking()
				w.checkSecretsKept()
				if s := w.status(w.old.ID); s != awstest.Active {
					t.Errorf("the old key is %s", s)
				}
			})
		}
	}
}
