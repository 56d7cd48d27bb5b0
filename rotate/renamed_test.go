package rotate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

var hostileStages = []struct {
	name, action string
	n            int
}{{"created", "GetCallerIdentity", 2}, {"switched", "GetCallerIdentity", 3}, {"retiring", "DeleteAccessKey", 1}}

func isHalf(err error) bool { var h *HalfDone; return errors.As(err, &h) }

// A rotation of file A stopped half way; "rotate" is asked for file B (another
// AWS_SHARED_CREDENTIALS_FILE), which holds the same old key. It must not report
// B as rotated and leave B with a deleted key.
func TestHostileFinishFirstOtherFile(t *testing.T) {
	w := newWorld(t)
	w.haltAt(w.options(), "GetCallerIdentity", 3, awstest.FaultDropBefore)
	b := filepath.Join(w.dir, "aws", "credentials-b")
	text := "[default]\naws_access_key_id = " + w.old.ID + "\naws_secret_access_key = " + w.old.Secret + "\n"
	if err := os.WriteFile(b, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.Paths.Credentials, o.Paths.Config = b, filepath.Join(w.dir, "none")
	results, err := New(*o).Rotate(t.Context(), "default")
	set := credfile.NewSet(o.Paths, w.read(b), "")
	p, perr := set.PairAt(credfile.CredentialsFile, "default")
	if perr != nil {
		t.Fatal(perr)
	}
	if _, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok {
		t.Errorf("rotate said %+v, %v; the file it was asked about holds a dead key %s", results, err, p.ID)
	}
}

// The user is renamed while a rotation is being undone: the new key must be
// deleted, not forgotten.
func TestHostileUndoRenamed(t *testing.T) {
	w := newWorld(t)
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore) // undo is decided
	w.iam.RenameUser(user, "alicia")
	w.iam.SetVisible(nil)
	_, err := New(*w.options()).Resume(t.Context())
	if keys := w.iam.Keys("alicia"); len(keys) != 1 && !isHalf(err) {
		t.Errorf("undone (%v), and the new key is left, active: %v", err, keys)
	}
}

// The user is renamed and STS is out of reach at the moment of the retirement.
func TestHostileRetireRenamedSTSLost(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	renamed := false
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "DeleteAccessKey" && !renamed {
			renamed = true
			w.iam.RenameUser(user, "alicia")
		} else if renamed && c.Action == "GetCallerIdentity" {
			renamed = true
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	if keys := w.iam.Keys("alicia"); len(keys) != 1 && !isHalf(err) {
		t.Errorf("%+v, %v: and the old key is left, active: %v", results, err, keys)
	}
}

// A create whose reply was lost; the user is renamed before the resume.
func TestHostileOrphanRenamed(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "CreateAccessKey" {
			return awstest.Fault{Kind: awstest.FaultDropAfter, After: cancel}
		}
		return awstest.Fault{}
	})
	_, _ = New(*w.options()).Rotate(ctx, "default")
	w.iam.SetFault(nil)
	w.iam.RenameUser(user, "alicia")
	_, _ = New(*w.options()).Resume(t.Context())
	w.passes(trailDelay)
	for range 3 {
		if _, err := New(*w.options()).Resume(t.Context()); err == nil {
			break
		}
	}
	if keys := w.iam.Keys("alicia"); len(keys) != 1 {
		_, err := New(*w.options()).Resume(t.Context())
		t.Errorf("resume never ends: %v; keys %v", err, keys)
	}
}

// The profile in Places[0] is removed while a create is watched.
func TestHostileWatchProfileRemoved(t *testing.T) {
	w := newWorld(t)
	lostOnce(w)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.iam.SetFault(nil)
	text := w.read(w.paths.Credentials)
	i := strings.Index(text, "[other]")
	if err := os.WriteFile(w.paths.Credentials, []byte(text[i:]), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = w.clock.Wait(t.Context(), watchFor+time.Hour)
	for i := range 3 {
		if _, err := New(*w.options()).Resume(t.Context()); err != nil {
			t.Errorf("resume %d, long after the watch: half %v: %v", i, isHalf(err), err)
		}
	}
}

// lostOnce loses the first create without effect.
func lostOnce(w *world) {
	lost := false
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == "CreateAccessKey" && !lost {
			lost = true
			return awstest.Fault{Kind: awstest.FaultDropBefore}
		}
		return awstest.Fault{}
	})
}
